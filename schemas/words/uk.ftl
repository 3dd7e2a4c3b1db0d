## States and severities
state-open = відкрито
state-acknowledged = у роботі
state-contacted = зв’язалися
state-snoozed = відкладено
state-resolved = вирішено
state-dismissed = не скарга
state-metric-acknowledged = вивчається
state-metric-dismissed = хибна тривога
state-to-check = перевірити
state-overdue = прострочено
severity-critical = критично
severity-high = терміново
severity-normal = звичайно

## Buttons and menus: at most 75 characters
action-acknowledge = Беру
action-contact = Зв’язалися…
action-resolve = Вирішено…
action-snooze = Відкласти
action-wake = Повернути в роботу
action-reassign = Передати…
action-reopen = Відкрити знову…
action-dismiss = Не скарга…
action-take-over = Забрати собі…
action-metric-acknowledge = Подивлюся
action-metric-dismiss = Хибна тривога…
look-answer = Показати всю відповідь
look-why = Чому я?
look-silence = Приглушити схожі…
snooze-1h = На 1 годину
snooze-4h = На 4 години
snooze-tomorrow = До завтра, 9:00
snooze-pick = Вибрати час…

## What happened, and to whom
what-metric = тривога за метрикою
what-recovered = знову в нормі
what-silent = мовчить після збоїв
what-score = { $metric } { $score } з { $most }
what-score-low = { $metric } { $score } з { $most } (що менше, то краще)
metric-outcome = Невдалі взаємодії
metric-unnamed = оцінка
customer-unnamed = клієнт
nobody-yet = поки ніхто
colleague = хтось із колег
yes = так
no = ні

## A card
lead-customer = Незадоволений клієнт
lead-silent = Клієнт замовк
lead-quiet = Перевірте, коли буде час
lead-metric = Тривога за метрикою
lead-metric-quiet = Метрика: погляньте
lead-recovered = Знову в нормі
matter-said = { $matter } – «{ $said }»
quoted = «{ $said }»
summary = { $lead }: { $matter }. Відповідальний: { $owner }.
summary-state = { $lead } ({ $state }): { $matter }. Відповідальний: { $owner }.
summary-closed = { $case }, { $state }: { $matter }.
summary-due = { $summary } { $due }.
due-reply = відповісти до { $when }
due-look = подивитися до { $when }
due-resolve = вирішити до { $when }
due-asleep = відкладено до { $when }
not-taken = ніхто не взяв вчасно
no-hurry = не терміново
silenced-until = Схожі сигнали без сповіщень до { $when }: { $reason }
bad-answers = { $n ->
    [one] { $n } погана відповідь
    [few] { $n } погані відповіді
   *[many] { $n } поганих відповідей
}
alarms = { $n ->
    [one] { $n } тривога
    [few] { $n } тривоги
   *[many] { $n } тривог
}
fact-touchpoint = Точка контакту
fact-channel = Канал
fact-language = Мова
fact-contact-requested = Просить зв’язатися
rule = Правило { $rule }
normal-since = знову в нормі з { $when }
customer-back = клієнт знову задоволений: { $said }, { $when }
normal-since-said = Знову в нормі з { $when }: { $said }
step-acknowledge = у роботі з { $when }: { $actor }
step-acknowledge-owner = у роботі з { $when }
step-contact = зв’язалися { $when }
step-contact-how = зв’язалися { $how ->
    [phone] телефоном
    [email] поштою
    [chat] у чаті
    [in_person] особисто
    [letter] листом
   *[other] ({ $how })
} { $when }
step-lease-expired = знову в черзі: з клієнтом не зв’язалися вчасно
step-metric-lease-expired = знову в черзі: не вирішено вчасно
step-wake = знову активно з { $when }
step-reopen = відкрито знову: { $actor }
step-reopen-answered = відкрито знову: клієнт знову незадоволений
step-reassign = передано: { $actor }
step-snooze = відкладено: { $actor }
closed-by = { $state } ({ $actor })
closed-dismissed-by = позначено як «не скарга» ({ $actor })
closed-metric-dismissed-by = позначено як хибна тривога ({ $actor })
closed-after = за { $span }
customer-told = клієнт знає
customer-not-told = клієнта ще не повідомили
handed-over = { $case } тепер веде { $owner } ({ $state }): { $matter }.
span-days = { $n } д
span-hours = { $n } год
span-minutes = { $n } хв

## Reminders
reminder-wake = { $case } знову активно. { $matter }.
reminder-lease-expired = { $case } знову в черзі: узято в роботу ({ $owner }), але з клієнтом не зв’язалися вчасно. { $matter }.
reminder-metric-lease-expired = { $case } знову в черзі: узято в роботу ({ $owner }), але не вирішено вчасно. { $matter }.
reminder-overdue = { $case } прострочено: ніхто ще не взяв у роботу (відповідальний: { $owner }). { $matter }.
reminder-reopen = { $case } знову відкрито: клієнт знову незадоволений. { $matter }.
reminder-taken-over = { $case } перейшло в інші руки: тепер цим займається { $owner }. { $matter }.

## Root causes and ways of contact: at most 75 characters
cause-late_delivery = Запізнилася доставка
cause-damaged = Пошкоджений або не той товар
cause-product_quality = Якість продукту
cause-billing = Рахунок або повернення коштів
cause-support = Робота підтримки
cause-usability = Незручно користуватися
cause-expectation = Хибні очікування
cause-other = Інше
how-phone = Телефон
how-email = Пошта
how-chat = Чат
how-in_person = Особисто
how-letter = Лист

## Dialogs: titles and their buttons at most 24 characters
title-contact = Зв’язалися з клієнтом
title-resolve = Вирішено
title-reassign = Передати
title-snooze = Відкласти
title-silence = Без сповіщень
title-silenced = Приглушено
title-dismiss = Не скарга
title-metric-dismiss = Хибна тривога
title-reopen = Відкрити знову
title-take-over = Забрати собі
title-answer = Уся відповідь
title-why = Чому ви
title-not-done = Не виконано
submit-contact = Зберегти
submit-resolve = Вирішено
submit-reassign = Передати
submit-snooze = Відкласти
submit-silence = Приглушити
submit-dismiss = Закрити звернення
submit-reopen = Відкрити знову
submit-take-over = Забрати собі
title-cancel = Скасувати
title-close = Закрити
label-how = Як зв’язалися?
label-said = Про що говорили
label-done = Що зроблено
label-for-owner = Пояснення для нового відповідального
label-why = Чому
label-why-dismissed = Чому це не скарга?
label-why-false-alarm = Чому це хибна тривога?
label-cause = Що пішло не так?
label-owner = Кому передати?
label-until = До якого часу?
label-which = Сигнали, для яких правдиве все це
label-reason = Чому
hint-silence = Звернення створюються як завжди. Повідомлення про них чекають до цього часу, і строки рахуються від нього.
label-follow-up = Повернутися до звернення
hint-follow-up = До цього часу звернення відкладено, потім прийде нагадування.
label-told = Клієнта повідомили?
option-told = Клієнт знає, що зроблено
choose-one = Виберіть
choose-colleague = Виберіть колегу
take-over-question = Зараз зверненням займається { $owner }. Забрати його собі?
no-words = Клієнт нічого не написав.
answered = Відповідь отримано { $when }
why-rule = Правило { $rule }: { $reason }
why-routed = Одержувач { $receiver }, відповідальний { $owner }, важливість: { $severity }.
why-acknowledge-by = Узяти в роботу до { $when }
why-contact-by = Зв’язатися з клієнтом до { $when }
why-resolve-by = Вирішити до { $when }
why-no-hurry = Не терміново: нагадувань не буде.

## What is wrong in a dialog
error-how = Вкажіть, як зв’язалися з клієнтом.
error-why = Вкажіть причину.
error-which = Виберіть щонайменше одне.
silence-done = { $name } діє до { $when }. Під це підпадають відкриті звернення: { $cases } з { $all }, і сигнали за останні 7 днів: { $alerts } з { $of }. Завершити можна в App Home або в консолі.
silence-known = Це вже зроблено.
silence-everything = ⚠️ Це все, що було: ніхто ні про що не дізнається.
error-cause = Вкажіть, що пішло не так.
error-owner = Виберіть, кому передати звернення.
error-owner-unknown = Цього колеги немає серед людей у loop.yaml. Виберіть іншого.
error-owner-has-it = Зверненням уже займається { $name }. Виберіть іншого колегу.
error-owner-self = Щоб узяти собі, натисніть «{ $button }». Тут виберіть іншого колегу.
error-owner-away = { $name } зараз не на роботі. Заміщує { $deputy }: виберіть цього колегу.
error-owner-away-alone = { $name } зараз не на роботі. Виберіть іншого колегу.
error-date = Виберіть дату й час.
error-date-past = Цей час уже минув. Виберіть пізніший.
error-date-far = { $n ->
    [one] Не далі ніж через { $n } день.
    [few] Не далі ніж через { $n } дні.
   *[many] Не далі ніж через { $n } днів.
}
error-long = { $n ->
    [one] Не довше за { $n } символ.
    [few] Не довше за { $n } символи.
   *[many] Не довше за { $n } символів.
}

## What a person is told when something did not happen
gone = Цього звернення більше немає.
stale = { $case } вже змінилося: { $happened }. Нічого не зроблено; вигляд оновиться.
stale-unsaid = { $case } вже змінилося. Нічого не зроблено; вигляд оновиться.
not-allowed = Зараз цього зробити не можна. { $case }: { $state }.
not-allowed-since = Зараз цього зробити не можна. { $case }: { $state } ({ $happened }).
other-open-case = У цього клієнта вже є відкрите звернення: { $case }. Продовжте в ньому.
other-open-metric-case = За цією метрикою вже є відкрите звернення: { $case }. Продовжте в ньому.
refused-stranger = Я вас ще не знаю. Попросіть того, хто веде loop.yaml, додати вас із вашим Slack-id { $user }.
refused-only = Зараз із { $case } це можуть зробити лише { $people }. Зверніться до них.
refused-one = Зараз із { $case } це може зробити лише { $people }. Домовтеся напряму.
refused-nobody = Зараз цього не може зробити ніхто. { $case }: { $state }.
refused-closed-long = { $n ->
    [one] { $case } закрито понад { $n } день тому, і воно залишиться закритим. Нова погана відповідь відкриє нове звернення.
    [few] { $case } закрито понад { $n } дні тому, і воно залишиться закритим. Нова погана відповідь відкриє нове звернення.
   *[many] { $case } закрито понад { $n } днів тому, і воно залишиться закритим. Нова погана відповідь відкриє нове звернення.
}
dialog-not-opened = Вікно для { $case } не відкрилося. Натисніть ще раз.
did-acknowledge = { $by ->
    [you] ви взяли це в роботу { $ago }
   *[other] у роботу взято { $ago } ({ $who })
}
did-contact = { $by ->
    [you] ви зв’язалися з клієнтом { $ago }
   *[other] з клієнтом зв’язалися { $ago } ({ $who })
}
did-resolve = { $by ->
    [you] ви закрили це { $ago }
   *[other] вирішено { $ago } ({ $who })
}
did-reassign = { $by ->
    [you] ви передали це { $ago }
   *[other] передано { $ago } ({ $who })
}
did-snooze = { $by ->
    [you] ви відклали це { $ago }
   *[other] відкладено { $ago } ({ $who })
}
did-wake = { $by ->
    [you] ви повернули це в роботу { $ago }
   *[other] повернено в роботу { $ago } ({ $who })
}
did-reopen = { $by ->
    [you] ви відкрили це знову { $ago }
   *[other] відкрито знову { $ago } ({ $who })
}
did-dismiss = { $by ->
    [you] ви позначили це як «не скарга» { $ago }
   *[other] позначено як «не скарга» { $ago } ({ $who })
}
did-metric-dismiss = { $by ->
    [you] ви позначили це як хибну тривогу { $ago }
   *[other] позначено як хибна тривога { $ago } ({ $who })
}
event-opened = відкрито { $ago }
event-joined = від клієнта надійшов новий сигнал { $ago }
event-metric-joined = нова тривога { $ago }
event-recovered = метрика повернулася до норми { $ago }
event-lease-expired = повернено в чергу { $ago }
event-woke = знову активно, { $ago }
event-other = змінено { $ago }
ago-now = щойно
ago-minutes = { $n } хв тому
ago-hours = { $n } год тому
ago-days = { $n ->
    [one] { $n } день тому
    [few] { $n } дні тому
   *[many] { $n } днів тому
}

## App Home
home-title = Ваші звернення
home-overdue = Прострочено ({ $n })
home-open = Відкрито ({ $n })
home-snoozed = Відкладено ({ $n })
home-silences = Приглушені сигнали ({ $n })
home-silence = { $name } до { $when }, { $who }: { $reason } – { $n ->
    [one] чекає { $n } звернення
    [few] чекають { $n } звернення
   *[many] чекають { $n } звернень
}
home-silence-end = Завершити
home-more = { $n ->
    [one] і ще { $n }
    [few] і ще { $n }
   *[many] і ще { $n }
}
home-all = усі звернення
home-empty = На вас нічого не чекає. Можна видихнути.
home-hours = Ваш робочий час: { $hours } ({ $zone })
home-always = Ваш робочий час: цілодобово
home-away = За вашим записом вас немає на роботі: нові звернення до вас не надходять.
home-stranger = Я вас ще не знаю. Попросіть того, хто веде loop.yaml, додати вас із вашим Slack-id { $user }: тоді тут з’являться ваші звернення.

## The morning's list, and a word before a promise breaks
digest-mine = { $n ->
    [one] Доброго ранку! На вас чекає { $n } звернення.
    [few] Доброго ранку! На вас чекають { $n } звернення.
   *[many] Доброго ранку! На вас чекають { $n } звернень.
}
digest-others = { $n ->
    [one] Доброго ранку! Чекає { $n } звернення ({ $people }).
    [few] Доброго ранку! Чекають { $n } звернення ({ $people }).
   *[many] Доброго ранку! Чекають { $n } звернень ({ $people }).
}
gathered-head = { $n ->
    [one] { $n } звернення потребує уваги.
    [few] { $n } звернення потребують уваги.
   *[many] { $n } звернень потребують уваги.
}
digest-card = нове
digest-reopen = знову відкрито: ще одна погана відповідь
digest-wake = знову активно
digest-overdue = прострочено: ніхто не взяв
digest-contact_overdue = прострочено: з клієнтом не зв’язалися
digest-lease_expired = знову в черзі: узято й залишено
digest-due_contact = зв’язатися з клієнтом
digest-due_acknowledge = час узяти в роботу
nudge-acknowledge = { $case } чекає на вас: візьміть у роботу до { $when }. { $matter }.
nudge-contact = { $case }: зв’яжіться з клієнтом до { $when }. { $matter }.
nudge-contact-overdue = { $case } прострочено: з клієнтом ще не зв’язалися (відповідальний: { $owner }). { $matter }.

## Багато звернень в одному повідомленні
roll-up-head = { $n ->
    [one] Ще { $n } звернення
    [few] Ще { $n } звернення
   *[many] Ще { $n } звернень
}
roll-up-incident = { $n ->
    [one] Інцидент { $incident }: { $n } звернення – { $what }
    [few] Інцидент { $incident }: { $n } звернення – { $what }
   *[many] Інцидент { $incident }: { $n } звернень – { $what }
}
roll-up-since = з { $when }
roll-up-why = Вони надійшли зашвидко для окремих карток; кожному відповідальному повідомляється особисто.
roll-up-why-incident = Багато клієнтів – одна причина? Кожному відповідальному повідомляється особисто.
roll-up-stays = Список оновлюється сам; звернення, що стало критичним, отримує окрему картку.
roll-up-show = Показати звернення…
roll-up-shown = { $case } надійде окремою карткою.
roll-up-shown-before = { $case } вже має окрему картку.
roll-up-resolve-all = Вирішити всі…
title-resolve-all = Вирішити всі
resolve-all-question = { $n ->
    [one] В інциденті { $incident } відкрито { $n } звернення. Воно отримає цю причину й нотатку, якщо ви маєте право його закрити.
    [few] В інциденті { $incident } відкрито { $n } звернення. Ті, що ви маєте право закрити, отримають цю причину й нотатку.
   *[many] В інциденті { $incident } відкрито { $n } звернень. Ті, що ви маєте право закрити, отримають цю причину й нотатку.
}
resolve-mine-question = { $n ->
    [one] В інциденті { $incident } відкрито { $n } ваше звернення. Воно отримає цю причину й нотатку.
    [few] В інциденті { $incident } відкрито { $n } ваші звернення. Усі вони отримають цю причину й нотатку.
   *[many] В інциденті { $incident } відкрито { $n } ваших звернень. Усі вони отримають цю причину й нотатку.
}
resolve-all-none = У цьому інциденті більше немає відкритих звернень.
resolve-all-done = Вирішено: { $n }.
resolve-all-refused = Не вирішено: { $n }. Ними займається хтось інший, або вони щойно змінилися: { $cases }.
resolve-all-left = Ще відкрито: { $n }. Натисніть кнопку ще раз.
case-incident = частина інциденту { $incident }

## E-mails
mail-why = Це повідомлення надійшло електронною поштою, бо Slack його не прийняв.

## Why a rule flagged somebody
reason-given = { $metric } { $score } за шкалою { $scale }
reason-given-low = { $metric } { $score } за шкалою { $scale } (що менше, то краще)
reason-below = { $given }: не вище порога { $limit }.
reason-above = { $given }: не нижче порога { $limit }.
reason-as-below = { $given }: так само погано, як { $limit } або нижче за шкалою { $scale }.
reason-as-above = { $given }: так само погано, як { $limit } або вище за шкалою { $scale }.
reason-asks = Клієнт просить зв’язатися з ним.
reason-words = У коментарі є слова з правила { $rule }.
reason-praise = Слова похвали, але { $given }: треба перевірити.
reason-anger = Слова обурення, але { $given }: треба перевірити.
reason-silent = { $n ->
    [one] { $n } невдала взаємодія за { $span }, і жодної відповіді: { $tally }.
    [few] { $n } невдалі взаємодії за { $span }, і жодної відповіді: { $tally }.
   *[many] { $n } невдалих взаємодій за { $span }, і жодної відповіді: { $tally }.
}
reason-repeated = { $n ->
    [one] { $n } погана відповідь за { $span }: { $tally }.
    [few] { $n } погані відповіді за { $span }: { $tally }.
   *[many] { $n } поганих відповідей за { $span }: { $tally }.
}
reason-won-back = Наступна відповідь клієнта вже не погана: { $given }.
reason-won-back-unsaid = Наступна відповідь клієнта вже не погана.
reason-measured = { $what } за { $window }
reason-failures = Частка невдалих взаємодій
reason-reading = { $value } (95-% інтервал від { $low } до { $high }, n = { $count })
reason-nothing = нічого (n = 0)
reason-fell = { $what }: зниження до { $after } з { $before } за решту останніх { $span }; { $errors } стандартної похибки, більше, ніж пояснить випадковість.
reason-rose = { $what }: зростання до { $after } з { $before } за решту останніх { $span }; { $errors } стандартної похибки, більше, ніж пояснить випадковість.
reason-recovered = { $what }: знову { $after }; раніше було { $level }.
reason-settled = { $what }: уже { $span } далеко від { $level }, зараз { $after }; тепер цей рівень вважається звичайним.
reason-touchpoints = взаємодії
reason-answers = відповіді на { $metric }
reason-stopped = Зникли { $things }: з { $since } надійшло { $seen }, зазвичай близько { $expected }.
reason-returned = Знову надходять { $things } після тиші з { $since }.
reason-given-up = { $n ->
    [one] Майже не надходять { $things }: уже { $n } день, з { $since }; більше на них не чекаємо.
    [few] Майже не надходять { $things }: уже { $n } дні, з { $since }; більше на них не чекаємо.
   *[many] Майже не надходять { $things }: уже { $n } днів, з { $since }; більше на них не чекаємо.
}
