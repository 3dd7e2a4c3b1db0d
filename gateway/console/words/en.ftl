## The frame
page-now = Now
page-explore = Explore
page-cases = Cases
page-case = Case
page-themes = Themes
page-pipeline = Pipeline
page-silences = Silences
page-incidents = Incidents
sections = Parts of the console
skip = Skip to the page
settings = Settings
acting-as = Acting as
nobody-chosen = nobody yet
language = Language
colours = Colours
theme-auto = as the system
theme-light = light
theme-dark = dark
sign-out = Sign out
sign-in = Sign in
sign-in-with = Sign in with { $provider }
sign-in-or-key = Or with an API key:
sign-in-why = This gateway asks for an API key.
sign-in-how = Whoever runs closeloop makes one:
api-key = API key
refusal-title = This cannot be shown ({ $status })
back-to-now = Back to the first page
link-connecting = connecting
link-live = Live
link-lost = Connecting again
link-stale = The gateway does not answer. What you see is from { "{time}" }.
just-now = now
not-done = This could not be done.
event-clock = event time
event-clock-title = Windows end at the newest event, not at the wall clock.
waiting-now = { $n ->
    [one] case waits
   *[other] cases wait
}

## Metrics
metric-nps-title = Net promoter score
metric-csat-title = Customer satisfaction
metric-ces-title = Customer effort, high is easy
metric-csi-title = Satisfaction index
metric-outcome = Failed
metric-outcome-title = Failed touchpoints
metric-response_rate = Response rate
metric-response_rate-title = Response rate
metric-recovered = Recovered
metric-recovered-title = Recovered customers
metric-time_to_contact-title = Time to first contact
metric-time_to_resolve-title = Time to resolve
metric-in_sla_contact-title = Contacted in time
metric-in_sla_resolve-title = Resolved in time
metric-retention-title = Retention
metric-churn-title = Churn
metric-clv-title = Lifetime value
of-scale = of { $maximum }
interval = 95 %: { $low } to { $high }
interval-title = 95 % interval: where the true value lies, 19 times in 20
n-title = { $n ->
    [one] one counted
   *[other] { $n } counted
}
too-few = too few to say
too-few-under = too few to say (under { $n })
worse-than-all = worse than everything together
worse-title = Worse than everything together, beyond chance: the whole interval lies on the worse side
answers = { $n ->
    [one] one answer
   *[other] { $said } answers
}
no-answers = no answers in { $window }
answers-by-score = Answers by score.
nothing-counted = nothing counted yet
change-above = { $difference } against the week before; chance alone would do that once in { $once }
change-below = { $difference } against the week before; chance alone would do that once in { $once }
change-picked = { $difference } against the week before; among { $pairs } side by side chance alone shows one like it
change-not_told = { $difference } against the week before: within what chance alone does
change-too_few = { $difference } against the week before: too few to say
week-before = vs week before
window = Window

## Now
tiles = Metrics of everything
beside = Beside them
explore-metric = { $metric } over time
journey = The journey
journey-hint = where customers are let down
weakest = weakest step
volume = { $n } times
failed = Failed
score = Score
where-it-hurts = Where it hurts
worst-first = worst first; the dashed line is everything together
worst-of = the worst { $shown } of { $found }
by = by
find = Find
sort-title = Worst first by this metric
show-more = Show more
nothing-yet = Nothing counted in this window yet.
send-first = Send a first answer:
feed = This minute
feed-hint = flags and what people do
no-cases-yet = No cases yet.
loop-health = The loop
loop-health-hint = how long unhappy customers wait, by receiver; contacts of seven days
team = Receiver
waiting = Waiting
in-work = In work
overdue = Overdue
to-contact-half = Half contacted within
to-contact-most = 9 of 10 within
contacts = Contacts

## What was done with a case
someone = Someone
via-slack = from Slack
via-console = from the console
via-api = from the API
via-system = from a terminal
via-key = { $via } with the key “{ $key }”
did-opened = opened by a rule
did-joined = flagged again
did-acknowledge = acknowledged
did-contact = contacted the customer
did-resolve = resolved
did-reassign = reassigned
did-snooze = snoozed
did-wake = woke it
did-reopen = reopened
did-dismiss = dismissed as not a complaint
did-lease_expired = no contact in time: back in the queue
did-unsilenced = ended the silence
did-recovered = the customer came back and answered well
did-linked = became part of
did-erased = the customer was erased
did-metric-joined = another alarm joined
did-metric-acknowledge = looks into it
did-metric-dismiss = dismissed as a false alarm
did-metric-lease_expired = not resolved in time: back in the queue
did-metric-recovered = back to normal
did-reminded = reminded { $who }: { $why }
did-escalated = told { $who }: { $why }
notice-reminded-acknowledge = the case is to be taken soon
notice-reminded-contact = the customer is to be contacted soon
notice-escalated-acknowledge = nobody took the case in time
notice-escalated-contact = the customer was not contacted in time
notice-escalated-lease = it was taken, and the customer not contacted in time
notice-metric-escalated-acknowledge = nobody looked into it in time
notice-metric-escalated-lease = it was taken, and not resolved in time
manner-incident = incident I-{ $incident }
manner-part-of = part of incident I-{ $incident }
manner-owner = to { $owner }
manner-until = until { $when }
manner-silenced = silenced until { $when }

## Pipeline
books = The books
books-of-touchpoints = Touchpoints
books-of-responses = Answers
books-hold = the books balance
books-differ = the books differ by { $n }
received = received
counted = counted
duplicates = duplicates
late-events = too late
dead-letters = dead letters
per-second = { $n } a second
duplicate-share = { $share } % twice
late-share = { $share } % too late
in-the-last = in the last { $span }
unread = { $n ->
    [0] nothing left to read in Kafka
   *[other] { $said } still to read in Kafka
}
unread-unknown = still to read in Kafka: not known
pipeline-facts = Messages and brokers
unsent = Unsent messages
oldest = oldest { $span }
in-doubt = In doubt
undeliverable = Undeliverable
brokers = Brokers
under-replicated = Partitions lacking a copy
offline = Partitions without a leader
dead-letters-title = Dead letters
dead-letters-hint = what could not be read, kept with its bytes
no-dead-letters = There are none.
reason = Reason
topic = Topic
letters = Letters
letters-waiting = Not sent again
replayed = Sent again
first = First
last = Last
replay-all = Send all again
replay-one = Send again
replay-sent = Sent again: { "{n}" }
replay-refused = Left, because they would be refused again: { "{n}" }.
replay-one-sent = Sent again.
arrived = Arrived
position = Position
what-is-wrong = What is wrong
bytes = Bytes
older = Older ones
close = Close
letter = Dead letter
today = Today
would-be-read = would be read
would-be-refused = would be refused again
event = Event
key = Key
no-bytes = none
only-the-beginning = only the beginning is shown
content-needs-act = Your key may only read; content may be personal and needs a key that may act.
dead-empty = no bytes
dead-too_large = over 64 KiB
dead-not_utf8 = not UTF-8
dead-not_json = not JSON
dead-specversion = not CloudEvents 1.0
dead-type = not an event of this topic
dead-missing = a required field is missing
dead-invalid = a field has a value that it cannot have
dead-future = ahead of the clock
dead-metric = a metric that is not declared
dead-scale = a score outside its scale
dead-revises = a revision that cannot be applied
dead-alert = an alert that the desk cannot read
dead-case = a case event that the streams cannot read
topics = Topics
topics-hint = a quarter of an hour; open a topic for its partitions
length = Length
rate = Per second
lag = Still to read
rate-lately = Rate in the last quarter of an hour
lag-lately = Still to read in the last quarter of an hour
partitions = { $n ->
    [one] one partition
   *[other] { $n } partitions
}
partition = partition { $n }
lacks-copies = a copy is missing
no-group = no group reads it
kafka-unknown = Kafka has not told yet.
workers = Workers
workers-hint = who reads which partitions
standing-stable = at work
standing-empty = no workers
standing-absent = never seen
standing-moving = sharing out partitions
standing-unknown = not known
reads-nothing = has no partition now
disks = Disks
disks-hint = a broker with a full disk stops
broker = Broker { $n }
disk-taken = { $share } % taken
disk-free = { $free } free of { $all }
disk-unknown = This broker does not tell its space.
disk-loop = this loop's topics: { $size }
size-gb = { $n } GB
size-mb = { $n } MB
size-kb = { $n } kB

## Themes
themes-hint = what unhappy customers write about
from-day = From
to-day = to
metric = Metric
any = any
written-in = Written in
touchpoints = Touchpoints
all-touchpoints = All touchpoints
themes-of = { $n ->
    [one] one flagged answer with words, { $first } to { $last }
   *[other] { $said } flagged answers with words, { $first } to { $last }
}
order = Order
sort-answers = most answers
sort-before = rising most
sort-elsewhere = most typical
theme = Theme
answers-head = Answers
against-before = Against { $first } – { $last }
against-elsewhere = Against other touchpoints
theme-customers = { $n ->
    [one] of one customer
   *[other] of { $n } customers
}
theme-same = { $share } %: no change can be told
theme-new-before = not once before
theme-new-elsewhere = nowhere else
theme-more = { $times } times as often
theme-less = { $times } times less often
no-themes = No theme yet: a word counts once three customers have used it.
themes-foot = Forms of a word count as one. Change is told where chance would not do it, though many themes are looked at. Numbers, addresses and what fewer than three customers wrote are left out.
said-newest = Newest answers
show-all-answers = Show all
no-flagged-answers = No flagged answers here.

## Explore
explore-hint = a metric over time, and whether two of its values differ
segment-of = Segment
everybody = everybody
everybody-else = everybody else
window-days = { $n ->
    [one] one day
   *[other] { $n } days, rolling
}
window-hint = { $n ->
    [one] Each point is of one calendar day, { $zone }.
   *[other] Each point is of the { $n } calendar days, { $zone }, that end with its day.
} Of the past whole days are kept: shorter windows are known as they are now, above.
compared-days = Compared: { $days }.
windows-share-days = The two windows of this point have days in common, so they cannot be compared: choose a shorter window or a period further away.
compare-with = Compare with
against-nothing = nothing
against-before-period = the time before
against-rest = everybody else
against-segment = another segment
against-period = another period
other-segment = Other segment
other-from = Other from
show = Show
chart-hint = Arrow keys move from day to day, Enter shows the cases of one
chart-of = { $metric }, { $segment }, { $first } to { $last }, with its 95 % interval. The table below has the same.
chart-table = The same as a table
day-head = Day
value-head = Value
interval-head = 95 % interval
counted-head = Counted
size-points = { $size } points
size-percent = { $size } percentage points
size-scale = { $size } points of the scale
told-above = { $one } is { $size } above { $other }; chance alone would do that once in { $often } such comparisons.
told-below = { $one } is { $size } below { $other }; chance alone would do that once in { $often } such comparisons.
told-above-surely = { $one } is { $size } above { $other }; chance alone would do that less than once in { $often } such comparisons.
told-below-surely = { $one } is { $size } below { $other }; chance alone would do that less than once in { $often } such comparisons.
told-picked = { $one } and { $other } are { $size } apart, which chance alone would do once in { $often } such comparisons. But they are one of { $pairs } pairs to choose from: among as many, chance shows one like it { $percent } times in 100.
told-not = No difference can be told between { $one } and { $other }: chance alone puts them as far apart ({ $size }) once in { $often } times.
told-few = Too few to tell: { $one } has { $first }, { $other } has { $second }, and each needs { $minimum }.
told-nothing = Nothing to compare: nothing was counted for { $side }.
told-better = { $one } does better.
told-worse = { $one } does worse.
not-comparable = This metric follows from others. Its days are shown as they are; compare the metrics it is made of.
difference-interval = The true difference lies between { $low } and { $high }, 19 times in 20.
windows-now = As it is now
in-window = in { $window }
said-on = What was said, { $day }
said-in-period = What was said
back-to-period = Show the whole period
period-of = { $first } – { $last }

## Cases
case-places = Cases, incidents, silences
saved-views = Views
view-to-do = To do
view-waiting = Waiting
view-mine = Mine
view-overdue = Overdue
view-all = All
filters = Filters
find-text = Find in words and customers
state = State
every-state = every state
owner = Owner
anybody = anybody
receiver = Receiver
any-of-them = any
severity = Severity
customer = Customer
about = About
subject-customer = a customer
subject-metric = a metric
incident = Incident
held = Held by a silence
clear-filters = Clear filters
mine-nobody = Choose who you are in the settings to see your cases.
cases-found = { $n ->
    [one] one case
   *[other] { $said } cases
}
presses-first = what presses most comes first
none-fit = No case fits.
none-here = Nothing is waiting here.
first-page = Back to the first page
next-page = Next page
asks-contact = asks for contact
silenced-short = silenced until { $when }
held-until = held until { $when }
undelivered = nobody could be told
undelivered-long = Nobody could be told of this case: neither Slack nor e-mail nor a webhook took a message.
actions = What can be done
case-answers = What the customer said
case-alarms = The alarms
history = History
around = Around this customer
around-metric = Around this metric
around-hint = touchpoints, answers and what was done about them
around-hint-unkept = flagged answers and what was done about them; loop.yaml keeps no timeline
around-hint-metric = alarms and what was done about them
around-left-out = { $n ->
    [one] one more is not shown
   *[other] { $said } more are not shown
}
way = What led to it
touchpoint-failed = failed
all-their-cases = All their cases
promises = Promises
promise-acknowledge = Taken by { $when }
promise-metric-acknowledge = Looked into by { $when }
promise-contact = Contacted by { $when }
promise-resolve = Resolved by { $when }
outcome-kept = in time
outcome-late = too late
outcome-overdue = overdue
outcome-due = due
outcome-none = not done
facts = Facts
opened = Opened
reopened = Reopened
programme = Programme
lease = Contact before it goes back
root-cause = Root cause
who-was-told = Who was told
surface-channel = Card in
surface-dm = Direct message to
open-in-slack = Open in Slack
not-posted = not posted yet
message = Message
message-to = To
message-pending = waits
message-held = waits for the morning
message-rolled-up = told with others
message-sending = on its way
message-in-doubt = in doubt
message-sent = sent
message-dead = could not be sent
message-cancelled = not needed any more
message-taking-back = is to be deleted in Slack
message-taken-back = deleted in Slack
nobody-told = Nobody was told yet.
note = Note
another-time = Another time
hint-resolve-all = Every open case that is yours to resolve gets this cause and note.
hint-resolve = The cause is counted; the note stays with the case.
hint-dismiss = It leaves the list. The answer stays in the metrics.
hint-metric-dismiss = It leaves the list. The metric is watched as before.
meanwhile = The case has changed since you opened this. What you wrote is kept; read this, then send it again if it still holds:
done-acknowledge = { $case } is yours
done-contact = { $case }: the customer was contacted
done-resolve = { $case } is resolved
done-snooze = { $case } sleeps
done-wake = { $case } is awake
done-reassign = { $case } was handed over
done-reopen = { $case } is open again
done-dismiss = { $case } was dismissed
done-silence = The silence holds
done-end-silence = { $silence } is over
who-title = Who are you?
who-why = What you do is written to the case's history under your name. Asked once in this browser.
choose-name = Choose your name
go-on = Go on
keys-title = Keys
key-down = next case
key-up = the case before
key-open = open the case
key-acknowledge = take it
key-contact = contacted
key-resolve = resolve
key-snooze = snooze
key-reassign = reassign
key-dismiss = dismiss
key-search = search
key-up-list = back to the list
key-keys = these keys
key-close = close, or leave a field
incidents-hint = many cases that came at once and share a cause
incidents-open = With open cases
incident-cases = { $n ->
    [one] one case
   *[other] { $said } cases
}
incident-unclosed = { $n ->
    [0] all closed
    [one] one to do
   *[other] { $said } to do
}
no-incidents = No incidents.
running = still growing
newest-case = newest
filter-these = Filter these
new-silence = New silence
silences-now = Now and to come
silence-messages-wait = messages about this case wait for its end
silence-holds = holds
silence-to-come = to come
silence-over = over
silence-until = until { $when }
silence-span = { $start } to { $end }
silence-by = by { $who }
silence-ended-by = ended by { $who }
held-cases = { $n ->
    [0] no cases held
    [one] one case held
   *[other] { $said } cases held
}
no-silences = No silences: everything that a rule flags is told.
condition-field = Field
condition-sign = Comparison
condition-value = Value
conditions-hint = Attributes as attributes.NAME; several values with commas. Rows without a value are left out.
sign-is = is
sign-not = is not
sign-at-least = at least
sign-at-most = at most
sign-matches = fits the pattern
reach = Fits { "{open}" } of { "{all}" } open cases and { "{alerts}" } of { "{of}" } alerts of the last 7 days.

## In a terminal: closeloop watch
short-s = { $n } s
short-min = { $n } min
short-h = { $n } h
short-d = { $n } d
watch-quit = Quit
watch-refused = Refused
watch-old = what you see is { $span } old
watch-nothing-known = nothing is known yet
watch-not-told = the gateway does not tell (status { $status })
watch-no-answer = the gateway does not answer ({ $why }); check --url
why-ended = the gateway ended the connection
why-key = the gateway asks for a key that may read: set CLOSELOOP_API_KEY
why-foreign = the answer is not that of a closeloop gateway; check --url
why-status = it answers { $status }
why-timeout = no answer in time
why-not-listening = connection refused
why-unreachable = no way to it
why-broken = the connection broke off
watch-touchpoint = Touchpoint
watch-too-few = too few to say
watch-range = { $low } to { $high }
watch-better = better
watch-worse = worse
watch-newest = Newest
watch-none-overdue = nobody waits for a broken promise
watch-all-taken = every case is taken
watch-in-all = { $n } in all
watch-urgent-first = { $n } in all, the most urgent first
watch-urgent-of-newest = { $n } in all, the most urgent of the newest { $known }
watch-promise = Promise
watch-asleep = asleep for { $span }
watch-within-acknowledge = take in { $span }
watch-within-contact = contact in { $span }
watch-within-resolve = resolve in { $span }
watch-late-acknowledge = take overdue { $span }
watch-late-contact = contact overdue { $span }
watch-late-resolve = resolve overdue { $span }
watch-ok = OK
watch-wrong = WRONG
watch-group = Group
watch-oldest = Oldest
watch-by-partition = by partition
watch-disk-full = nearly full

## What is refused, by reason and field
refused-unauthorized = This key opens nothing here: it is not known, has expired or was withdrawn.
refused-throttled = Too many tries. Wait a little, then try again.
refused-forbidden = Your key lacks the right to do this. Whoever runs closeloop can give it one.
refused-host = Without API keys the console is shown on the gateway's own machine alone.
refused-origin = This came from another web site and was not done.
refused-not_yours = Around this case that is for others to do: its owner, its team, or who leads it.
refused-no_role = None of your groups may use this console. Whoever runs closeloop can let one in.
refused-sign_in_over = This sign-in is over, was used already, or was begun in another browser. Begin again.
refused-sign_in_unfinished = The sign-in was not finished at the identity provider. Begin again.
refused-sign_in_doubtful = The answer of the identity provider could not be believed. Begin again, or tell whoever runs closeloop.
refused-provider_away = The identity provider does not answer as it should. Try again, or sign in with an API key.
refused-invalid-authorization = Your e-mail address belongs to nobody here, so you act on no case. Ask to be added to the people in loop.yaml.
refused-unavailable = The gateway does not reach its database just now. Try again in a moment.
refused-internal = The gateway made a mistake. Its log says more.
refused-stale = It has changed since you saw it. Nothing was done.
refused-not_allowed = As the case stands now, this cannot be done.
refused-other_open_case = This customer has an open case already. Go on there.
refused-over = This silence is over already.
refused-replayed = This was sent again already.
refused-missing-id = There is nothing under this number.
refused-invalid-root_cause = Choose what went wrong.
refused-invalid-until = Give a time to come, at most 30 days away.
refused-invalid-owner = Choose who takes the case.
refused-invalid-actor = Choose in the settings who you are.
refused-invalid-note = The note is too long: 3,000 characters fit.
refused-invalid-channel = The way of contact is too long: 64 characters fit.
refused-invalid-matchers = Give at least one condition that the alerts have in common.
refused-invalid-starts_at = Give a day and a time at which it starts.
refused-invalid-ends_at = Give an end to come that lies after the start and is not too far away.
refused-invalid-reason = Say why, in a few words: later nobody knows it otherwise.
refused-invalid-text = Give fewer characters to search for.
refused-invalid-from = The first day lies after the last one, is no calendar day, or more than ten years are asked for.
refused-invalid-to = The last day is no calendar day.
refused-invalid-day = This is no calendar day.
refused-invalid-with_from = The first day of the other period lies after its last one, or is no calendar day.
refused-invalid-with_to = The last day of the other period is no calendar day.
refused-invalid-with_key = The two have answers in common: choose another segment, or days that do not overlap.
refused-invalid-window = There is no such window here; windows over time are of 1 to 90 whole days.
refused-invalid-metric = There is no such metric here.
refused-invalid-cut = There is no such cut here.
refused-invalid-key = There is no such segment in this cut.
refused-missing-key = The segment lacks a value.

## What is sent about a case
kind-card = Card
kind-taken-over = Word that somebody else has it
kind-wake = Word that it woke
kind-lease-expired = Word that it is back in the queue
kind-overdue = Word that nobody took it in time
kind-contact-overdue = Word that nobody made contact in time
kind-due-acknowledge = Reminder to take it
kind-due-contact = Reminder to make contact
kind-digest = The morning's list
kind-gathered = List of several words
kind-roll-up = List of many cases

## Hooks

page-hooks = Hooks
hooks-hint = Survey tools that send their answers here. Counts are since this gateway began.
hooks-none = loop.yaml has no hooks.
hooks-link = Hooks of survey tools
hook-name = Hook
hook-tool = Tool
hook-address = Address
hook-secret = Secret
hook-last = Last delivery
hook-since = Deliveries
hook-set = set
hook-missing = missing
hook-nothing = none yet
hook-outcome-taken = taken
hook-outcome-ignored = passed over
hook-outcome-letter = dead letter
hook-outcome-unsigned = refused, not signed
hook-outcome-unavailable = to be sent again
hook-try = Test this mapping
hook-try-hint = Paste what the tool sends. Nothing is kept or sent on.
trial-payload = What the tool sends
trial-fetched = What its API answers (Qualtrics, SurveyMonkey)
trial-events = Events that would come:
trial-ignored = Passed over:
trial-fetch = A notice. The answers would be fetched from
trial-problem = A dead letter:
trial-field = Field
trial-source = From
trial-value = Value
