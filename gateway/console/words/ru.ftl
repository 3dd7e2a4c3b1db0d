## The frame
page-now = Сейчас
page-explore = Динамика
page-cases = Обращения
page-case = Обращение
page-themes = Темы
page-pipeline = Конвейер
page-silences = Тишина
page-incidents = Инциденты
sections = Разделы консоли
skip = К содержанию страницы
settings = Настройки
acting-as = Действовать как
nobody-chosen = пока никто
language = Язык
colours = Цвета
theme-auto = как в системе
theme-light = светлые
theme-dark = тёмные
sign-out = Выйти
sign-in = Войти
sign-in-with = Войти через { $provider }
sign-in-or-key = Или по ключу API:
sign-in-why = Этот шлюз просит ключ API.
sign-in-how = Ключ создаёт тот, кто ведёт closeloop:
api-key = Ключ API
refusal-title = Показать это нельзя ({ $status })
back-to-now = К первой странице
link-connecting = соединение
link-live = В эфире
link-lost = Соединяюсь снова
link-stale = Шлюз не отвечает. То, что вы видите, — на { "{time}" }.
just-now = сейчас
not-done = Сделать это не удалось.
event-clock = время событий
event-clock-title = Окна кончаются на самом новом событии, а не на часах на стене.
waiting-now = { $n ->
    [one] обращение ждёт
    [few] обращения ждут
   *[other] обращений ждут
}

## Metrics
metric-nps-title = Индекс готовности рекомендовать
metric-csat-title = Удовлетворённость клиентов
metric-ces-title = Усилие клиента, много — легко
metric-csi-title = Индекс удовлетворённости
metric-outcome = Сбои
metric-outcome-title = Сбои в точках контакта
metric-response_rate = Доля ответов
metric-response_rate-title = Доля ответивших
metric-recovered = Возвращены
metric-recovered-title = Возвращённые клиенты
metric-time_to_contact-title = Время до первого разговора
metric-time_to_resolve-title = Время до решения
metric-in_sla_contact-title = Связались вовремя
metric-in_sla_resolve-title = Решены вовремя
metric-retention-title = Удержание
metric-churn-title = Отток
metric-clv-title = Пожизненная ценность
of-scale = из { $maximum }
interval = 95 %: от { $low } до { $high }
interval-title = 95-процентный интервал: истинное значение лежит в нём 19 раз из 20
n-title = { $n ->
    [one] учтён { $n }
    [few] учтено { $n }
   *[other] учтено { $n }
}
too-few = слишком мало, чтобы судить
too-few-under = слишком мало, чтобы судить (меньше { $n })
worse-than-all = хуже, чем всё вместе
worse-title = Хуже, чем всё вместе, и не случайно: весь интервал лежит с худшей стороны
answers = { $n ->
    [one] { $said } ответ
    [few] { $said } ответа
   *[other] { $said } ответов
}
no-answers = за { $window } ответов нет
answers-by-score = Ответы по оценкам.
nothing-counted = пока ничего не учтено
change-above = { $difference } к неделе до того; случайно так бывает один раз из { $once }
change-below = { $difference } к неделе до того; случайно так бывает один раз из { $once }
change-picked = { $difference } к неделе до того; среди { $pairs } рядом одно такое бывает и случайно
change-not_told = { $difference } к неделе до того: в пределах случайного
change-too_few = { $difference } к неделе до того: слишком мало, чтобы судить
week-before = к неделе до того
window = Окно

## Now
tiles = Показатели в целом
beside = Рядом с ними
explore-metric = { $metric } во времени
journey = Путь клиента
journey-hint = где клиентов подводят
weakest = слабейший шаг
volume = { $n ->
    [one] { $n } раз
    [few] { $n } раза
   *[other] { $n } раз
}
failed = Сбои
score = Оценка
where-it-hurts = Где болит
worst-first = сначала худшее; пунктир — всё вместе
worst-of = худшие { $shown } из { $found }
by = по
find = Найти
sort-title = Сначала худшее по этому показателю
show-more = Показать больше
nothing-yet = В этом окне пока ничего не учтено.
send-first = Отправьте первый ответ:
feed = Сию минуту
feed-hint = тревоги и что делают люди
no-cases-yet = Обращений пока нет.
loop-health = Петля
loop-health-hint = сколько ждут недовольные клиенты, по получателям; разговоры за семь дней
team = Получатель
waiting = Ждут
in-work = В работе
overdue = Просрочены
to-contact-half = С половиной связались за
to-contact-most = С 9 из 10 за
contacts = Разговоров

## What was done with a case
someone = Кто-то
via-slack = из Slack
via-console = из консоли
via-api = через API
via-system = из терминала
via-key = { $via }, ключ «{ $key }»
did-opened = открыто правилом
did-joined = снова тревога
did-acknowledge = взял(а) в работу
did-contact = связь с клиентом
did-resolve = закрыл(а)
did-reassign = передал(а)
did-snooze = отложил(а)
did-wake = вернул(а) из отложенных
did-reopen = открыл(а) снова
did-dismiss = закрыл(а): не жалоба
did-lease_expired = с клиентом вовремя не связались: снова в очереди
did-unsilenced = прервал(а) тишину
did-recovered = клиент вернулся и ответил хорошо
did-linked = стало частью
did-erased = данные клиента стёрты
did-metric-joined = ещё одна тревога о том же
did-metric-acknowledge = разбирается
did-metric-dismiss = закрыл(а): ложная тревога
did-metric-lease_expired = вовремя не решено: снова в очереди
did-metric-recovered = снова в норме
did-reminded = напомнили: { $who } — { $why }
did-escalated = сообщили: { $who } — { $why }
notice-reminded-acknowledge = обращение пора взять
notice-reminded-contact = с клиентом пора связаться
notice-escalated-acknowledge = обращение вовремя никто не взял
notice-escalated-contact = с клиентом вовремя не связались
notice-escalated-lease = обращение взяли, но с клиентом вовремя не связались
notice-metric-escalated-acknowledge = вовремя никто не разобрался
notice-metric-escalated-lease = взяли, но вовремя не решили
manner-incident = инцидента I-{ $incident }
manner-part-of = часть инцидента I-{ $incident }
manner-owner = — { $owner }
manner-until = до { $when }
manner-silenced = тишина до { $when }

## Pipeline
books = Учёт
books-of-touchpoints = Точки контакта
books-of-responses = Ответы
books-hold = учёт сходится
books-differ = учёт расходится на { $n }
received = получено
counted = учтено
duplicates = повторы
late-events = опоздали
dead-letters = не прочитано
per-second = { $n } в секунду
duplicate-share = повторов { $share } %
late-share = опозданий { $share } %
in-the-last = за последние { $span }
unread = { $n ->
    [0] в Kafka всё прочитано
   *[other] ещё не прочитано в Kafka: { $said }
}
unread-unknown = сколько не прочитано в Kafka, неизвестно
pipeline-facts = Сообщения и брокеры
unsent = Неотправленные сообщения
oldest = старейшему { $span }
in-doubt = Под вопросом
undeliverable = Не доставить
brokers = Брокеры
under-replicated = Разделы без копии
offline = Разделы без лидера
dead-letters-title = Непрочитанное
dead-letters-hint = что не удалось прочитать, со всеми байтами
no-dead-letters = Ничего нет.
reason = Причина
topic = Топик
letters = Записей
letters-waiting = Не отправлено снова
replayed = Отправлено снова
first = Первая
last = Последняя
replay-all = Отправить все снова
replay-one = Отправить снова
replay-sent = Отправлено снова: { "{n}" }
replay-refused = Оставлено, так как снова не прочтётся: { "{n}" }.
replay-one-sent = Отправлено снова.
arrived = Пришла
position = Место
what-is-wrong = Что не так
bytes = Байты
older = Более ранние
close = Закрыть
letter = Непрочитанная запись
today = Сегодня
would-be-read = была бы прочитана
would-be-refused = снова не прочтётся
event = Событие
key = Ключ
no-bytes = нет
only-the-beginning = показано только начало
content-needs-act = Ваш ключ только для чтения; содержимое может быть личным, и для него нужен ключ с правом действовать.
dead-empty = нет байтов
dead-too_large = больше 64 КиБ
dead-not_utf8 = не UTF-8
dead-not_json = не JSON
dead-specversion = не CloudEvents 1.0
dead-type = не событие этого топика
dead-missing = нет обязательного поля
dead-invalid = недопустимое значение поля
dead-future = опережает часы
dead-metric = необъявленный показатель
dead-scale = оценка вне шкалы
dead-revises = исправление, которое нельзя применить
dead-alert = тревога, которую стол не может прочитать
dead-case = событие обращения, которое не прочитать
topics = Топики
topics-hint = четверть часа; откройте топик, чтобы увидеть разделы
length = Длина
rate = В секунду
lag = Ещё не прочитано
rate-lately = Скорость за последние четверть часа
lag-lately = Не прочитано за последние четверть часа
partitions = { $n ->
    [one] { $n } раздел
    [few] { $n } раздела
   *[other] { $n } разделов
}
partition = раздел { $n }
lacks-copies = не хватает копии
no-group = никто не читает группой
kafka-unknown = Kafka пока ничего не сообщила.
workers = Работники
workers-hint = кто какие разделы читает
standing-stable = работают
standing-empty = никого нет
standing-absent = ещё не было
standing-moving = делят разделы
standing-unknown = неизвестно
reads-nothing = сейчас без раздела
disks = Диски
disks-hint = брокер с полным диском останавливается
broker = Брокер { $n }
disk-taken = занято { $share } %
disk-free = свободно { $free } из { $all }
disk-unknown = Этот брокер не сообщает о месте.
disk-loop = топики этой петли: { $size }
size-gb = { $n } ГБ
size-mb = { $n } МБ
size-kb = { $n } кБ

## Themes
themes-hint = о чём пишут недовольные клиенты
from-day = С
to-day = по
metric = Показатель
any = любой
written-in = Язык
touchpoints = Точки контакта
all-touchpoints = Все точки контакта
themes-of = { $n ->
    [one] { $said } отмеченный ответ со словами, { $first } – { $last }
    [few] { $said } отмеченных ответа со словами, { $first } – { $last }
   *[other] { $said } отмеченных ответов со словами, { $first } – { $last }
}
order = Порядок
sort-answers = чаще всего
sort-before = больше всего растут
sort-elsewhere = самые характерные
theme = Тема
answers-head = Ответы
against-before = В сравнении с { $first } – { $last }
against-elsewhere = В сравнении с другими точками
theme-customers = { $n ->
    [one] от { $n } клиента
   *[other] от { $n } клиентов
}
theme-same = { $share } %: разницы не видно
theme-new-before = раньше ни разу
theme-new-elsewhere = больше нигде
theme-more = чаще в { $times } раза
theme-less = реже в { $times } раза
no-themes = Тем пока нет: слово считается, когда его написали трое клиентов.
themes-foot = Формы одного слова считаются вместе. О переменах говорится там, где случай их не объяснил бы, хотя тем много. Числа, адреса и то, что написали меньше трёх клиентов, не показаны.
said-newest = Новые ответы
show-all-answers = Показать все
no-flagged-answers = Отмеченных ответов здесь нет.

## Explore
explore-hint = показатель во времени, и различаются ли два его значения
segment-of = Сегмент
everybody = все
everybody-else = все остальные
window-days = { $n ->
    [1] один день
    [one] скользящее, { $n } день
    [few] скользящее, { $n } дня
   *[other] скользящее, { $n } дней
}
window-hint = { $n ->
    [1] Каждая точка — за один календарный день, { $zone }.
    [one] Каждая точка — за { $n } календарный день, { $zone }, считая её день последним.
    [few] Каждая точка — за { $n } календарных дня, { $zone }, считая её день последним.
   *[other] Каждая точка — за { $n } календарных дней, { $zone }, считая её день последним.
} О прошлом хранятся целые дни: более короткие окна известны только на сейчас, они выше.
compared-days = Сравнивается: { $days }.
windows-share-days = У двух окон этой точки есть общие дни, поэтому сравнить их нельзя: выберите окно короче или период подальше.
compare-with = Сравнить
against-nothing = ни с чем
against-before-period = с прошлым периодом
against-rest = со всеми остальными
against-segment = с другим сегментом
against-period = с другим периодом
other-segment = Другой сегмент
other-from = Другой период: с
show = Показать
chart-hint = Стрелки ведут от дня ко дню, Enter показывает обращения этого дня
chart-of = { $metric }, { $segment }, { $first } – { $last }, с 95-процентным интервалом. То же есть в таблице ниже.
chart-table = То же таблицей
day-head = День
value-head = Значение
interval-head = 95-процентный интервал
counted-head = Учтено
size-points = { $size } пункта
size-percent = { $size } процентного пункта
size-scale = { $size } пункта шкалы
told-above = { $one }: выше на { $size }, чем { $other }; случай сам по себе дал бы такое в одном из { $often } сравнений.
told-below = { $one }: ниже на { $size }, чем { $other }; случай сам по себе дал бы такое в одном из { $often } сравнений.
told-above-surely = { $one }: выше на { $size }, чем { $other }; случай сам по себе дал бы такое реже, чем в одном из { $often } сравнений.
told-below-surely = { $one }: ниже на { $size }, чем { $other }; случай сам по себе дал бы такое реже, чем в одном из { $often } сравнений.
told-picked = { $one } и { $other } расходятся на { $size }; случай сам по себе дал бы такое в одном из { $often } сравнений. Но это одна пара из { $pairs } возможных: среди стольких случай показывает подобную { $percent } раз из 100.
told-not = Разницы между { $one } и { $other } не видно: случай сам по себе разводит их так же далеко ({ $size }) в одном из { $often } сравнений.
told-few = Слишком мало, чтобы судить: { $one } — { $first }, { $other } — { $second }, а нужно хотя бы по { $minimum }.
told-nothing = Сравнивать нечего: { $side } — ничего не учтено.
told-better = { $one } — лучше.
told-worse = { $one } — хуже.
not-comparable = Этот показатель выводится из других. Его дни показаны как есть; сравнивайте показатели, из которых он состоит.
difference-interval = Истинная разница лежит между { $low } и { $high } в 19 случаях из 20.
windows-now = Как сейчас
in-window = за { $window }
said-on = Что сказали, { $day }
said-in-period = Что сказали
back-to-period = Показать весь период
period-of = { $first } – { $last }

## Cases
case-places = Обращения, инциденты, тишина
saved-views = Подборки
view-to-do = Незакрытые
view-waiting = Ждут
view-mine = Мои
view-overdue = Просроченные
view-all = Все
filters = Фильтры
find-text = Искать в словах и клиентах
state = Состояние
every-state = любое состояние
owner = Ответственный
anybody = кто угодно
receiver = Получатель
any-of-them = любой
severity = Важность
customer = Клиент
about = О чём
subject-customer = о клиенте
subject-metric = о метрике
incident = Инцидент
held = Задержано тишиной
clear-filters = Сбросить фильтры
mine-nobody = Выберите в настройках, кто вы, и увидите свои обращения.
cases-found = { $n ->
    [one] { $said } обращение
    [few] { $said } обращения
   *[other] { $said } обращений
}
presses-first = сначала самое срочное
none-fit = Ничего не подходит.
none-here = Здесь ничего не ждёт.
first-page = К первой странице
next-page = Следующая страница
asks-contact = просит связаться
silenced-short = тишина до { $when }
held-until = задержано до { $when }
undelivered = сообщить никому не удалось
undelivered-long = Об этом обращении не удалось сообщить никому: сообщение не приняли ни Slack, ни почта, ни веб-хук.
actions = Что можно сделать
case-answers = Что сказал клиент
case-alarms = Тревоги
history = История
around = Что ещё было с этим клиентом
around-metric = Что ещё было с этой метрикой
around-hint = точки контакта, ответы и что по ним сделано
around-hint-unkept = отмеченные ответы и что по ним сделано; точки контакта не хранятся (loop.yaml)
around-hint-metric = тревоги и что по ним сделано
around-left-out = { $n ->
    [few] ещё { $said } не показаны
   *[other] ещё { $said } не показано
}
way = Что к этому привело
touchpoint-failed = не удалось
all-their-cases = Все обращения
promises = Обещания
promise-acknowledge = Взять до { $when }
promise-metric-acknowledge = Разобраться до { $when }
promise-contact = Связаться до { $when }
promise-resolve = Решить до { $when }
outcome-kept = вовремя
outcome-late = с опозданием
outcome-overdue = просрочено
outcome-due = впереди
outcome-none = не сделано
facts = Сведения
opened = Открыто
reopened = Открыто снова
programme = Программа
lease = Связаться, пока не вернулось в очередь
root-cause = Причина
who-was-told = Кому сообщили
surface-channel = Карточка в
surface-dm = Личное сообщение:
open-in-slack = Открыть в Slack
not-posted = ещё не отправлено
message = Сообщение
message-to = Кому
message-pending = ждёт
message-held = ждёт утра
message-rolled-up = рассказано вместе с другими
message-sending = отправляется
message-in-doubt = неизвестно, дошло ли
message-sent = отправлено
message-dead = отправить не удалось
message-cancelled = больше не нужно
message-taking-back = будет удалено в Slack
message-taken-back = удалено в Slack
nobody-told = Пока никому не сообщили.
note = Заметка
another-time = Другое время
hint-resolve-all = Все открытые обращения, которые вы вправе закрыть, получат эту причину и заметку.
hint-resolve = Причина идёт в счёт, заметка остаётся при обращении.
hint-dismiss = Обращение уйдёт из списка. Ответ останется в метриках.
hint-metric-dismiss = Обращение уйдёт из списка. За метрикой следят по-прежнему.
meanwhile = С тех пор как вы это открыли, обращение изменилось. Написанное сохранено; прочтите и, если всё ещё верно, отправьте снова:
done-acknowledge = { $case } теперь за вами
done-contact = { $case }: с клиентом связались
done-resolve = { $case } решено
done-snooze = { $case } отложено
done-wake = { $case } снова в работе
done-reassign = { $case } передано
done-reopen = { $case } снова открыто
done-dismiss = { $case } закрыто
done-silence = Тишина действует
done-end-silence = { $silence } окончена
who-title = Кто вы?
who-why = То, что вы делаете, записывается в историю обращения под вашим именем. Спрашиваем один раз в этом браузере.
choose-name = Выберите своё имя
go-on = Дальше
keys-title = Клавиши
key-down = следующее обращение
key-up = предыдущее обращение
key-open = открыть обращение
key-acknowledge = взять
key-contact = связались
key-resolve = решено
key-snooze = отложить
key-reassign = передать
key-dismiss = не жалоба
key-search = поиск
key-up-list = назад к списку
key-keys = эти клавиши
key-close = закрыть или выйти из поля
incidents-hint = много обращений, которые пришли разом и имеют общее
incidents-open = С незакрытыми
incident-cases = { $n ->
    [one] { $said } обращение
    [few] { $said } обращения
   *[other] { $said } обращений
}
incident-unclosed = { $n ->
    [0] все закрыты
    [one] не закрыто { $said }
   *[other] не закрыто { $said }
}
no-incidents = Инцидентов нет.
running = растёт
newest-case = последнее
filter-these = К фильтрам
new-silence = Новая тишина
silences-now = Сейчас и впереди
silence-messages-wait = сообщения об этом обращении ждут её конца
silence-holds = действует
silence-to-come = впереди
silence-over = окончена
silence-until = до { $when }
silence-span = с { $start } до { $end }
silence-by = объявил(а) { $who }
silence-ended-by = окончил(а) { $who }
held-cases = { $n ->
    [0] ничего не задержано
    [one] задержано { $said } обращение
    [few] задержано { $said } обращения
   *[other] задержано { $said } обращений
}
no-silences = Тишины нет: обо всём, что отметило правило, сообщают.
condition-field = Поле
condition-sign = Сравнение
condition-value = Значение
conditions-hint = Свойства пишут как attributes.ИМЯ; несколько значений — через запятую. Строки без значения не в счёт.
sign-is = равно
sign-not = не равно
sign-at-least = не меньше
sign-at-most = не больше
sign-matches = подходит под образец
reach = Подходит { "{open}" } из { "{all}" } незакрытых обращений и { "{alerts}" } из { "{of}" } тревог за последние 7 дней.

## In a terminal: closeloop watch
short-s = { $n } с
short-min = { $n } мин
short-h = { $n } ч
short-d = { $n } дн
watch-quit = Выход
watch-refused = Отказано
watch-old = вы видите то, что было { $span } назад
watch-nothing-known = пока ничего не известно
watch-not-told = шлюз не сообщает (статус { $status })
watch-no-answer = шлюз не отвечает ({ $why }); проверьте --url
why-ended = шлюз закрыл соединение
why-key = шлюз просит ключ с правом чтения: задайте CLOSELOOP_API_KEY
why-foreign = так отвечает не шлюз closeloop; проверьте --url
why-status = он отвечает { $status }
why-timeout = не ответил вовремя
why-not-listening = в соединении отказано
why-unreachable = до него нет пути
why-broken = соединение оборвалось
watch-touchpoint = Точка контакта
watch-too-few = слишком мало
watch-range = { $low } … { $high }
watch-better = лучше
watch-worse = хуже
watch-newest = Новейшие
watch-none-overdue = нарушенных обещаний никто не ждёт
watch-all-taken = все обращения взяты
watch-in-all = всего { $n }
watch-urgent-first = всего { $n }, самые срочные сначала
watch-urgent-of-newest = всего { $n }, самые срочные из { $known } новейших
watch-promise = Обещание
watch-asleep = отложено на { $span }
watch-within-acknowledge = взять за { $span }
watch-within-contact = связаться за { $span }
watch-within-resolve = решить за { $span }
watch-late-acknowledge = взять: опоздание { $span }
watch-late-contact = связь: опоздание { $span }
watch-late-resolve = решить: опоздание { $span }
watch-ok = ВЕРНО
watch-wrong = НЕВЕРНО
watch-group = Группа
watch-oldest = Ждёт
watch-by-partition = по разделам
watch-disk-full = почти полон

## What is refused, by reason and field
refused-unauthorized = Этот ключ здесь ничего не открывает: он неизвестен, истёк или отозван.
refused-throttled = Слишком много попыток. Подождите немного и попробуйте снова.
refused-forbidden = Вашему ключу не хватает прав на это. Их может дать тот, кто обслуживает closeloop.
refused-host = Без ключей API консоль видна только на самой машине шлюза.
refused-origin = Запрос пришёл с чужого сайта и не выполнен.
refused-not_yours = По этому обращению это делают другие: ответственный, его команда или её руководитель.
refused-no_role = Ни одна из ваших групп не допущена к этой консоли. Допустить может тот, кто обслуживает closeloop.
refused-sign_in_over = Этот вход уже истёк, использован или начат в другом браузере. Начните снова.
refused-sign_in_unfinished = Вход у поставщика учётных записей не завершён. Начните снова.
refused-sign_in_doubtful = Ответу поставщика учётных записей нельзя верить. Начните снова или скажите тому, кто обслуживает closeloop.
refused-provider_away = Поставщик учётных записей не отвечает как должен. Попробуйте снова или войдите по ключу API.
refused-invalid-authorization = Ваш адрес почты здесь никому не принадлежит, поэтому вы не ведёте обращений. Попросите добавить вас к людям в loop.yaml.
refused-unavailable = Шлюзу сейчас недоступна база данных. Попробуйте ещё раз чуть позже.
refused-internal = Ошибка в шлюзе. Подробности — в его журнале.
refused-stale = С тех пор как вы это видели, всё изменилось. Ничего не сделано.
refused-not_allowed = В нынешнем состоянии обращения этого сделать нельзя.
refused-other_open_case = У этого клиента уже есть открытое обращение. Продолжайте в нём.
refused-over = Эта тишина уже окончена.
refused-replayed = Это уже отправлено снова.
refused-missing-id = Под этим номером ничего нет.
refused-invalid-root_cause = Выберите, что пошло не так.
refused-invalid-until = Укажите время в будущем, не дальше 30 дней.
refused-invalid-owner = Выберите, кто берёт обращение.
refused-invalid-actor = Выберите в настройках, кто вы.
refused-invalid-note = Заметка слишком длинная: помещается 3000 знаков.
refused-invalid-channel = Способ связи слишком длинный: помещается 64 знака.
refused-invalid-matchers = Укажите хотя бы одно условие, общее для этих тревог.
refused-invalid-starts_at = Укажите день и время начала.
refused-invalid-ends_at = Укажите конец: в будущем, после начала и не слишком далеко.
refused-invalid-reason = Напишите в нескольких словах, почему: иначе потом никто не узнает.
refused-invalid-text = Задайте для поиска меньше знаков.
refused-invalid-from = Первый день позже последнего, такого дня нет или запрошено больше десяти лет.
refused-invalid-to = Последнего дня нет в календаре.
refused-invalid-day = Такого дня нет в календаре.
refused-invalid-with_from = Первый день другого периода позже его последнего, или такого дня нет.
refused-invalid-with_to = Последнего дня другого периода нет в календаре.
refused-invalid-with_key = У этих двух есть общие ответы: выберите другой сегмент или дни, которые не пересекаются.
refused-invalid-window = Такого окна здесь нет; окна во времени — от 1 до 90 целых дней.
refused-invalid-metric = Такого показателя здесь нет.
refused-invalid-cut = Такого разреза здесь нет.
refused-invalid-key = Такого сегмента в этом разрезе нет.
refused-missing-key = У сегмента не хватает значения.

## What is sent about a case
kind-card = Карточка
kind-taken-over = Весть, что взял другой
kind-wake = Весть, что пора вернуться
kind-lease-expired = Весть, что снова в очереди
kind-overdue = Весть, что никто не взял вовремя
kind-contact-overdue = Весть, что никто не связался вовремя
kind-due-acknowledge = Напоминание взять
kind-due-contact = Напоминание связаться
kind-digest = Утренний список
kind-gathered = Список нескольких вестей
kind-roll-up = Список многих обращений

## Hooks

page-hooks = Хуки
hooks-hint = Инструменты опросов, которые присылают сюда ответы. Счёт идёт с запуска этого шлюза.
hooks-none = В loop.yaml нет хуков.
hooks-link = Хуки инструментов опросов
hook-name = Хук
hook-tool = Инструмент
hook-address = Адрес
hook-secret = Секрет
hook-last = Последняя доставка
hook-since = Доставки
hook-set = задан
hook-missing = не задан
hook-nothing = ещё не было
hook-outcome-taken = принято
hook-outcome-ignored = пропущено
hook-outcome-letter = не прочитано
hook-outcome-unsigned = отказано, нет подписи
hook-outcome-unavailable = прислать ещё раз
hook-try = Проверить сопоставление
hook-try-hint = Вставьте то, что присылает инструмент. Ничего не сохраняется и не отправляется.
trial-payload = Что присылает инструмент
trial-fetched = Что отвечает его API (Qualtrics, SurveyMonkey)
trial-events = Получилось бы событий:
trial-ignored = Пропущено:
trial-fetch = Уведомление. Ответы были бы взяты с
trial-problem = Не прочитано:
trial-field = Поле
trial-source = Откуда
trial-value = Значение
