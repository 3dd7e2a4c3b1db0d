/** What the feed and the drawer say about a case in the same words: severity, score, owner, state, and what is due. */

import { h } from "../dom.js";
import { deadline, exact, metricName, moment, sentence, span } from "../format.js";
import { icon } from "../icons.js";
import { known } from "../store.js";

/**
 * @typedef {import("../types.js").Case} Case
 * @typedef {import("../types.js").Alert} Alert
 */

const CLOSED = new Set(["resolved", "dismissed"]);

/** @param {Case} item */
export const isClosed = (item) => CLOSED.has(item.state);

/** @param {Case} item */
export function severity(item) {
  return h("span", { class: "severity", "data-severity": item.severity }, icon(item.severity), sentence(item.severity));
}

/** Whether a case is about a metric: then it has no customer. @param {Case} item */
export const isMetric = (item) => item.subject === "metric";

/** The customer, or the series with its metric as people write it. @param {Case} item */
export function subjectName(item) {
  if (!isMetric(item)) return item.customer_id;
  const [metric, ...rest] = item.customer_id.split(" ");
  return [metric === "outcome" ? "Failed touchpoints" : metricName(metric), ...rest].join(" ");
}

/** The score of an answer; where there is none, what stands in its place. @param {Alert} alert */
export function score(alert) {
  if (alert.score === null || alert.score === undefined || alert.scale_min == null || alert.scale_max == null) return matter(alert);
  const steps = alert.scale_max - alert.scale_min || 1;
  const fromBad = alert.higher_is_better ? alert.score - alert.scale_min : alert.scale_max - alert.score;
  const share = fromBad / steps;
  return h(
    "span",
    { class: "score", "data-tone": share > 0.85 ? "good" : share > 0.65 ? "middle" : "bad", title: `${metricName(alert.metric ?? "score")}, scale ${alert.scale_min} to ${alert.scale_max}` },
    String(alert.score),
    h("small", { text: `/ ${alert.scale_max} ${metricName(alert.metric ?? "score")}` }),
  );
}

/** @param {Alert} alert */
function matter(alert) {
  if (alert.subject === "metric")
    return alert.recovered
      ? h("span", { class: "score", "data-tone": "good", text: "Back to normal" })
      : h("span", { class: "score", "data-tone": "bad", text: "Metric" });
  return h("span", { class: "score", "data-tone": "middle", title: "Touchpoints failed, and the customer has said nothing", text: "Silent" });
}

/** Since when a metric is back to normal, or a customer is back. @param {Case} item @param {number} now */
export function recovery(item, now) {
  if (!item.recovered_at) return null;
  const title = [exact(item.recovered_at), item.recovery_reason].filter(Boolean).join(": ");
  const words = isMetric(item) ? "back to normal since" : "won back,";
  return h("span", { class: "recovery", title }, icon("tick"), `${words} ${moment(item.recovered_at, now)}`);
}

/**
 * That alerts like the case's are silenced, until when, why and by whom.
 * @param {Case} item @param {number} now
 * @param {"banner" | "line"} look   whole, or what a list has room for
 */
export function silenced(item, now, look) {
  const { silence } = item;
  if (!silence || isClosed(item)) return null;
  const until = deadline(silence.ends_at, now);
  if (look === "line") {
    const title = `${silence.reason} (${silence.created_by_name}, S-${silence.id}, until ${exact(silence.ends_at)})`;
    return h("span", { class: "due", title }, icon("mute"), silence.holds ? `held until ${until}` : `silenced until ${until}`);
  }
  const told = silence.holds ? "Messages about this case wait until then." : "This case was told of before.";
  return h(
    "p",
    { class: "banner" },
    icon("mute"),
    ` Alerts like this are silenced until ${until} by ${silence.created_by_name}: “${silence.reason}”. ${told} `,
    h("a", { href: "#/silences", text: `S-${silence.id}` }),
  );
}

/** What a state is called: a metric's case is looked into, and dismissed as a false alarm. @type {Record<string, string>} */
const METRIC_STATES = { acknowledged: "Being looked into", dismissed: "False alarm" };

/** @param {Case} item */
export const state = (item) =>
  h("span", { class: "state", "data-state": item.state, text: (isMetric(item) && METRIC_STATES[item.state]) || sentence(item.state) });

/** @param {Case} item */
export function ownerName(item) {
  if (!item.owner) return "no owner";
  return item.owner_name ?? known.config?.people[item.owner] ?? item.owner;
}

/** How somebody of the history is called. @param {string} actor @param {string} [name] */
export const actorName = (actor, name) => name ?? known.config?.people[actor] ?? actor;

/**
 * The next promise to the customer: what, until when, whether it is broken.
 * @param {Case} item
 * @param {number} now  milliseconds
 * @returns {{words: string, late: boolean, sleeping: boolean, at: string} | null}
 */
export function nextDue(item, now) {
  if (item.state === "snoozed" && item.snoozed_until)
    return { words: `Asleep until ${deadline(item.snoozed_until, now)}`, late: false, sleeping: true, at: item.snoozed_until };
  if (item.recovered_at) return null;
  const promises = {
    open: [isMetric(item) ? "Look into it" : "Acknowledge", item.acknowledge_by],
    acknowledged: isMetric(item) ? ["Resolve", item.resolve_by] : ["Reply", item.contact_by],
    contacted: ["Resolve", item.resolve_by],
  };
  const [what, at] = /** @type {Record<string, (string | null)[]>} */ (promises)[item.state] ?? [];
  if (!what || !at) return null;
  const seconds = (Date.parse(at) - now) / 1000;
  const words =
    seconds < 0 ? `${what} overdue by ${roughly(-seconds)}` : `${what} by ${deadline(at, now)}, in ${roughly(seconds)}`;
  return { words, late: seconds < 0, sleeping: false, at };
}

/** A span to come, without minutes where hours say enough. @param {number} seconds */
const roughly = (seconds) => (seconds > 3600 ? span(Math.round(seconds / 3600) * 3600) : span(seconds));

/** @param {Case} item @param {number} now */
export function due(item, now) {
  const next = nextDue(item, now);
  if (!next) return null;
  return h("span", { class: "due", "data-late": next.late, title: exact(next.at) }, icon(next.sleeping ? "moon" : "clock"), next.words);
}
