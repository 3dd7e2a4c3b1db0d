## States and severities
state-open = offen
state-acknowledged = in Arbeit
state-contacted = kontaktiert
state-snoozed = zurückgestellt
state-resolved = gelöst
state-dismissed = keine Beschwerde
state-metric-acknowledged = wird untersucht
state-metric-dismissed = Fehlalarm
state-to-check = zu prüfen
state-overdue = überfällig
severity-critical = kritisch
severity-high = hoch
severity-normal = normal

## Buttons and menus: at most 75 characters
action-acknowledge = Ich übernehme
action-contact = Kontaktiert …
action-resolve = Lösen …
action-snooze = Zurückstellen
action-wake = Fortsetzen
action-reassign = Übergeben …
action-reopen = Wieder öffnen …
action-dismiss = Keine Beschwerde …
action-take-over = An mich nehmen …
action-metric-acknowledge = Ich sehe es mir an
action-metric-dismiss = Fehlalarm …
look-answer = Ganze Antwort zeigen
look-why = Warum ich?
look-silence = Ähnliche stummschalten…
snooze-1h = 1 Stunde
snooze-4h = 4 Stunden
snooze-tomorrow = Morgen 9:00
snooze-pick = Zeitpunkt wählen …

## What happened, and to whom
what-metric = Kennzahlalarm
what-recovered = wieder normal
what-silent = nach Fehlern verstummt
what-score = { $metric } { $score } von { $most }
what-score-low = { $metric } { $score } von { $most } (niedrig ist gut)
metric-outcome = Fehlgeschlagene Kontaktpunkte
metric-unnamed = Wertung
customer-unnamed = Kunde
nobody-yet = noch niemand
colleague = jemand aus dem Team
yes = ja
no = nein

## A card
lead-customer = Unzufriedener Kunde
lead-silent = Verstummter Kunde
lead-quiet = Bei Gelegenheit bitte prüfen
lead-metric = Kennzahlalarm
lead-metric-quiet = Kennzahl zum Ansehen
lead-recovered = Wieder normal
matter-said = { $matter } – „{ $said }“
quoted = „{ $said }“
summary = { $lead }: { $matter }. Zuständig: { $owner }.
summary-state = { $lead } ({ $state }): { $matter }. Zuständig: { $owner }.
summary-closed = { $case } { $state }: { $matter }.
summary-due = { $summary } { $due }.
due-reply = Antwort bis { $when }
due-look = ansehen bis { $when }
due-resolve = lösen bis { $when }
due-asleep = zurückgestellt bis { $when }
not-taken = nicht rechtzeitig übernommen
no-hurry = eilt nicht
silenced-until = Ähnliche Meldungen sind stumm bis { $when }: { $reason }
bad-answers = { $n ->
    [one] { $n } schlechte Antwort
   *[other] { $n } schlechte Antworten
}
alarms = { $n ->
    [one] { $n } Alarm
   *[other] { $n } Alarme
}
fact-touchpoint = Kontaktpunkt
fact-channel = Kanal
fact-language = Sprache
fact-contact-requested = Bittet um Rückmeldung
rule = Regel { $rule }
normal-since = wieder normal seit { $when }
customer-back = zurückgewonnen: { $said }, { $when }
normal-since-said = Wieder normal seit { $when }: { $said }
step-acknowledge = { $actor } ist dran seit { $when }
step-acknowledge-owner = in Arbeit seit { $when }
step-contact = kontaktiert { $when }
step-contact-how = kontaktiert { $how ->
    [phone] per Telefon
    [email] per E-Mail
    [chat] im Chat
    [in_person] persönlich
    [letter] per Brief
   *[other] ({ $how })
}, { $when }
step-lease-expired = wieder in der Warteschlange: Kunde nicht rechtzeitig kontaktiert
step-metric-lease-expired = wieder in der Warteschlange: nicht rechtzeitig gelöst
step-wake = wieder wach seit { $when }
step-reopen = wieder geöffnet von { $actor }
step-reopen-answered = wieder offen: erneut unzufrieden
step-reassign = übergeben von { $actor }
step-snooze = zurückgestellt von { $actor }
closed-by = { $state } von { $actor }
closed-dismissed-by = von { $actor } als „keine Beschwerde“ markiert
closed-metric-dismissed-by = von { $actor } als Fehlalarm markiert
closed-after = nach { $span }
customer-told = Kunde weiß Bescheid
customer-not-told = Kunde weiß noch nicht Bescheid
handed-over = { $case } liegt jetzt bei { $owner } ({ $state }): { $matter }.
span-days = { $n } T
span-hours = { $n } Std.
span-minutes = { $n } Min.

## Reminders
reminder-wake = { $case } ist wieder wach. { $matter }.
reminder-lease-expired = { $case } ist wieder in der Warteschlange: übernommen von { $owner }, aber der Kunde wurde nicht rechtzeitig kontaktiert. { $matter }.
reminder-metric-lease-expired = { $case } ist wieder in der Warteschlange: übernommen von { $owner }, aber nicht rechtzeitig gelöst. { $matter }.
reminder-overdue = { $case } ist überfällig: Noch niemand hat den Fall übernommen (zuständig: { $owner }). { $matter }.
reminder-reopen = { $case } ist wieder offen: Der Kunde ist erneut unzufrieden. { $matter }.
reminder-taken-over = { $case } hat gewechselt: Zuständig ist jetzt { $owner }. { $matter }.

## Root causes and ways of contact: at most 75 characters
cause-late_delivery = Verspätete Lieferung
cause-damaged = Beschädigte oder falsche Ware
cause-product_quality = Produktqualität
cause-billing = Abrechnung oder Erstattung
cause-support = Erfahrung mit dem Kundendienst
cause-usability = Schwer zu bedienen
cause-expectation = Falsche Erwartung geweckt
cause-other = Etwas anderes
how-phone = Telefon
how-email = E-Mail
how-chat = Chat
how-in_person = Persönlich
how-letter = Brief

## Dialogs: titles and their buttons at most 24 characters
title-contact = Kontaktiert
title-resolve = Lösen
title-reassign = Übergeben
title-snooze = Zurückstellen
title-silence = Meldungen stumm
title-silenced = Stummgeschaltet
title-dismiss = Keine Beschwerde
title-metric-dismiss = Fehlalarm
title-reopen = Wieder öffnen
title-take-over = An mich nehmen
title-answer = Ganze Antwort
title-why = Warum Sie
title-not-done = Nicht ausgeführt
submit-contact = Speichern
submit-resolve = Lösen
submit-reassign = Übergeben
submit-snooze = Zurückstellen
submit-silence = Stummschalten
submit-dismiss = Schließen
submit-reopen = Wieder öffnen
submit-take-over = An mich nehmen
title-cancel = Abbrechen
title-close = Zumachen
label-how = Auf welchem Weg?
label-said = Was besprochen wurde
label-done = Was getan wurde
label-for-owner = Hinweis für die neue Zuständigkeit
label-why = Warum
label-why-dismissed = Warum ist das keine Beschwerde?
label-why-false-alarm = Warum ist das ein Fehlalarm?
label-cause = Was ist schiefgelaufen?
label-owner = Wer übernimmt?
label-until = Bis wann?
label-which = Meldungen, auf die all das zutrifft
label-reason = Warum
hint-silence = Fälle entstehen wie immer. Die Nachrichten dazu warten bis dahin, und Fristen zählen von da an.
label-follow-up = Wiedervorlage am
hint-follow-up = Bis dahin ruht der Fall; dann werden Sie erinnert.
label-told = Kunde informiert?
option-told = Der Kunde weiß, was getan wurde
choose-one = Bitte wählen
choose-colleague = Kollegin oder Kollegen wählen
take-over-question = Der Fall liegt bei { $owner }. Übernehmen Sie ihn?
no-words = Der Kunde hat nichts dazu geschrieben.
answered = Geantwortet { $when }
why-rule = Regel { $rule }: { $reason }
why-routed = Empfänger { $receiver }, zuständig { $owner }, Dringlichkeit { $severity }.
why-acknowledge-by = Zu übernehmen bis { $when }
why-contact-by = Kunde zu kontaktieren bis { $when }
why-resolve-by = Zu lösen bis { $when }
why-no-hurry = Es eilt nicht: Niemand wird daran erinnert.

## What is wrong in a dialog
error-how = Bitte angeben, auf welchem Weg der Kunde kontaktiert wurde.
error-why = Bitte einen Grund angeben.
error-which = Wählen Sie mindestens eines.
silence-done = { $name } gilt bis { $when }. Es trifft auf { $cases } von { $all } offenen Fällen und { $alerts } von { $of } Meldungen der letzten 7 Tage zu. Beenden können Sie es in Ihrem App Home oder in der Konsole.
silence-known = Das ist schon stummgeschaltet.
silence-everything = ⚠️ Das ist alles, was es gab: Niemand erfährt etwas.
error-cause = Bitte angeben, was schiefgelaufen ist.
error-owner = Bitte wählen, wer den Fall übernimmt.
error-owner-unknown = Diese Person steht nicht in loop.yaml. Bitte jemand anderen wählen.
error-owner-has-it = Der Fall liegt schon bei { $name }. Bitte jemand anderen wählen.
error-owner-self = Um ihn selbst zu übernehmen: „{ $button }“. Hier bitte jemand anderen wählen.
error-owner-away = { $name } ist abwesend. Vertretung: { $deputy }. Bitte so wählen.
error-owner-away-alone = { $name } ist abwesend. Bitte jemand anderen wählen.
error-date = Bitte einen Zeitpunkt wählen.
error-date-past = Das liegt in der Vergangenheit. Bitte einen späteren Zeitpunkt wählen.
error-date-far = { $n ->
    [one] Höchstens { $n } Tag von jetzt an.
   *[other] Höchstens { $n } Tage von jetzt an.
}
error-long = { $n ->
    [one] Höchstens { $n } Zeichen.
   *[other] Höchstens { $n } Zeichen.
}

## What a person is told when something did not happen
gone = Diesen Fall gibt es nicht mehr.
stale = { $case } hat sich inzwischen geändert: { $happened }. Es wurde nichts ausgeführt; die Anzeige wird erneuert.
stale-unsaid = { $case } hat sich inzwischen geändert. Es wurde nichts ausgeführt; die Anzeige wird erneuert.
not-allowed = Das geht jetzt nicht. Zustand von { $case }: { $state }.
not-allowed-since = Das geht jetzt nicht. Zustand von { $case }: { $state }; { $happened }.
other-open-case = Dieser Kunde hat schon einen offenen Fall: { $case }. Bitte dort weiterarbeiten.
other-open-metric-case = Zu dieser Kennzahl gibt es schon einen offenen Fall: { $case }. Bitte dort weiterarbeiten.
refused-stranger = Sie sind hier noch unbekannt. Bitte jemanden, der loop.yaml pflegt, Sie mit Ihrer Slack-ID { $user } dort einzutragen.
refused-only = Das können mit { $case } jetzt nur { $people }. Bitte dort nachfragen.
refused-one = Das kann mit { $case } jetzt nur { $people }. Bitte dort nachfragen.
refused-nobody = Das kann jetzt niemand. Zustand von { $case }: { $state }.
refused-closed-long = { $n ->
    [one] { $case } ist seit mehr als { $n } Tag geschlossen und bleibt es. Eine neue schlechte Antwort öffnet einen neuen Fall.
   *[other] { $case } ist seit mehr als { $n } Tagen geschlossen und bleibt es. Eine neue schlechte Antwort öffnet einen neuen Fall.
}
dialog-not-opened = Der Dialog zu { $case } ließ sich nicht öffnen. Bitte noch einmal klicken.
did-acknowledge = { $by ->
    [you] Sie haben den Fall { $ago } übernommen
   *[other] { $who } hat den Fall { $ago } übernommen
}
did-contact = { $by ->
    [you] Sie haben den Kunden { $ago } kontaktiert
   *[other] { $who } hat den Kunden { $ago } kontaktiert
}
did-resolve = { $by ->
    [you] Sie haben den Fall { $ago } gelöst
   *[other] { $who } hat den Fall { $ago } gelöst
}
did-reassign = { $by ->
    [you] Sie haben den Fall { $ago } übergeben
   *[other] { $who } hat den Fall { $ago } übergeben
}
did-snooze = { $by ->
    [you] Sie haben den Fall { $ago } zurückgestellt
   *[other] { $who } hat den Fall { $ago } zurückgestellt
}
did-wake = { $by ->
    [you] Sie haben den Fall { $ago } fortgesetzt
   *[other] { $who } hat den Fall { $ago } fortgesetzt
}
did-reopen = { $by ->
    [you] Sie haben den Fall { $ago } wieder geöffnet
   *[other] { $who } hat den Fall { $ago } wieder geöffnet
}
did-dismiss = { $by ->
    [you] Sie haben ihn { $ago } als keine Beschwerde eingestuft
   *[other] { $who } hat ihn { $ago } als keine Beschwerde eingestuft
}
did-metric-dismiss = { $by ->
    [you] Sie haben ihn { $ago } als Fehlalarm eingestuft
   *[other] { $who } hat ihn { $ago } als Fehlalarm eingestuft
}
event-opened = { $ago } eröffnet
event-joined = der Kunde ist { $ago } erneut aufgefallen
event-metric-joined = { $ago } kam ein weiterer Alarm
event-recovered = die Kennzahl ist { $ago } wieder normal geworden
event-lease-expired = der Fall kam { $ago } zurück in die Warteschlange
event-woke = der Fall ist { $ago } wieder wach geworden
event-other = der Fall wurde { $ago } geändert
ago-now = gerade eben
ago-minutes = vor { $n } Min.
ago-hours = vor { $n } Std.
ago-days = { $n ->
    [one] vor { $n } Tag
   *[other] vor { $n } Tagen
}

## App Home
home-title = Ihre Fälle
home-overdue = Überfällig ({ $n })
home-open = Offen ({ $n })
home-snoozed = Zurückgestellt ({ $n })
home-silences = Stummschaltungen ({ $n })
home-silence = { $name } bis { $when } von { $who }: { $reason } – { $n ->
    [one] { $n } Fall wartet
   *[other] { $n } Fälle warten
}
home-silence-end = Jetzt beenden
home-more = { $n ->
    [one] und { $n } weiterer
   *[other] und { $n } weitere
}
home-all = alle Fälle
home-empty = Nichts wartet auf Sie. Genießen Sie es.
home-hours = Ihre Arbeitszeiten: { $hours } ({ $zone })
home-always = Ihre Arbeitszeiten: rund um die Uhr
home-away = Sie sind als abwesend gemeldet: Neue Fälle gehen an andere.
home-stranger = Sie sind hier noch unbekannt. Bitte jemanden, der loop.yaml pflegt, Sie mit Ihrer Slack-ID { $user } dort einzutragen; dann erscheinen hier Ihre Fälle.

## The morning's list, and a word before a promise breaks
digest-mine = { $n ->
    [one] Guten Morgen: { $n } Fall wartet auf Sie.
   *[other] Guten Morgen: { $n } Fälle warten auf Sie.
}
digest-others = { $n ->
    [one] Guten Morgen: { $n } Fall wartet auf { $people }.
   *[other] Guten Morgen: { $n } Fälle warten auf { $people }.
}
gathered-head = { $n ->
    [one] { $n } Fall braucht Aufmerksamkeit.
   *[other] { $n } Fälle brauchen Aufmerksamkeit.
}
digest-card = neu
digest-reopen = wieder offen: noch eine schlechte Antwort
digest-wake = wieder wach
digest-overdue = überfällig: von niemandem übernommen
digest-contact_overdue = überfällig: Kunde nicht kontaktiert
digest-lease_expired = wieder in der Warteschlange: übernommen, dann liegen geblieben
digest-due_contact = Kunde zu kontaktieren
digest-due_acknowledge = zu übernehmen
nudge-acknowledge = { $case } wartet auf Sie: bitte übernehmen bis { $when }. { $matter }.
nudge-contact = { $case }: Bitte den Kunden kontaktieren bis { $when }. { $matter }.
nudge-contact-overdue = { $case } ist überfällig: Der Kunde wurde noch nicht kontaktiert (zuständig: { $owner }). { $matter }.

## Viele Fälle als einer erzählt
roll-up-head = { $n ->
    [one] { $n } weiterer Fall
   *[other] { $n } weitere Fälle
}
roll-up-incident = { $n ->
    [one] Vorfall { $incident }: { $n } Fall zu { $what }
   *[other] Vorfall { $incident }: { $n } Fälle zu { $what }
}
roll-up-since = seit { $when }
roll-up-why = Sie kamen zu schnell für je eine Karte; alle Zuständigen erfahren es direkt.
roll-up-why-incident = Viele Kunden, eine Ursache? Alle Zuständigen erfahren es direkt.
roll-up-stays = Diese Liste bleibt aktuell; ein Fall, der kritisch wird, bekommt eine eigene Karte.
roll-up-show = Fall zeigen…
roll-up-shown = { $case } kommt als eigene Karte.
roll-up-shown-before = { $case } hat schon eine eigene Karte.
roll-up-resolve-all = Alle lösen…
title-resolve-all = Alle lösen
resolve-all-question = { $n ->
    [one] { $n } Fall von Vorfall { $incident } ist offen. Er bekommt diese Ursache und Notiz, wenn Sie ihn lösen dürfen.
   *[other] { $n } Fälle von Vorfall { $incident } sind offen. Alle, die Sie lösen dürfen, bekommen diese Ursache und Notiz.
}
resolve-mine-question = { $n ->
    [one] { $n } Ihrer Fälle in Vorfall { $incident } ist offen. Er bekommt diese Ursache und Notiz.
   *[other] { $n } Ihrer Fälle in Vorfall { $incident } sind offen. Sie bekommen alle diese Ursache und Notiz.
}
resolve-all-none = Kein Fall dieses Vorfalls ist noch offen.
resolve-all-done = Gelöst: { $n }.
resolve-all-refused = Nicht gelöst: { $n }. Jemand anders ist daran, oder sie haben sich gerade geändert: { $cases }.
resolve-all-left = Noch offen: { $n }. Drücken Sie für sie noch einmal.
case-incident = Teil von Vorfall { $incident }

## E-mails
mail-why = Diese Nachricht kommt per E-Mail, weil Slack sie nicht angenommen hat.

## Why a rule flagged somebody
reason-given = { $metric } { $score } auf { $scale }
reason-given-low = { $metric } { $score } auf { $scale } (niedrig ist gut)
reason-below = { $given } liegt bei { $limit } oder darunter.
reason-above = { $given } liegt bei { $limit } oder darüber.
reason-as-below = { $given } ist so schlecht wie { $limit } oder darunter auf { $scale }.
reason-as-above = { $given } ist so schlecht wie { $limit } oder darüber auf { $scale }.
reason-asks = Der Kunde bittet um Kontakt.
reason-words = Der Kommentar enthält Wörter, nach denen die Regel { $rule } sucht.
reason-praise = Lobende Worte, aber { $given }: bitte prüfen.
reason-anger = Verärgerte Worte, aber { $given }: bitte prüfen.
reason-silent = { $n ->
    [one] { $n } fehlgeschlagener Kontaktpunkt innerhalb von { $span } und keine Antwort: { $tally }.
   *[other] { $n } fehlgeschlagene Kontaktpunkte innerhalb von { $span } und keine Antwort: { $tally }.
}
reason-repeated = { $n ->
    [one] { $n } schlechte Antwort innerhalb von { $span }: { $tally }.
   *[other] { $n } schlechte Antworten innerhalb von { $span }: { $tally }.
}
reason-won-back = Die nächste Antwort des Kunden ist nicht mehr schlecht: { $given }.
reason-won-back-unsaid = Die nächste Antwort des Kunden ist nicht mehr schlecht.
reason-measured = { $what } über { $window }
reason-failures = Anteil fehlgeschlagener Kontaktpunkte
reason-reading = { $value } (95-%-Intervall { $low } bis { $high }, n = { $count })
reason-nothing = nichts (n = 0)
reason-fell = { $what }: gefallen auf { $after } von { $before } im Rest der letzten { $span }; { $errors } Standardfehler, mehr als Zufall erklärt.
reason-rose = { $what }: gestiegen auf { $after } von { $before } im Rest der letzten { $span }; { $errors } Standardfehler, mehr als Zufall erklärt.
reason-recovered = { $what }: wieder bei { $after }; vorher { $level }.
reason-settled = { $what }: seit { $span } fern von { $level }, jetzt { $after }; das gilt von nun an als üblich.
reason-touchpoints = Kontaktpunkte
reason-answers = Antworten zu { $metric }
reason-stopped = { $things }: { $seen } seit { $since }, üblich sind etwa { $expected }.
reason-returned = { $things } kommen wieder, nach einer Stille seit { $since }.
reason-given-up = { $n ->
    [one] { $things }: seit { $n } Tag kaum etwas, seit { $since }; es wird nichts mehr erwartet.
   *[other] { $things }: seit { $n } Tagen kaum etwas, seit { $since }; es wird nichts mehr erwartet.
}
