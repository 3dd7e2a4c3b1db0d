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
