## States and severities
state-open = 待处理
state-acknowledged = 处理中
state-contacted = 已联系
state-snoozed = 已搁置
state-resolved = 已解决
state-dismissed = 非投诉
state-metric-acknowledged = 核查中
state-metric-dismissed = 误报
state-to-check = 待查看
state-overdue = 已逾期
severity-critical = 紧急
severity-high = 重要
severity-normal = 普通

## Buttons and menus: at most 75 characters
action-acknowledge = 我来处理
action-contact = 已联系…
action-resolve = 解决…
action-snooze = 搁置
action-wake = 恢复处理
action-reassign = 转交…
action-reopen = 重新打开…
action-dismiss = 非投诉…
action-take-over = 接手…
action-metric-acknowledge = 我来查看
action-metric-dismiss = 误报…
look-answer = 查看完整回答
look-why = 为什么找我？
look-silence = 静音同类提醒…
snooze-1h = 1 小时
snooze-4h = 4 小时
snooze-tomorrow = 明天 9:00
snooze-pick = 选择时间…

## What happened, and to whom
what-metric = 指标告警
what-recovered = 已恢复正常
what-silent = 多次失败后无反馈
what-score = { $metric } { $score } 分（满分 { $most }）
what-score-low = { $metric } { $score } 分（最高 { $most }，越低越好）
metric-outcome = 失败的触点
metric-unnamed = 评分
customer-unnamed = 客户
nobody-yet = 暂无
colleague = 一位同事
yes = 是
no = 否

## A card
lead-customer = 不满意的客户
lead-silent = 沉默的客户
lead-quiet = 有空时请查看
lead-metric = 指标告警
lead-metric-quiet = 请留意的指标
lead-recovered = 已恢复正常
matter-said = { $matter } – “{ $said }”
quoted = “{ $said }”
summary = { $lead }：{ $matter }。负责人：{ $owner }。
summary-state = { $lead }（{ $state }）：{ $matter }。负责人：{ $owner }。
summary-closed = { $case } { $state }：{ $matter }。
summary-due = { $summary }{ $due }。
due-reply = 请在 { $when } 前回复
due-look = 请在 { $when } 前查看
due-resolve = 请在 { $when } 前解决
due-asleep = 搁置至 { $when }
not-taken = 未及时接手
no-hurry = 不急
silenced-until = 此类提醒已静音至 { $when }：{ $reason }
bad-answers = { $n ->
   *[other] { $n } 次差评
}
alarms = { $n ->
   *[other] { $n } 次告警
}
fact-touchpoint = 触点
fact-channel = 渠道
fact-language = 语言
fact-contact-requested = 希望被联系
rule = 规则 { $rule }
normal-since = 自 { $when } 起恢复正常
customer-back = 客户恢复满意：{ $said }，{ $when }
normal-since-said = 自 { $when } 起恢复正常：{ $said }
step-acknowledge = { $actor } 自 { $when } 起处理
step-acknowledge-owner = 自 { $when } 起处理
step-contact = 已于 { $when } 联系
step-contact-how = 已{ $how ->
    [phone] 通过电话
    [email] 通过邮件
    [chat] 通过聊天
    [in_person] 当面
    [letter] 通过信函
   *[other] 通过 { $how } 
}联系，{ $when }
step-lease-expired = 已退回队列：未及时联系客户
step-metric-lease-expired = 已退回队列：未及时解决
step-wake = 自 { $when } 起恢复处理
step-reopen = 由 { $actor } 重新打开
step-reopen-answered = 重新打开：客户再次不满意
step-reassign = 由 { $actor } 转交
step-snooze = 由 { $actor } 搁置
closed-by = { $state }（{ $actor }）
closed-dismissed-by = { $actor } 标记为非投诉
closed-metric-dismissed-by = { $actor } 标记为误报
closed-after = 用时 { $span }
customer-told = 已告知客户
customer-not-told = 尚未告知客户
handed-over = { $case } 现由 { $owner } 负责（{ $state }）：{ $matter }。
span-days = { $n } 天
span-hours = { $n } 小时
span-minutes = { $n } 分钟

## Reminders
reminder-wake = { $case } 已恢复处理。{ $matter }。
reminder-lease-expired = { $case } 已退回队列：{ $owner } 接手后未及时联系客户。{ $matter }。
reminder-metric-lease-expired = { $case } 已退回队列：{ $owner } 接手后未及时解决。{ $matter }。
reminder-overdue = { $case } 已逾期：仍无人接手（负责人：{ $owner }）。{ $matter }。
reminder-reopen = { $case } 已重新打开：客户再次不满意。{ $matter }。
reminder-taken-over = { $case } 已转手，现由 { $owner } 负责。{ $matter }。

## Root causes and ways of contact: at most 75 characters
cause-late_delivery = 送货延迟
cause-damaged = 商品损坏或发错
cause-product_quality = 产品质量
cause-billing = 账单或退款
cause-support = 客服体验
cause-usability = 不好用
cause-expectation = 预期不符
cause-other = 其他
how-phone = 电话
how-email = 邮件
how-chat = 聊天
how-in_person = 当面
how-letter = 信函

## Dialogs: titles and their buttons at most 24 characters
title-contact = 已联系客户
title-resolve = 解决
title-reassign = 转交
title-snooze = 搁置
title-silence = 静音提醒
title-silenced = 已静音
title-dismiss = 非投诉
title-metric-dismiss = 误报
title-reopen = 重新打开
title-take-over = 接手
title-answer = 完整回答
title-why = 为什么找您
title-not-done = 未执行
submit-contact = 保存
submit-resolve = 解决
submit-reassign = 转交
submit-snooze = 搁置
submit-silence = 静音
submit-dismiss = 结案
submit-reopen = 重新打开
submit-take-over = 接手
title-cancel = 取消
title-close = 关闭
label-how = 联系方式
label-said = 沟通内容
label-done = 处理措施
label-for-owner = 转交说明
label-why = 原因
label-why-dismissed = 为什么这不是投诉？
label-why-false-alarm = 为什么这是误报？
label-cause = 问题出在哪里？
label-owner = 转交给谁？
label-until = 搁置到什么时候？
label-which = 同时符合以下各项的提醒
label-reason = 原因
hint-silence = 案件照常建立。有关消息将等到那时发送，期限也从那时起算。
label-follow-up = 跟进时间
hint-follow-up = 在此之前案件搁置，到时会提醒您。
label-told = 已告知客户？
option-told = 客户已知道处理结果
choose-one = 请选择
choose-colleague = 选择同事
take-over-question = 此案件由 { $owner } 负责。要接手吗？
no-words = 客户没有留言。
answered = 回答时间 { $when }
why-rule = 规则 { $rule }：{ $reason }
why-routed = 分派给 { $receiver }，负责人 { $owner }，级别：{ $severity }。
why-acknowledge-by = 应在 { $when } 前接手
why-contact-by = 应在 { $when } 前联系客户
why-resolve-by = 应在 { $when } 前解决
why-no-hurry = 不急：不会发送提醒。

## What is wrong in a dialog
error-how = 请说明如何联系了客户。
error-why = 请说明原因。
error-which = 请至少选择一项。
silence-done = { $name } 生效至 { $when }。符合的未结案件：{ $cases } / { $all }；最近 7 天的提醒：{ $alerts } / { $of }。可在 App Home 或控制台中结束。
silence-known = 此静音已保存。
silence-everything = ⚠️ 这包括了全部提醒：任何人都不会收到通知。
error-cause = 请说明问题出在哪里。
error-owner = 请选择由谁接手。
error-owner-unknown = 这位同事不在 loop.yaml 的人员中，请另选一位。
error-owner-has-it = 此案件已由 { $name } 负责，请另选一位。
error-owner-self = 要自己接手，请用“{ $button }”。此处请另选一位。
error-owner-away = { $name } 不在岗，请选择代理人 { $deputy }。
error-owner-away-alone = { $name } 不在岗，请另选一位。
error-date = 请选择时间。
error-date-past = 该时间已过，请选择以后的时间。
error-date-far = { $n ->
   *[other] 最多 { $n } 天以后。
}
error-long = { $n ->
   *[other] 最多 { $n } 个字符。
}

## What a person is told when something did not happen
gone = 此案件已不存在。
stale = { $case } 已有变化：{ $happened }。未执行任何操作，画面将刷新。
stale-unsaid = { $case } 已有变化。未执行任何操作，画面将刷新。
not-allowed = { $case } 当前状态为“{ $state }”，无法执行此操作。
not-allowed-since = { $case } 当前状态为“{ $state }”，无法执行此操作：{ $happened }。
other-open-case = 该客户已有未结案件：{ $case }。请在那里继续。
other-open-metric-case = 该指标已有未结案件：{ $case }。请在那里继续。
refused-stranger = 我还不认识您。请联系维护 loop.yaml 的同事，用您的 Slack ID { $user } 把您加入。
refused-only = 目前只有 { $people } 可以对 { $case } 执行此操作，请联系其中一位。
refused-one = 目前只有 { $people } 可以对 { $case } 执行此操作，请与其联系。
refused-nobody = { $case } 当前状态为“{ $state }”：目前无人可以执行此操作。
refused-closed-long = { $n ->
   *[other] { $case } 结案已超过 { $n } 天，不再打开。新的差评会产生新的案件。
}
dialog-not-opened = { $case } 的窗口未能打开，请再点一次。
did-acknowledge = { $by ->
    [you] 您{ $ago }接手了
   *[other] { $who } { $ago }接手了
}
did-contact = { $by ->
    [you] 您{ $ago }联系了客户
   *[other] { $who } { $ago }联系了客户
}
did-resolve = { $by ->
    [you] 您{ $ago }解决了
   *[other] { $who } { $ago }解决了
}
did-reassign = { $by ->
    [you] 您{ $ago }转交了
   *[other] { $who } { $ago }转交了
}
did-snooze = { $by ->
    [you] 您{ $ago }搁置了
   *[other] { $who } { $ago }搁置了
}
did-wake = { $by ->
    [you] 您{ $ago }恢复了处理
   *[other] { $who } { $ago }恢复了处理
}
did-reopen = { $by ->
    [you] 您{ $ago }重新打开了
   *[other] { $who } { $ago }重新打开了
}
did-dismiss = { $by ->
    [you] 您{ $ago }标记为非投诉
   *[other] { $who } { $ago }标记为非投诉
}
did-metric-dismiss = { $by ->
    [you] 您{ $ago }标记为误报
   *[other] { $who } { $ago }标记为误报
}
event-opened = { $ago }建立
event-joined = { $ago }该客户再次被标记
event-metric-joined = { $ago }又有一次告警
event-recovered = { $ago }指标恢复正常
event-lease-expired = { $ago }退回队列
event-woke = { $ago }恢复处理
event-other = { $ago }有变更
ago-now = 刚刚
ago-minutes = { $n } 分钟前
ago-hours = { $n } 小时前
ago-days = { $n ->
   *[other] { $n } 天前
}

## App Home
home-title = 您的案件
home-overdue = 逾期（{ $n }）
home-open = 待处理（{ $n }）
home-snoozed = 已搁置（{ $n }）
home-silences = 静音（{ $n }）
home-silence = { $name } 至 { $when }，{ $who }：{ $reason } – { $n ->
   *[other] { $n } 个案件等待中
}
home-silence-end = 立即结束
home-more = { $n ->
   *[other] 另有 { $n } 件
}
home-all = 全部案件
home-empty = 没有等待您处理的案件。
home-hours = 您的工作时间：{ $hours }（{ $zone }）
home-always = 您的工作时间：全天
home-away = 您当前标记为不在岗：新案件不会分派给您。
home-stranger = 我还不认识您。请联系维护 loop.yaml 的同事，用您的 Slack ID { $user } 把您加入，之后这里会显示您的案件。

## The morning's list, and a word before a promise breaks
digest-mine = { $n ->
   *[other] 早上好：有 { $n } 件案件等您处理。
}
digest-others = { $n ->
   *[other] 早上好：有 { $n } 件案件等待 { $people } 处理。
}
gathered-head = { $n ->
   *[other] { $n } 件案件需要关注。
}
digest-card = 新案件
digest-reopen = 重新打开：又一次差评
digest-wake = 恢复处理
digest-overdue = 已逾期：无人接手
digest-contact_overdue = 已逾期：未联系客户
digest-lease_expired = 已退回队列：接手后未处理
digest-due_contact = 请联系客户
digest-due_acknowledge = 等待接手
nudge-acknowledge = { $case } 等您处理：请在 { $when } 前接手。{ $matter }。
nudge-contact = { $case }：请在 { $when } 前联系客户。{ $matter }。
nudge-contact-overdue = { $case } 已逾期：尚未联系客户（负责人：{ $owner }）。{ $matter }。

## 多件案件合为一条
roll-up-head = { $n ->
   *[other] 另有 { $n } 件案件
}
roll-up-incident = { $n ->
   *[other] 事件 { $incident }：{ $n } 件案件，涉及 { $what }
}
roll-up-since = 自 { $when }
roll-up-why = 案件来得太快，无法逐一发卡片；每位负责人都会直接收到通知。
roll-up-why-incident = 许多客户，同一原因？每位负责人都会直接收到通知。
roll-up-stays = 此列表会持续更新；变为紧急的案件会有单独的卡片。
roll-up-show = 显示案件…
roll-up-shown = { $case } 将以单独的卡片发出。
roll-up-shown-before = { $case } 已有单独的卡片。
roll-up-resolve-all = 全部解决…
title-resolve-all = 全部解决
resolve-all-question = { $n ->
   *[other] 事件 { $incident } 有 { $n } 件未结案件。您有权解决的案件都将记录此原因和备注。
}
resolve-mine-question = { $n ->
   *[other] 事件 { $incident } 中您有 { $n } 件未结案件，都将记录此原因和备注。
}
resolve-all-none = 此事件已没有未结案件。
resolve-all-done = 已解决：{ $n }。
resolve-all-refused = 未解决：{ $n }。他人正在处理，或刚刚有变化：{ $cases }。
resolve-all-left = 仍未结：{ $n }。请再按一次按钮。
case-incident = 属于事件 { $incident }

## E-mails
mail-why = Slack 未接收这条消息，因此改用电子邮件发送。

## Why a rule flagged somebody
reason-given = { $metric } { $score }（量表 { $scale }）
reason-given-low = { $metric } { $score }（量表 { $scale }，越低越好）
reason-below = { $given }：不高于 { $limit }。
reason-above = { $given }：不低于 { $limit }。
reason-as-below = { $given }：相当于量表 { $scale } 上的 { $limit } 或更低。
reason-as-above = { $given }：相当于量表 { $scale } 上的 { $limit } 或更高。
reason-asks = 客户希望我们与其联系。
reason-words = 评论中含有规则 { $rule } 所找的词语。
reason-praise = 措辞为称赞，但 { $given }：请核实。
reason-anger = 措辞为愤怒，但 { $given }：请核实。
reason-silent = { $n ->
   *[other] { $span }内有 { $n } 次失败的触点，且没有回复：{ $tally }。
}
reason-repeated = { $n ->
   *[other] { $span }内有 { $n } 次差评：{ $tally }。
}
reason-won-back = 客户的下一次回复不再是差评：{ $given }。
reason-won-back-unsaid = 客户的下一次回复不再是差评。
reason-measured = { $what }（{ $window }）
reason-failures = 失败触点占比
reason-reading = { $value }（95% 区间 { $low } 至 { $high }，n = { $count }）
reason-nothing = 无数据（n = 0）
reason-fell = { $what } 降至 { $after }，此前（最近 { $span } 的其余时间）为 { $before }；相差 { $errors } 个标准误，超出偶然范围。
reason-rose = { $what } 升至 { $after }，此前（最近 { $span } 的其余时间）为 { $before }；相差 { $errors } 个标准误，超出偶然范围。
reason-recovered = { $what } 已恢复至 { $after }；此前为 { $level }。
reason-settled = { $what } 偏离 { $level } 已有 { $span }，现为 { $after }；今后以此为正常水平。
reason-touchpoints = 触点
reason-answers = 对 { $metric } 的回复
reason-stopped = 自 { $since } 起只收到 { $seen } 个{ $things }，通常约为 { $expected } 个。
reason-returned = { $things } 在自 { $since } 起的沉寂之后重新出现。
reason-given-up = { $n ->
   *[other] 自 { $since }起的 { $n } 天里几乎没有{ $things }：不再等待。
}
