/**
 * The shapes that the API sends, as JSDoc types. They follow schemas/metrics.py, schemas/cases.py and schemas/alerts.py.
 *
 * @typedef {"nps" | "top_box" | "mean" | "share" | "index" | "seconds" | "money"} MetricKind
 *   `share`: percent that is not of scores; `index`: points of 0 to 100; `seconds`: a length of time
 *
 * @typedef {object} MetricSpec
 * @property {string} name
 * @property {MetricKind} kind
 * @property {number} minimum   lowest score that can be given
 * @property {number} maximum   highest score that can be given
 * @property {boolean} higherIsBetter
 * @property {string} [title]       what it is, in words; of the metrics of answers their names say it
 * @property {string} [topic]       what it is about: `scores`, `loop` (how the loop itself does), `customers`
 * @property {string} [currency]    ISO 4217, of `money`
 *
 * @typedef {object} Config
 * @property {"wall" | "event"} clock
 * @property {string} zone                          where a calendar day of the history begins
 * @property {number} minimumN
 * @property {string[]} windows                     rolling windows, shortest first
 * @property {Record<string, string[]>} cuts        the dimensions of each cut
 * @property {MetricSpec[]} metrics                 those of answers
 * @property {MetricSpec[]} figures                 what else the loop reckons, without `outcome`
 * @property {Record<string, string>} people        key to name
 * @property {Record<string, string>} rootCauses    code to words
 * @property {string} actingAs                      the person whose API key this page sends, or empty
 *
 * @typedef {object} Metric
 * @property {string} metric
 * @property {string} window                        a rolling window, or `day`
 * @property {string} cut
 * @property {Record<string, string>} key           dimension to value
 * @property {number | null} value                  points, percent, or scale points
 * @property {number | null} low                    95 % interval
 * @property {number | null} high
 * @property {number} n
 * @property {Record<string, number>} counts        score or outcome to how often
 * @property {boolean} too_few
 * @property {string} as_of
 * @property {number} version
 * @property {string | null} [day]
 * @property {string} [scale]                       empty for the metric's own scale
 * @property {Record<string, number>} [quantiles]   of lengths of time: `p50`, `p90`
 *
 * @typedef {object} Alert
 * @property {string} id
 * @property {string} rule
 * @property {string} reason
 * @property {string} severity
 * @property {string} event_source
 * @property {string} event_id
 * @property {string} event_time
 * @property {string} detected_at
 * @property {"customer" | "metric"} [subject]
 * @property {boolean} [recovered]                  what an earlier alert told is over
 * @property {string | null} metric
 * @property {number | null} score                  null where there is no answer
 * @property {number | null} scale_min
 * @property {number | null} scale_max
 * @property {boolean} higher_is_better
 * @property {string | null} [touchpoint]
 * @property {string | null} [channel]
 * @property {string | null} [language]
 * @property {string | null} [comment]
 * @property {boolean} contact_requested
 * @property {Record<string, string | number | boolean>} attributes
 *
 * @typedef {object} CaseEvent
 * @property {number | null} version                null where somebody was told, and nothing changed
 * @property {string} action
 * @property {string | null} from_state
 * @property {string} to_state
 * @property {string} at
 * @property {string} actor
 * @property {string} [actor_name]
 * @property {string} via
 * @property {Record<string, any>} detail
 *
 * @typedef {object} Case
 * @property {number} id
 * @property {number} version
 * @property {"customer" | "metric"} [subject]
 * @property {string} customer_id                   of a metric its series, such as `nps 7d region=SP`
 * @property {boolean} [page]                       false: nobody is to be disturbed
 * @property {string | null} [recovered_at]         of a metric: since when it is back to normal
 * @property {string | null} [recovery_reason]      what the rule said then
 * @property {string} programme
 * @property {string} state
 * @property {"critical" | "high" | "normal"} severity
 * @property {string} receiver
 * @property {string | null} owner
 * @property {string | null} [owner_name]
 * @property {string} opened_at
 * @property {string} updated_at
 * @property {string | null} acknowledged_at
 * @property {string | null} contacted_at
 * @property {string | null} closed_at
 * @property {string | null} snoozed_until
 * @property {string | null} lease_until
 * @property {string | null} acknowledge_by
 * @property {string | null} contact_by
 * @property {string | null} resolve_by
 * @property {string | null} root_cause
 * @property {string | null} resolution_note
 * @property {number} answer_count
 * @property {Alert} latest_alert
 * @property {string | null} touchpoint
 * @property {Record<string, string | number | boolean>} attributes
 * @property {string[]} [actions]                   what a person can do now, if the server says so
 * @property {CaseSilence | null} [silence]         the silence that its alert fits now
 * @property {CaseEvent[]} [events]                 only in the answer for one case
 * @property {Alert[]} [alerts]                     only in the answer for one case
 *
 * @typedef {object} Account                        the books of one topic
 * @property {number} received
 * @property {number} counted
 * @property {number} duplicates
 * @property {number} late
 * @property {Record<string, number>} dead_letters  reason to how many
 *
 * @typedef {object} Totals
 * @property {Account} touchpoints
 * @property {Account} responses
 * @property {Record<string, number>} alerts        rule to how many
 * @property {Record<string, number>} cases         state to how many
 *
 * @typedef {object} DeadLetter                     without its content: that may be personal
 * @property {string} id
 * @property {string} topic
 * @property {number} partition
 * @property {number} offset
 * @property {string} reason
 * @property {string} field
 * @property {string} problem
 * @property {string} at
 * @property {string | null} replayed_at
 *
 * @typedef {string | number | boolean} Value
 * @typedef {Value | Value[] | {at_least?: number, at_most?: number, not?: Value | Value[], matches?: string}} Condition
 * @typedef {Record<string, Condition>} Matchers     field of the alert, or `attributes.NAME`, to what it has to be
 *
 * @typedef {object} CaseSilence
 * @property {number} id
 * @property {string} ends_at
 * @property {string} reason
 * @property {string} created_by_name
 * @property {boolean} holds                        messages of this case wait for its end
 *
 * @typedef {object} Silence
 * @property {number} id
 * @property {"to_come" | "holds" | "over"} state
 * @property {Matchers} matchers
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string} reason
 * @property {number} cases_held
 * @property {string} created_at
 * @property {string} created_by_name
 * @property {string} created_via
 * @property {string | null} created_key
 * @property {string | null} ended_by_name          who ended it before its time
 *
 * @typedef {object} Reach                          what matchers fit
 * @property {number} open_cases
 * @property {number} of_open_cases
 * @property {number} alerts                        of the last `days`
 * @property {number} of_alerts
 * @property {number} days
 * @property {boolean} complete                     false: only the newest alerts were looked at
 */

export {};
