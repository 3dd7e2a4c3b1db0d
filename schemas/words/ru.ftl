## States and severities
state-open = открыто
state-acknowledged = в работе
state-contacted = связались
state-snoozed = отложено
state-resolved = решено
state-dismissed = не жалоба
state-metric-acknowledged = изучается
state-metric-dismissed = ложная тревога
state-to-check = проверить
state-overdue = просрочено
severity-critical = критично
severity-high = срочно
severity-normal = обычно

## Buttons and menus: at most 75 characters
action-acknowledge = Беру
action-contact = Связались…
action-resolve = Решено…
action-snooze = Отложить
action-wake = Вернуть в работу
action-reassign = Передать…
action-reopen = Открыть снова…
action-dismiss = Не жалоба…
action-take-over = Забрать себе…
action-metric-acknowledge = Посмотрю
action-metric-dismiss = Ложная тревога…
look-answer = Показать ответ целиком
look-why = Почему я?
look-silence = Заглушить похожие…
snooze-1h = На 1 час
snooze-4h = На 4 часа
snooze-tomorrow = До завтра, 9:00
snooze-pick = Выбрать время…

## What happened, and to whom
what-metric = тревога по метрике
what-recovered = снова в норме
what-silent = молчит после сбоев
what-score = { $metric } { $score } из { $most }
what-score-low = { $metric } { $score } из { $most } (чем меньше, тем лучше)
metric-outcome = Неудачные касания
metric-unnamed = оценка
customer-unnamed = клиент
nobody-yet = пока никто
colleague = кто-то из коллег
yes = да
no = нет

## A card
lead-customer = Недовольный клиент
lead-silent = Клиент замолчал
lead-quiet = Проверьте, когда будет время
lead-metric = Тревога по метрике
lead-metric-quiet = Метрика: взгляните
lead-recovered = Снова в норме
matter-said = { $matter } – «{ $said }»
quoted = «{ $said }»
summary = { $lead }: { $matter }. Ответственный: { $owner }.
summary-state = { $lead } ({ $state }): { $matter }. Ответственный: { $owner }.
summary-closed = { $case }, { $state }: { $matter }.
summary-due = { $summary } { $due }.
due-reply = ответить до { $when }
due-look = посмотреть до { $when }
due-resolve = решить до { $when }
due-asleep = отложено до { $when }
not-taken = никто не взял вовремя
no-hurry = не срочно
silenced-until = Похожие сигналы без оповещений до { $when }: { $reason }
bad-answers = { $n ->
    [one] { $n } плохой ответ
    [few] { $n } плохих ответа
   *[many] { $n } плохих ответов
}
alarms = { $n ->
    [one] { $n } тревога
    [few] { $n } тревоги
   *[many] { $n } тревог
}
fact-touchpoint = Точка контакта
fact-channel = Канал
fact-language = Язык
fact-contact-requested = Просит связаться
rule = Правило { $rule }
normal-since = снова в норме с { $when }
customer-back = клиент снова доволен: { $said }, { $when }
normal-since-said = Снова в норме с { $when }: { $said }
step-acknowledge = в работе с { $when }: { $actor }
step-acknowledge-owner = в работе с { $when }
step-contact = связались { $when }
step-contact-how = связались { $how ->
    [phone] по телефону
    [email] по почте
    [chat] в чате
    [in_person] лично
    [letter] письмом
   *[other] ({ $how })
} { $when }
step-lease-expired = снова в очереди: с клиентом не связались вовремя
step-metric-lease-expired = снова в очереди: не решено вовремя
step-wake = снова активно с { $when }
step-reopen = открыто снова: { $actor }
step-reopen-answered = открыто снова: клиент опять недоволен
step-reassign = передано: { $actor }
step-snooze = отложено: { $actor }
closed-by = { $state } ({ $actor })
closed-dismissed-by = отмечено как «не жалоба» ({ $actor })
closed-metric-dismissed-by = отмечено как ложная тревога ({ $actor })
closed-after = за { $span }
customer-told = клиент знает
customer-not-told = клиенту ещё не сообщили
handed-over = { $case } теперь ведёт { $owner } ({ $state }): { $matter }.
span-days = { $n } д
span-hours = { $n } ч
span-minutes = { $n } мин

## Reminders
reminder-wake = { $case } снова активно. { $matter }.
reminder-lease-expired = { $case } снова в очереди: в работу взято ({ $owner }), но с клиентом не связались вовремя. { $matter }.
reminder-metric-lease-expired = { $case } снова в очереди: в работу взято ({ $owner }), но не решено вовремя. { $matter }.
reminder-overdue = { $case } просрочено: никто ещё не взял в работу (ответственный: { $owner }). { $matter }.
reminder-reopen = { $case } снова открыто: клиент опять недоволен. { $matter }.
reminder-taken-over = { $case } перешло в другие руки: теперь этим занимается { $owner }. { $matter }.

## Root causes and ways of contact: at most 75 characters
cause-late_delivery = Опоздала доставка
cause-damaged = Повреждённый или не тот товар
cause-product_quality = Качество продукта
cause-billing = Счёт или возврат денег
cause-support = Работа поддержки
cause-usability = Неудобно пользоваться
cause-expectation = Неверные ожидания
cause-other = Другое
how-phone = Телефон
how-email = Почта
how-chat = Чат
how-in_person = Лично
how-letter = Письмо

## Dialogs: titles and their buttons at most 24 characters
title-contact = Связались с клиентом
title-resolve = Решено
title-reassign = Передать
title-snooze = Отложить
title-silence = Без оповещений
title-silenced = Заглушено
title-dismiss = Не жалоба
title-metric-dismiss = Ложная тревога
title-reopen = Открыть снова
title-take-over = Забрать себе
title-answer = Ответ целиком
title-why = Почему вы
title-not-done = Не выполнено
submit-contact = Сохранить
submit-resolve = Решено
submit-reassign = Передать
submit-snooze = Отложить
submit-silence = Заглушить
submit-dismiss = Закрыть обращение
submit-reopen = Открыть снова
submit-take-over = Забрать себе
title-cancel = Отмена
title-close = Закрыть
label-how = Как связались?
label-said = О чём говорили
label-done = Что сделано
label-for-owner = Пояснение для нового ответственного
label-why = Почему
label-why-dismissed = Почему это не жалоба?
label-why-false-alarm = Почему это ложная тревога?
label-cause = Что пошло не так?
label-owner = Кому передать?
label-until = До какого времени?
label-which = Сигналы, для которых верно всё это
label-reason = Почему
hint-silence = Обращения создаются как всегда. Сообщения о них ждут до этого времени, и сроки отсчитываются от него.
label-follow-up = Вернуться к обращению
hint-follow-up = До этого времени обращение отложено, потом придёт напоминание.
label-told = Клиенту сообщили?
option-told = Клиент знает, что сделано
choose-one = Выберите
choose-colleague = Выберите коллегу
take-over-question = Сейчас обращением занимается { $owner }. Забрать его себе?
no-words = Клиент ничего не написал.
answered = Ответ получен { $when }
why-rule = Правило { $rule }: { $reason }
why-routed = Получатель { $receiver }, ответственный { $owner }, важность: { $severity }.
why-acknowledge-by = Взять в работу до { $when }
why-contact-by = Связаться с клиентом до { $when }
why-resolve-by = Решить до { $when }
why-no-hurry = Не срочно: напоминаний не будет.

## What is wrong in a dialog
error-how = Укажите, как связались с клиентом.
error-why = Укажите причину.
error-which = Выберите хотя бы одно.
silence-done = { $name } действует до { $when }. Под это подпадают открытые обращения: { $cases } из { $all }, и сигналы за последние 7 дней: { $alerts } из { $of }. Завершить можно в App Home или в консоли.
silence-known = Это уже сделано.
silence-everything = ⚠️ Это всё, что было: никто ни о чём не узнает.
error-cause = Укажите, что пошло не так.
error-owner = Выберите, кому передать обращение.
error-owner-unknown = Этого коллеги нет среди людей в loop.yaml. Выберите другого.
error-owner-has-it = Обращением уже занимается { $name }. Выберите другого коллегу.
error-owner-self = Чтобы взять себе, нажмите «{ $button }». Здесь выберите другого коллегу.
error-owner-away = { $name } сейчас отсутствует. Замещает { $deputy }: выберите этого коллегу.
error-owner-away-alone = { $name } сейчас отсутствует. Выберите другого коллегу.
error-date = Выберите дату и время.
error-date-past = Это время уже прошло. Выберите более позднее.
error-date-far = { $n ->
    [one] Не дальше чем через { $n } день.
    [few] Не дальше чем через { $n } дня.
   *[many] Не дальше чем через { $n } дней.
}
error-long = { $n ->
    [one] Не длиннее { $n } символа.
    [few] Не длиннее { $n } символов.
   *[many] Не длиннее { $n } символов.
}

## What a person is told when something did not happen
gone = Этого обращения больше нет.
stale = { $case } уже изменилось: { $happened }. Ничего не сделано; вид обновится.
stale-unsaid = { $case } уже изменилось. Ничего не сделано; вид обновится.
not-allowed = Сейчас это сделать нельзя. { $case }: { $state }.
not-allowed-since = Сейчас это сделать нельзя. { $case }: { $state } ({ $happened }).
other-open-case = У этого клиента уже есть открытое обращение: { $case }. Продолжите в нём.
other-open-metric-case = По этой метрике уже есть открытое обращение: { $case }. Продолжите в нём.
refused-stranger = Я вас ещё не знаю. Попросите того, кто ведёт loop.yaml, добавить вас с вашим Slack-id { $user }.
refused-only = Сейчас с { $case } это могут сделать только { $people }. Обратитесь к ним.
refused-one = Сейчас с { $case } это может сделать только { $people }. Договоритесь напрямую.
refused-nobody = Сейчас это не может сделать никто. { $case }: { $state }.
refused-closed-long = { $n ->
    [one] { $case } закрыто больше { $n } дня назад и останется закрытым. Новый плохой ответ откроет новое обращение.
    [few] { $case } закрыто больше { $n } дней назад и останется закрытым. Новый плохой ответ откроет новое обращение.
   *[many] { $case } закрыто больше { $n } дней назад и останется закрытым. Новый плохой ответ откроет новое обращение.
}
dialog-not-opened = Окно для { $case } не открылось. Нажмите ещё раз.
did-acknowledge = { $by ->
    [you] вы взяли это в работу { $ago }
   *[other] в работу взято { $ago } ({ $who })
}
did-contact = { $by ->
    [you] вы связались с клиентом { $ago }
   *[other] с клиентом связались { $ago } ({ $who })
}
did-resolve = { $by ->
    [you] вы закрыли это { $ago }
   *[other] решено { $ago } ({ $who })
}
did-reassign = { $by ->
    [you] вы передали это { $ago }
   *[other] передано { $ago } ({ $who })
}
did-snooze = { $by ->
    [you] вы отложили это { $ago }
   *[other] отложено { $ago } ({ $who })
}
did-wake = { $by ->
    [you] вы вернули это в работу { $ago }
   *[other] возвращено в работу { $ago } ({ $who })
}
did-reopen = { $by ->
    [you] вы открыли это снова { $ago }
   *[other] открыто снова { $ago } ({ $who })
}
did-dismiss = { $by ->
    [you] вы отметили это как «не жалоба» { $ago }
   *[other] отмечено как «не жалоба» { $ago } ({ $who })
}
did-metric-dismiss = { $by ->
    [you] вы отметили это как ложную тревогу { $ago }
   *[other] отмечено как ложная тревога { $ago } ({ $who })
}
event-opened = открыто { $ago }
event-joined = от клиента пришёл новый сигнал { $ago }
event-metric-joined = новая тревога { $ago }
event-recovered = метрика вернулась в норму { $ago }
event-lease-expired = возвращено в очередь { $ago }
event-woke = снова активно, { $ago }
event-other = изменено { $ago }
ago-now = только что
ago-minutes = { $n } мин назад
ago-hours = { $n } ч назад
ago-days = { $n ->
    [one] { $n } день назад
    [few] { $n } дня назад
   *[many] { $n } дней назад
}

## App Home
home-title = Ваши обращения
home-overdue = Просрочено ({ $n })
home-open = Открыто ({ $n })
home-snoozed = Отложено ({ $n })
home-silences = Заглушённые сигналы ({ $n })
home-silence = { $name } до { $when }, { $who }: { $reason } – { $n ->
    [one] ждёт { $n } обращение
    [few] ждут { $n } обращения
   *[many] ждут { $n } обращений
}
home-silence-end = Завершить
home-more = { $n ->
    [one] и ещё { $n }
    [few] и ещё { $n }
   *[many] и ещё { $n }
}
home-all = все обращения
home-empty = Вас ничего не ждёт. Можно выдохнуть.
home-hours = Ваше рабочее время: { $hours } ({ $zone })
home-always = Ваше рабочее время: круглосуточно
home-away = По вашей записи вас сейчас нет на работе: новые обращения к вам не приходят.
home-stranger = Я вас ещё не знаю. Попросите того, кто ведёт loop.yaml, добавить вас с вашим Slack-id { $user }: тогда здесь появятся ваши обращения.

## The morning's list, and a word before a promise breaks
digest-mine = { $n ->
    [one] Доброе утро! Вас ждёт { $n } обращение.
    [few] Доброе утро! Вас ждут { $n } обращения.
   *[many] Доброе утро! Вас ждут { $n } обращений.
}
digest-others = { $n ->
    [one] Доброе утро! Ждёт { $n } обращение ({ $people }).
    [few] Доброе утро! Ждут { $n } обращения ({ $people }).
   *[many] Доброе утро! Ждут { $n } обращений ({ $people }).
}
gathered-head = { $n ->
    [one] { $n } обращение требует внимания.
    [few] { $n } обращения требуют внимания.
   *[many] { $n } обращений требуют внимания.
}
digest-card = новое
digest-reopen = снова открыто: ещё один плохой ответ
digest-wake = снова активно
digest-overdue = просрочено: никто не взял
digest-contact_overdue = просрочено: с клиентом не связались
digest-lease_expired = снова в очереди: взято и оставлено
digest-due_contact = связаться с клиентом
digest-due_acknowledge = пора взять в работу
nudge-acknowledge = { $case } ждёт вас: возьмите в работу до { $when }. { $matter }.
nudge-contact = { $case }: свяжитесь с клиентом до { $when }. { $matter }.
nudge-contact-overdue = { $case } просрочено: с клиентом ещё не связались (ответственный: { $owner }). { $matter }.

## Много обращений в одном сообщении
roll-up-head = { $n ->
    [one] Ещё { $n } обращение
    [few] Ещё { $n } обращения
   *[many] Ещё { $n } обращений
}
roll-up-incident = { $n ->
    [one] Инцидент { $incident }: { $n } обращение – { $what }
    [few] Инцидент { $incident }: { $n } обращения – { $what }
   *[many] Инцидент { $incident }: { $n } обращений – { $what }
}
roll-up-since = с { $when }
roll-up-why = Они пришли слишком быстро для отдельных карточек; каждому ответственному сообщается лично.
roll-up-why-incident = Много клиентов – одна причина? Каждому ответственному сообщается лично.
roll-up-stays = Список обновляется сам; обращение, ставшее критическим, получает отдельную карточку.
roll-up-show = Показать обращение…
roll-up-shown = { $case } придёт отдельной карточкой.
roll-up-shown-before = У { $case } уже есть отдельная карточка.
roll-up-resolve-all = Решить все…
title-resolve-all = Решить все
resolve-all-question = { $n ->
    [one] В инциденте { $incident } открыто { $n } обращение. Оно получит эту причину и заметку, если вы вправе его закрыть.
    [few] В инциденте { $incident } открыты { $n } обращения. Те, что вы вправе закрыть, получат эту причину и заметку.
   *[many] В инциденте { $incident } открыто { $n } обращений. Те, что вы вправе закрыть, получат эту причину и заметку.
}
resolve-mine-question = { $n ->
    [one] В инциденте { $incident } открыто { $n } ваше обращение. Оно получит эту причину и заметку.
    [few] В инциденте { $incident } открыты { $n } ваших обращения. Все они получат эту причину и заметку.
   *[many] В инциденте { $incident } открыто { $n } ваших обращений. Все они получат эту причину и заметку.
}
resolve-all-none = В этом инциденте больше нет открытых обращений.
resolve-all-done = Решено: { $n }.
resolve-all-refused = Не решено: { $n }. Ими занят кто-то другой, или они только что изменились: { $cases }.
resolve-all-left = Ещё открыто: { $n }. Нажмите кнопку ещё раз.
case-incident = часть инцидента { $incident }

## E-mails
mail-why = Это сообщение пришло по электронной почте, потому что Slack его не принял.

## Why a rule flagged somebody
reason-given = { $metric } { $score } по шкале { $scale }
reason-given-low = { $metric } { $score } по шкале { $scale } (чем меньше, тем лучше)
reason-below = { $given }: не выше порога { $limit }.
reason-above = { $given }: не ниже порога { $limit }.
reason-as-below = { $given }: так же плохо, как { $limit } или ниже по шкале { $scale }.
reason-as-above = { $given }: так же плохо, как { $limit } или выше по шкале { $scale }.
reason-asks = Клиент просит связаться с ним.
reason-words = В комментарии есть слова из правила { $rule }.
reason-praise = Слова похвалы, но { $given }: нужно проверить.
reason-anger = Слова возмущения, но { $given }: нужно проверить.
reason-silent = { $n ->
    [one] { $n } неудачное касание за { $span }, и ни одного ответа: { $tally }.
    [few] { $n } неудачных касания за { $span }, и ни одного ответа: { $tally }.
   *[many] { $n } неудачных касаний за { $span }, и ни одного ответа: { $tally }.
}
reason-repeated = { $n ->
    [one] { $n } плохой ответ за { $span }: { $tally }.
    [few] { $n } плохих ответа за { $span }: { $tally }.
   *[many] { $n } плохих ответов за { $span }: { $tally }.
}
reason-won-back = Следующий ответ клиента уже не плохой: { $given }.
reason-won-back-unsaid = Следующий ответ клиента уже не плохой.
reason-measured = { $what } за { $window }
reason-failures = Доля неудачных касаний
reason-reading = { $value } (95-% интервал от { $low } до { $high }, n = { $count })
reason-nothing = ничего (n = 0)
reason-fell = { $what }: снижение до { $after } с { $before } за остальную часть последних { $span }; { $errors } стандартной ошибки, больше, чем объяснит случайность.
reason-rose = { $what }: рост до { $after } с { $before } за остальную часть последних { $span }; { $errors } стандартной ошибки, больше, чем объяснит случайность.
reason-recovered = { $what }: снова { $after }; раньше было { $level }.
reason-settled = { $what }: уже { $span } вдали от { $level }, сейчас { $after }; теперь этот уровень считается обычным.
reason-touchpoints = касания
reason-answers = ответы на { $metric }
reason-stopped = Пропали { $things }: с { $since } пришло { $seen }, обычно около { $expected }.
reason-returned = Снова приходят { $things } после тишины с { $since }.
reason-given-up = { $n ->
    [one] Почти не приходят { $things }: уже { $n } день, с { $since }; больше их не ждём.
    [few] Почти не приходят { $things }: уже { $n } дня, с { $since }; больше их не ждём.
   *[many] Почти не приходят { $things }: уже { $n } дней, с { $since }; больше их не ждём.
}
