## States and severities
state-open = open
state-acknowledged = acknowledged
state-contacted = contacted
state-snoozed = snoozed
state-resolved = resolved
state-dismissed = not a complaint
state-metric-acknowledged = being looked into
state-metric-dismissed = false alarm
state-to-check = to check
state-overdue = overdue
severity-critical = critical
severity-high = high
severity-normal = normal

## Buttons and menus: at most 75 characters
action-acknowledge = I'm on it
action-contact = Contacted…
action-resolve = Resolve…
action-snooze = Snooze
action-wake = Wake
action-reassign = Reassign…
action-reopen = Reopen…
action-dismiss = Not a complaint…
action-take-over = Take over…
action-metric-acknowledge = I'll look into it
action-metric-dismiss = False alarm…
look-answer = Show full answer
look-why = Why me?
look-silence = Silence alike…
snooze-1h = 1 hour
snooze-4h = 4 hours
snooze-tomorrow = Tomorrow 9:00
snooze-pick = Pick…

## What happened, and to whom
what-metric = metric alarm
what-recovered = back to normal
what-silent = silent after failures
what-score = { $metric } { $score } of { $most }
what-score-low = { $metric } { $score } of { $most } (low is good)
metric-outcome = Failed touchpoints
metric-unnamed = score
customer-unnamed = customer
nobody-yet = nobody yet
colleague = a colleague
yes = yes
no = no

## A card
lead-customer = Unhappy customer
lead-silent = Silent customer
lead-quiet = When there is time, please check
lead-metric = Metric alarm
lead-metric-quiet = Metric to look at
lead-recovered = Back to normal
matter-said = { $matter } – “{ $said }”
quoted = “{ $said }”
summary = { $lead }: { $matter }. Owner: { $owner }.
summary-state = { $lead } ({ $state }): { $matter }. Owner: { $owner }.
summary-closed = { $case } { $state }: { $matter }.
summary-due = { $summary } { $due }.
due-reply = reply by { $when }
due-look = look into it by { $when }
due-resolve = resolve by { $when }
due-asleep = asleep until { $when }
not-taken = nobody has taken it in time
no-hurry = no hurry
silenced-until = Alerts like this are silenced until { $when }: { $reason }
bad-answers = { $n ->
    [one] { $n } bad answer
   *[other] { $n } bad answers
}
alarms = { $n ->
    [one] { $n } alarm
   *[other] { $n } alarms
}
fact-touchpoint = Touchpoint
fact-channel = Channel
fact-language = Language
fact-contact-requested = Asks to be contacted
rule = Rule { $rule }
normal-since = back to normal since { $when }
customer-back = customer is back: { $said }, { $when }
normal-since-said = Back to normal since { $when }: { $said }
step-acknowledge = { $actor } is on it since { $when }
step-acknowledge-owner = on it since { $when }
step-contact = contacted { $when }
step-contact-how = contacted { $how ->
    [phone] by phone
    [email] by e-mail
    [chat] by chat
    [in_person] in person
    [letter] by letter
   *[other] ({ $how })
} { $when }
step-lease-expired = back in the queue: the customer was not contacted in time
step-metric-lease-expired = back in the queue: it was not resolved in time
step-wake = awake since { $when }
step-reopen = reopened by { $actor }
step-reopen-answered = open again: the customer is unhappy again
step-reassign = handed over by { $actor }
step-snooze = snoozed by { $actor }
closed-by = { $state } by { $actor }
closed-dismissed-by = marked as not a complaint by { $actor }
closed-metric-dismissed-by = marked as a false alarm by { $actor }
closed-after = after { $span }
customer-told = the customer knows
customer-not-told = the customer has not been told
handed-over = { $case } is with { $owner } now ({ $state }): { $matter }.
span-days = { $n } d
span-hours = { $n } h
span-minutes = { $n } min

## Reminders
reminder-wake = { $case } is awake again. { $matter }.
reminder-lease-expired = { $case } is back in the queue: { $owner } took it, and the customer was not contacted in time. { $matter }.
reminder-metric-lease-expired = { $case } is back in the queue: { $owner } took it, and it was not resolved in time. { $matter }.
reminder-overdue = { $case } is overdue: nobody has taken it yet (owner: { $owner }). { $matter }.
reminder-reopen = { $case } is open again: the customer is unhappy again. { $matter }.
reminder-taken-over = { $case } has changed hands: { $owner } has it now. { $matter }.

## Root causes and ways of contact: at most 75 characters
cause-late_delivery = Late delivery
cause-damaged = Damaged or wrong goods
cause-product_quality = Product quality
cause-billing = Billing or refund
cause-support = Support experience
cause-usability = Hard to use
cause-expectation = Wrong expectation set
cause-other = Something else
how-phone = Phone
how-email = E-mail
how-chat = Chat
how-in_person = In person
how-letter = Letter

## Dialogs: titles and their buttons at most 24 characters
title-contact = Contacted
title-resolve = Resolve
title-reassign = Reassign
title-snooze = Snooze
title-silence = Silence alerts
title-silenced = Silenced
title-dismiss = Not a complaint
title-metric-dismiss = False alarm
title-reopen = Reopen
title-take-over = Take over
title-answer = Full answer
title-why = Why you
title-not-done = Not done
submit-contact = Save
submit-resolve = Resolve
submit-reassign = Reassign
submit-snooze = Snooze
submit-silence = Silence
submit-dismiss = Dismiss
submit-reopen = Reopen
submit-take-over = Take over
title-cancel = Cancel
title-close = Close
label-how = How?
label-said = What was said
label-done = What was done
label-for-owner = Why, for the new owner
label-why = Why
label-why-dismissed = Why is this not a complaint?
label-why-false-alarm = Why is this a false alarm?
label-cause = What went wrong?
label-owner = Who takes it?
label-until = Until when?
label-which = Alerts of which all of this is true
label-reason = Why
hint-silence = Cases are made as ever. The messages about them wait until then, and promises count from then.
label-follow-up = Follow up on
hint-follow-up = Until then the case sleeps; you are reminded when it wakes.
label-told = Customer told?
option-told = The customer knows what was done
choose-one = Choose one
choose-colleague = Choose a colleague
take-over-question = { $owner } has this case. Do you take it over?
no-words = The customer left no words.
answered = Answered { $when }
why-rule = Rule { $rule }: { $reason }
why-routed = Routed to { $receiver }, owner { $owner }, severity { $severity }.
why-acknowledge-by = To be taken by { $when }
why-contact-by = Customer to be contacted by { $when }
why-resolve-by = To be resolved by { $when }
why-no-hurry = There is no hurry: nobody is reminded of it.

## What is wrong in a dialog
error-how = Say how the customer was contacted.
error-why = Say why.
error-which = Choose at least one.
silence-done = { $name } holds until { $when }. It fits { $cases } of { $all } open cases and { $alerts } of { $of } alerts of the last 7 days. You can end it in your App Home or in the console.
silence-known = This silence is kept already.
silence-everything = ⚠️ That is everything there was: nobody is told of anything.
error-cause = Say what went wrong.
error-owner = Choose who takes the case.
error-owner-unknown = This colleague is not among the people of loop.yaml. Choose somebody else.
error-owner-has-it = { $name } has this case already. Choose somebody else.
error-owner-self = To take it yourself, use “{ $button }”. Choose somebody else here.
error-owner-away = { $name } is away. Choose { $deputy }, who stands in.
error-owner-away-alone = { $name } is away. Choose somebody else.
error-date = Choose a date.
error-date-past = This lies in the past. Choose a time to come.
error-date-far = { $n ->
    [one] At most { $n } day from now.
   *[other] At most { $n } days from now.
}
error-long = { $n ->
    [one] At most { $n } character.
   *[other] At most { $n } characters.
}

## What a person is told when something did not happen
gone = This case is gone.
stale = { $case } has changed since this was drawn: { $happened }. Nothing was done; what you see is renewed.
stale-unsaid = { $case } has changed since this was drawn. Nothing was done; what you see is renewed.
not-allowed = { $case } is { $state }, so this cannot be done now.
not-allowed-since = { $case } is { $state }, so this cannot be done now: { $happened }.
other-open-case = This customer has an open case already: { $case }. Work on that one.
other-open-metric-case = This metric has an open case already: { $case }. Work on that one.
refused-stranger = I do not know you yet. Ask whoever keeps loop.yaml to add you to its people, with your Slack id { $user }.
refused-only = Only { $people } can do this with { $case } now. Ask one of them.
refused-one = Only { $people } can do this with { $case } now. Ask them.
refused-nobody = { $case } is { $state }: nobody can do this now.
refused-closed-long = { $n ->
    [one] { $case } was closed more than { $n } day ago and stays closed. A new bad answer opens a new case.
   *[other] { $case } was closed more than { $n } days ago and stays closed. A new bad answer opens a new case.
}
dialog-not-opened = The dialog for { $case } could not be opened. Please click again.
did-acknowledge = { $by ->
    [you] you took it { $ago }
   *[other] { $who } took it { $ago }
}
did-contact = { $by ->
    [you] you contacted the customer { $ago }
   *[other] { $who } contacted the customer { $ago }
}
did-resolve = { $by ->
    [you] you resolved it { $ago }
   *[other] { $who } resolved it { $ago }
}
did-reassign = { $by ->
    [you] you handed it over { $ago }
   *[other] { $who } handed it over { $ago }
}
did-snooze = { $by ->
    [you] you snoozed it { $ago }
   *[other] { $who } snoozed it { $ago }
}
did-wake = { $by ->
    [you] you woke it { $ago }
   *[other] { $who } woke it { $ago }
}
did-reopen = { $by ->
    [you] you reopened it { $ago }
   *[other] { $who } reopened it { $ago }
}
did-dismiss = { $by ->
    [you] you marked it as not a complaint { $ago }
   *[other] { $who } marked it as not a complaint { $ago }
}
did-metric-dismiss = { $by ->
    [you] you marked it as a false alarm { $ago }
   *[other] { $who } marked it as a false alarm { $ago }
}
event-opened = it was opened { $ago }
event-joined = the customer was flagged again { $ago }
event-metric-joined = there was another alarm { $ago }
event-recovered = the metric went back to normal { $ago }
event-lease-expired = it went back to the queue { $ago }
event-woke = it woke { $ago }
event-other = it was changed { $ago }
ago-now = just now
ago-minutes = { $n } min ago
ago-hours = { $n } h ago
ago-days = { $n ->
    [one] { $n } day ago
   *[other] { $n } days ago
}

## App Home
home-title = Your cases
home-overdue = Overdue ({ $n })
home-open = Open ({ $n })
home-snoozed = Snoozed ({ $n })
home-silences = Silences ({ $n })
home-silence = { $name } until { $when } by { $who }: { $reason } – { $n ->
    [one] { $n } case held
   *[other] { $n } cases held
}
home-silence-end = End now
home-more = { $n ->
    [one] and { $n } more
   *[other] and { $n } more
}
home-all = all cases
home-empty = Nothing waits for you. Enjoy it while it lasts.
home-hours = Your working hours: { $hours } ({ $zone })
home-always = Your working hours: around the clock
home-away = You are marked as away: no new cases come to you.
home-stranger = I do not know you yet. Ask whoever keeps loop.yaml to add you to its people, with your Slack id { $user }; then your cases show here.

## The morning's list, and a word before a promise breaks
digest-mine = { $n ->
    [one] Good morning: { $n } case is waiting for you.
   *[other] Good morning: { $n } cases are waiting for you.
}
digest-others = { $n ->
    [one] Good morning: { $n } case is waiting for { $people }.
   *[other] Good morning: { $n } cases are waiting for { $people }.
}
gathered-head = { $n ->
    [one] { $n } case needs attention.
   *[other] { $n } cases need attention.
}
digest-card = new
digest-reopen = open again: another bad answer
digest-wake = awake again
digest-overdue = overdue: nobody has taken it
digest-contact_overdue = overdue: the customer has not been contacted
digest-lease_expired = back in the queue: it was taken and then left
digest-due_contact = contact the customer
digest-due_acknowledge = waits for somebody to take it
nudge-acknowledge = { $case } waits for you: please take it by { $when }. { $matter }.
nudge-contact = { $case }: please contact the customer by { $when }. { $matter }.
nudge-contact-overdue = { $case } is overdue: the customer has not been contacted yet (owner: { $owner }). { $matter }.

## Many cases told as one
roll-up-head = { $n ->
    [one] { $n } more case
   *[other] { $n } more cases
}
roll-up-incident = { $n ->
    [one] Incident { $incident }: { $n } case about { $what }
   *[other] Incident { $incident }: { $n } cases about { $what }
}
roll-up-since = since { $when }
roll-up-why = They came too fast for a card each; every owner is told directly.
roll-up-why-incident = Many customers, one cause? Every owner is told directly.
roll-up-stays = This list stays current; a case that becomes critical gets a card of its own.
roll-up-show = Show a case…
roll-up-shown = { $case } comes as a card of its own.
roll-up-shown-before = { $case } has a card of its own already.
roll-up-resolve-all = Resolve all…
title-resolve-all = Resolve all
resolve-all-question = { $n ->
    [one] { $n } case of incident { $incident } is open. It gets this cause and note, if it is yours to resolve.
   *[other] { $n } cases of incident { $incident } are open. All that are yours to resolve get this cause and note.
}
resolve-mine-question = { $n ->
    [one] { $n } case of yours in incident { $incident } is open. It gets this cause and note.
   *[other] { $n } cases of yours in incident { $incident } are open. They all get this cause and note.
}
resolve-all-none = No case of this incident is open any more.
resolve-all-done = Resolved: { $n }.
resolve-all-refused = Not resolved: { $n }. Somebody else is on them, or they have just changed: { $cases }.
resolve-all-left = Still open: { $n }. Press the button again for them.
case-incident = part of incident { $incident }

## E-mails
mail-why = This comes by e-mail because Slack did not take the message.

## Why a rule flagged somebody
reason-given = { $metric } { $score } on { $scale }
reason-given-low = { $metric } { $score } on { $scale } (low is good)
reason-below = { $given } is at or below { $limit }.
reason-above = { $given } is at or above { $limit }.
reason-as-below = { $given } is as bad as at or below { $limit } on { $scale }.
reason-as-above = { $given } is as bad as at or above { $limit } on { $scale }.
reason-asks = The customer asks to be contacted.
reason-words = The comment holds words that the rule { $rule } looks for.
reason-praise = Words of praise, but { $given }: to be verified.
reason-anger = Words of anger, but { $given }: to be verified.
reason-silent = { $n ->
    [one] { $n } failed touchpoint within { $span } and no answer: { $tally }.
   *[other] { $n } failed touchpoints within { $span } and no answer: { $tally }.
}
reason-repeated = { $n ->
    [one] { $n } bad answer within { $span }: { $tally }.
   *[other] { $n } bad answers within { $span }: { $tally }.
}
reason-won-back = The customer's next answer is no longer bad: { $given }.
reason-won-back-unsaid = The customer's next answer is no longer bad.
reason-measured = { $what } over { $window }
reason-failures = The share of failed touchpoints
reason-reading = { $value } (95 % interval { $low } to { $high }, n = { $count })
reason-nothing = nothing (n = 0)
reason-fell = { $what } fell to { $after } from { $before } in the rest of the last { $span }: { $errors } standard errors, more than chance explains.
reason-rose = { $what } rose to { $after } from { $before } in the rest of the last { $span }: { $errors } standard errors, more than chance explains.
reason-recovered = { $what } is back at { $after }; it was { $level } before.
reason-settled = { $what } has stayed away from { $level } for { $span } and is at { $after }: this is taken as its level from now on.
reason-touchpoints = touchpoints
reason-answers = answers to { $metric }
reason-stopped = { $seen } { $things } came since { $since }, where about { $expected } are usual.
reason-returned = { $things } are coming again after a silence that began at { $since }.
reason-given-up = { $n ->
    [one] Hardly any { $things } came for { $n } day, since { $since }: they are not expected any more.
   *[other] Hardly any { $things } came for { $n } days, since { $since }: they are not expected any more.
}
