## States and severities
state-open = aberto
state-acknowledged = em andamento
state-contacted = cliente contatado
state-snoozed = adiado
state-resolved = resolvido
state-dismissed = não é reclamação
state-metric-acknowledged = em análise
state-metric-dismissed = alarme falso
state-to-check = a verificar
state-overdue = atrasado
severity-critical = crítico
severity-high = alto
severity-normal = normal

## Buttons and menus: at most 75 characters
action-acknowledge = Eu cuido
action-contact = Contatado…
action-resolve = Resolver…
action-snooze = Adiar
action-wake = Retomar
action-reassign = Repassar…
action-reopen = Reabrir…
action-dismiss = Não é reclamação…
action-take-over = Assumir…
action-metric-acknowledge = Vou analisar
action-metric-dismiss = Alarme falso…
look-answer = Ver a resposta inteira
look-why = Por que eu?
look-silence = Silenciar semelhantes…
snooze-1h = 1 hora
snooze-4h = 4 horas
snooze-tomorrow = Amanhã às 9:00
snooze-pick = Escolher…

## What happened, and to whom
what-metric = alarme de métrica
what-recovered = de volta ao normal
what-silent = em silêncio após falhas
what-score = { $metric } { $score } de { $most }
what-score-low = { $metric } { $score } de { $most } (quanto menor, melhor)
metric-outcome = Contatos com falha
metric-unnamed = nota
customer-unnamed = cliente
nobody-yet = ninguém ainda
colleague = alguém da equipe
yes = sim
no = não

## A card
lead-customer = Cliente insatisfeito
lead-silent = Cliente em silêncio
lead-quiet = Quando houver tempo, verifique
lead-metric = Alarme de métrica
lead-metric-quiet = Métrica para observar
lead-recovered = De volta ao normal
matter-said = { $matter } – “{ $said }”
quoted = “{ $said }”
summary = { $lead }: { $matter }. Responsável: { $owner }.
summary-state = { $lead } ({ $state }): { $matter }. Responsável: { $owner }.
summary-closed = { $case } { $state }: { $matter }.
summary-due = { $summary } { $due }.
due-reply = responder até { $when }
due-look = analisar até { $when }
due-resolve = resolver até { $when }
due-asleep = adiado até { $when }
not-taken = ninguém assumiu a tempo
no-hurry = sem pressa
silenced-until = Alertas como este estão silenciados até { $when }: { $reason }
bad-answers = { $n ->
    [one] { $n } resposta ruim
   *[other] { $n } respostas ruins
}
alarms = { $n ->
    [one] { $n } alarme
   *[other] { $n } alarmes
}
fact-touchpoint = Ponto de contato
fact-channel = Canal
fact-language = Idioma
fact-contact-requested = Pede contato
rule = Regra { $rule }
normal-since = de volta ao normal desde { $when }
customer-back = cliente satisfeito de novo: { $said }, { $when }
normal-since-said = De volta ao normal desde { $when }: { $said }
step-acknowledge = { $actor } cuida disso desde { $when }
step-acknowledge-owner = em andamento desde { $when }
step-contact = cliente contatado { $when }
step-contact-how = cliente contatado { $how ->
    [phone] por telefone
    [email] por e-mail
    [chat] por chat
    [in_person] pessoalmente
    [letter] por carta
   *[other] ({ $how })
} { $when }
step-lease-expired = de volta à fila: o cliente não foi contatado a tempo
step-metric-lease-expired = de volta à fila: não foi resolvido a tempo
step-wake = retomado { $when }
step-reopen = reaberto por { $actor }
step-reopen-answered = reaberto: o cliente está insatisfeito outra vez
step-reassign = repassado por { $actor }
step-snooze = adiado por { $actor }
closed-by = { $state } ({ $actor })
closed-dismissed-by = marcado como “não é reclamação” por { $actor }
closed-metric-dismissed-by = marcado como alarme falso por { $actor }
closed-after = após { $span }
customer-told = o cliente já sabe
customer-not-told = o cliente ainda não sabe
handed-over = { $case } agora está com { $owner } ({ $state }): { $matter }.
span-days = { $n } d
span-hours = { $n } h
span-minutes = { $n } min

## Reminders
reminder-wake = { $case } está ativo de novo. { $matter }.
reminder-lease-expired = { $case } voltou à fila: { $owner } assumiu, mas o cliente não foi contatado a tempo. { $matter }.
reminder-metric-lease-expired = { $case } voltou à fila: { $owner } assumiu, mas não foi resolvido a tempo. { $matter }.
reminder-overdue = { $case } está atrasado: ninguém assumiu ainda (responsável: { $owner }). { $matter }.
reminder-reopen = { $case } está aberto de novo: o cliente está insatisfeito outra vez. { $matter }.
reminder-taken-over = { $case } mudou de mãos: agora está com { $owner }. { $matter }.

## Root causes and ways of contact: at most 75 characters
cause-late_delivery = Entrega atrasada
cause-damaged = Produto danificado ou errado
cause-product_quality = Qualidade do produto
cause-billing = Cobrança ou reembolso
cause-support = Atendimento
cause-usability = Difícil de usar
cause-expectation = Expectativa errada
cause-other = Outra coisa
how-phone = Telefone
how-email = E-mail
how-chat = Chat
how-in_person = Pessoalmente
how-letter = Carta

## Dialogs: titles and their buttons at most 24 characters
title-contact = Cliente contatado
title-resolve = Resolver
title-reassign = Repassar
title-snooze = Adiar
title-silence = Silenciar alertas
title-silenced = Silenciado
title-dismiss = Não é reclamação
title-metric-dismiss = Alarme falso
title-reopen = Reabrir
title-take-over = Assumir
title-answer = Resposta inteira
title-why = Por que você
title-not-done = Não foi feito
submit-contact = Salvar
submit-resolve = Resolver
submit-reassign = Repassar
submit-snooze = Adiar
submit-silence = Silenciar
submit-dismiss = Encerrar
submit-reopen = Reabrir
submit-take-over = Assumir
title-cancel = Cancelar
title-close = Fechar
label-how = Como?
label-said = O que foi dito
label-done = O que foi feito
label-for-owner = Motivo, para quem vai assumir
label-why = Motivo
label-why-dismissed = Por que não é uma reclamação?
label-why-false-alarm = Por que é um alarme falso?
label-cause = O que deu errado?
label-owner = Quem assume?
label-until = Até quando?
label-which = Alertas em que tudo isto é verdade
label-reason = Motivo
hint-silence = Os casos são criados como sempre. As mensagens esperam até lá, e os prazos contam a partir daí.
label-follow-up = Retomar em
hint-follow-up = Até lá o caso fica adiado; depois você recebe um lembrete.
label-told = O cliente foi avisado?
option-told = O cliente sabe o que foi feito
choose-one = Escolha
choose-colleague = Escolha um colega
take-over-question = O caso está com { $owner }. Você assume?
no-words = O cliente não escreveu nada.
answered = Respondido { $when }
why-rule = Regra { $rule }: { $reason }
why-routed = Destino { $receiver }, responsável { $owner }, gravidade: { $severity }.
why-acknowledge-by = Assumir até { $when }
why-contact-by = Contatar o cliente até { $when }
why-resolve-by = Resolver até { $when }
why-no-hurry = Sem pressa: ninguém recebe lembretes.

## What is wrong in a dialog
error-how = Diga como o cliente foi contatado.
error-why = Diga o motivo.
error-which = Escolha pelo menos um.
silence-done = { $name } vale até { $when }. Abrange { $cases } de { $all } casos abertos e { $alerts } de { $of } alertas dos últimos 7 dias. Você pode encerrá-lo no App Home ou no console.
silence-known = Este silêncio já foi salvo.
silence-everything = ⚠️ Isso é tudo o que houve: ninguém será avisado de nada.
error-cause = Diga o que deu errado.
error-owner = Escolha quem assume o caso.
error-owner-unknown = Essa pessoa não está em loop.yaml. Escolha outra.
error-owner-has-it = O caso já está com { $name }. Escolha outra pessoa.
error-owner-self = Para assumir você mesmo, use “{ $button }”. Aqui, escolha outra pessoa.
error-owner-away = { $name } está fora. Escolha { $deputy }, que substitui.
error-owner-away-alone = { $name } está fora. Escolha outra pessoa.
error-date = Escolha uma data.
error-date-past = Essa data já passou. Escolha uma futura.
error-date-far = { $n ->
    [one] No máximo daqui a { $n } dia.
   *[other] No máximo daqui a { $n } dias.
}
error-long = { $n ->
    [one] No máximo { $n } caractere.
   *[other] No máximo { $n } caracteres.
}

## What a person is told when something did not happen
gone = Esse caso não existe mais.
stale = { $case } mudou nesse meio-tempo: { $happened }. Nada foi feito; a tela será atualizada.
stale-unsaid = { $case } mudou nesse meio-tempo. Nada foi feito; a tela será atualizada.
not-allowed = Isso não é possível agora. { $case }: { $state }.
not-allowed-since = Isso não é possível agora. { $case }: { $state } ({ $happened }).
other-open-case = Esse cliente já tem um caso aberto: { $case }. Continue nele.
other-open-metric-case = Essa métrica já tem um caso aberto: { $case }. Continue nele.
refused-stranger = Ainda não conheço você. Peça a quem cuida de loop.yaml para incluir você, com o seu id do Slack { $user }.
refused-only = Só { $people } podem fazer isso com { $case } agora. Fale com uma dessas pessoas.
refused-one = Só { $people } pode fazer isso com { $case } agora. Fale com essa pessoa.
refused-nobody = Ninguém pode fazer isso agora. { $case }: { $state }.
refused-closed-long = { $n ->
    [one] { $case } foi encerrado há mais de { $n } dia e continua assim. Uma nova resposta ruim abre um novo caso.
   *[other] { $case } foi encerrado há mais de { $n } dias e continua assim. Uma nova resposta ruim abre um novo caso.
}
dialog-not-opened = A janela de { $case } não abriu. Clique de novo.
did-acknowledge = { $by ->
    [you] você assumiu { $ago }
   *[other] { $who } assumiu { $ago }
}
did-contact = { $by ->
    [you] você contatou o cliente { $ago }
   *[other] { $who } contatou o cliente { $ago }
}
did-resolve = { $by ->
    [you] você resolveu { $ago }
   *[other] { $who } resolveu { $ago }
}
did-reassign = { $by ->
    [you] você repassou { $ago }
   *[other] { $who } repassou { $ago }
}
did-snooze = { $by ->
    [you] você adiou { $ago }
   *[other] { $who } adiou { $ago }
}
did-wake = { $by ->
    [you] você retomou { $ago }
   *[other] { $who } retomou { $ago }
}
did-reopen = { $by ->
    [you] você reabriu { $ago }
   *[other] { $who } reabriu { $ago }
}
did-dismiss = { $by ->
    [you] você marcou que não é reclamação { $ago }
   *[other] { $who } marcou que não é reclamação { $ago }
}
did-metric-dismiss = { $by ->
    [you] você marcou como alarme falso { $ago }
   *[other] { $who } marcou como alarme falso { $ago }
}
event-opened = foi aberto { $ago }
event-joined = o cliente reclamou de novo { $ago }
event-metric-joined = houve outro alarme { $ago }
event-recovered = a métrica voltou ao normal { $ago }
event-lease-expired = voltou à fila { $ago }
event-woke = foi retomado { $ago }
event-other = foi alterado { $ago }
ago-now = agora mesmo
ago-minutes = há { $n } min
ago-hours = há { $n } h
ago-days = { $n ->
    [one] há { $n } dia
   *[other] há { $n } dias
}

## App Home
home-title = Seus casos
home-overdue = Atrasados ({ $n })
home-open = Abertos ({ $n })
home-snoozed = Adiados ({ $n })
home-silences = Silêncios ({ $n })
home-silence = { $name } até { $when }, { $who }: { $reason } – { $n ->
    [one] { $n } caso espera
   *[other] { $n } casos esperam
}
home-silence-end = Encerrar agora
home-more = { $n ->
    [one] e mais { $n }
   *[other] e mais { $n }
}
home-all = todos os casos
home-empty = Nada espera por você. Aproveite.
home-hours = Seu horário de trabalho: { $hours } ({ $zone })
home-always = Seu horário de trabalho: 24 horas
home-away = Você consta como ausente: novos casos vão para outras pessoas.
home-stranger = Ainda não conheço você. Peça a quem cuida de loop.yaml para incluir você, com o seu id do Slack { $user }; então seus casos aparecem aqui.

## The morning's list, and a word before a promise breaks
digest-mine = { $n ->
    [one] Bom dia: { $n } caso espera por você.
   *[other] Bom dia: { $n } casos esperam por você.
}
digest-others = { $n ->
    [one] Bom dia: { $n } caso espera por { $people }.
   *[other] Bom dia: { $n } casos esperam por { $people }.
}
gathered-head = { $n ->
    [one] { $n } caso precisa de atenção.
   *[other] { $n } casos precisam de atenção.
}
digest-card = novo
digest-reopen = aberto de novo: mais uma resposta ruim
digest-wake = ativo de novo
digest-overdue = atrasado: ninguém assumiu
digest-contact_overdue = atrasado: o cliente não foi contatado
digest-lease_expired = de volta à fila: alguém assumiu e deixou parado
digest-due_contact = contatar o cliente
digest-due_acknowledge = espera que alguém assuma
nudge-acknowledge = { $case } espera por você: assuma até { $when }. { $matter }.
nudge-contact = { $case }: contate o cliente até { $when }. { $matter }.
nudge-contact-overdue = { $case } está atrasado: o cliente ainda não foi contatado (responsável: { $owner }). { $matter }.

## Muitos casos contados como um
roll-up-head = { $n ->
    [one] Mais { $n } caso
   *[other] Mais { $n } casos
}
roll-up-incident = { $n ->
    [one] Incidente { $incident }: { $n } caso sobre { $what }
   *[other] Incidente { $incident }: { $n } casos sobre { $what }
}
roll-up-since = desde { $when }
roll-up-why = Chegaram rápido demais para um cartão cada; cada responsável é avisado diretamente.
roll-up-why-incident = Muitos clientes, uma causa? Cada responsável é avisado diretamente.
roll-up-stays = Esta lista se mantém atual; um caso que se torna crítico recebe cartão próprio.
roll-up-show = Mostrar um caso…
roll-up-shown = { $case } vem em um cartão próprio.
roll-up-shown-before = { $case } já tem um cartão próprio.
roll-up-resolve-all = Resolver todos…
title-resolve-all = Resolver todos
resolve-all-question = { $n ->
    [one] { $n } caso do incidente { $incident } está aberto. Ele recebe esta causa e nota, se couber a você resolvê-lo.
   *[other] { $n } casos do incidente { $incident } estão abertos. Os que couber a você resolver recebem esta causa e nota.
}
resolve-mine-question = { $n ->
    [one] { $n } caso seu no incidente { $incident } está aberto. Ele recebe esta causa e nota.
   *[other] { $n } casos seus no incidente { $incident } estão abertos. Todos recebem esta causa e nota.
}
resolve-all-none = Nenhum caso deste incidente está mais aberto.
resolve-all-done = Resolvidos: { $n }.
resolve-all-refused = Não resolvidos: { $n }. Outra pessoa está com eles, ou acabaram de mudar: { $cases }.
resolve-all-left = Ainda abertos: { $n }. Aperte o botão de novo para eles.
case-incident = parte do incidente { $incident }

## E-mails
mail-why = Esta mensagem vem por e-mail porque o Slack não a aceitou.

## Why a rule flagged somebody
reason-given = { $metric } { $score } na escala { $scale }
reason-given-low = { $metric } { $score } na escala { $scale } (menor é melhor)
reason-below = { $given }: igual ou abaixo de { $limit }.
reason-above = { $given }: igual ou acima de { $limit }.
reason-as-below = { $given }: tão ruim quanto { $limit } ou menos na escala { $scale }.
reason-as-above = { $given }: tão ruim quanto { $limit } ou mais na escala { $scale }.
reason-asks = O cliente pede contato.
reason-words = O comentário tem palavras que a regra { $rule } procura.
reason-praise = Palavras de elogio, mas { $given }: é preciso verificar.
reason-anger = Palavras de raiva, mas { $given }: é preciso verificar.
reason-silent = { $n ->
    [one] { $n } contato com falha em { $span } e nenhuma resposta: { $tally }.
   *[other] { $n } contatos com falha em { $span } e nenhuma resposta: { $tally }.
}
reason-repeated = { $n ->
    [one] { $n } resposta ruim em { $span }: { $tally }.
   *[other] { $n } respostas ruins em { $span }: { $tally }.
}
reason-won-back = A resposta seguinte do cliente já não é ruim: { $given }.
reason-won-back-unsaid = A resposta seguinte do cliente já não é ruim.
reason-measured = { $what } em { $window }
reason-failures = Parcela de contatos com falha
reason-reading = { $value } (intervalo de 95 % de { $low } a { $high }, n = { $count })
reason-nothing = nada (n = 0)
reason-fell = { $what }: queda para { $after }, de { $before } no restante dos últimos { $span }; { $errors } erros-padrão, mais do que o acaso explica.
reason-rose = { $what }: alta para { $after }, de { $before } no restante dos últimos { $span }; { $errors } erros-padrão, mais do que o acaso explica.
reason-recovered = { $what }: de volta a { $after }; antes era { $level }.
reason-settled = { $what }: há { $span } longe de { $level }, agora em { $after }; este passa a ser o nível normal.
reason-touchpoints = contatos
reason-answers = respostas a { $metric }
reason-stopped = { $things }: { $seen } desde { $since }, quando o normal é cerca de { $expected }.
reason-returned = { $things }: voltaram a chegar, após um silêncio desde { $since }.
reason-given-up = { $n ->
    [one] Quase sem { $things } há { $n } dia, desde { $since }: já não se espera mais.
   *[other] Quase sem { $things } há { $n } dias, desde { $since }: já não se espera mais.
}
