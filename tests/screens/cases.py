"""The cases, one for each thing that a card can say, opened and worked on as the rooms do it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import structs
from sqlalchemy import select

from closeloop.sandbox import Fault, FaultKind
from consumers.desk import opening_of, take_in
from consumers.routing import Assignment, Choice
from consumers.timers.messages import Occasion, add_message
from consumers.timers.mornings import Morning, send_list
from schemas.alerts import Alert, Severity, alert_id
from schemas.case_ledger import Change, Destination, act, open_case
from schemas.cases import CaseAction
from schemas.tables import CaseRow, SlackOutboxRow
from schemas.working_time import calendars
from tests.screens.stage import COLLEAGUE, LEAD, OWNER, Stage

LENGTH = 3_000
SILENT = "3 failed touchpoints within 72 h and no answer: order.delivered 3 times."
BACK = "nps over 7d is back at 41.0 (95 % interval 37.2 to 44.8, n = 388); it was 43.0 before."
FELL = (
    "nps over 7d fell to 12.0 (95 % interval 4.1 to 19.9, n = 212) from 43.0 (95 % interval 40.2 to 45.8, n = 1830) in "
    "the rest of the last 30d: 4.2 standard errors, more than chance explains."
)
FAILED = (
    "The share of failed touchpoints over 24h rose to 9.1 (95 % interval 7.4 to 11.1, n = 1004) from 3.2 (95 % "
    "interval 2.9 to 3.5, n = 15210) in the rest of the last 30d: 5.6 standard errors, more than chance explains."
)


class Cases:
    """Opens cases at a stage, and remembers them by name."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.ids: dict[str, int] = {}

    def alert(self, customer: str, hours: float = 1.0, **changes: Any) -> Alert:
        """An answer that was given so many hours ago."""
        words, at = self.stage.words, self.stage.now - timedelta(hours=hours)
        made = Alert(
            id="", rule="detractor", reason="", severity="normal", programme="feedback",
            customer_id=customer, event_source="/shop/surveys", event_id=f"r-{customer}-{hours}", event_time=at,
            detected_at=at, metric="nps", score=2, scale_min=0, scale_max=10, higher_is_better=True,
            touchpoint=words.touchpoint, comment=words.short, language=words.language,
            attributes=dict(words.attributes),
        )  # fmt: skip
        made = structs.replace(made, **changes)
        if "reason" not in changes:
            scale = f"{made.scale_min}..{made.scale_max}"
            side = "is at or below 6" if made.higher_is_better else "(low is good) is at or above 4"
            made = structs.replace(made, reason=f"{made.metric} {made.score} on {scale} {side}.")
        return structs.replace(made, id=alert_id(made.event_source, made.event_id, made.rule))

    def open(
        self, name: str, alert: Alert, hours: float = 1.0, receiver: str = "care", owner: str | None = OWNER
    ) -> int:
        """Open a case as the desk does, so many hours ago."""
        loop, now = self.stage.loop, self.stage.now - timedelta(hours=hours)
        channel = loop.receivers[receiver].channel
        places = [Destination("channel", channel)]
        if receiver == "care" and owner is not None:
            places.append(Destination("dm", f"person:{owner}"))
        assignment = Assignment(receiver, Choice(owner, "least_loaded", ()), tuple(places))
        with self.stage.parts.writers.begin() as session:
            opening = opening_of(loop, alert, assignment, now)
            self.ids[name] = open_case(session, alert, opening, now, calendars(loop)).id
        return self.ids[name]

    def act(self, name: str, action: CaseAction, hours: float, actor: str = OWNER, **change: Any) -> None:
        """Take an action so many hours ago."""
        now = self.stage.now - timedelta(hours=hours)
        said = Change(**change)
        if action == "acknowledge":
            said = structs.replace(said, owner=actor, lease_until=now + timedelta(hours=24))
        with self.stage.parts.writers.begin() as session:
            act(
                session, self.ids[name], action, actor=actor, via="system" if actor == "system" else "slack",
                now=now, change=said, calendar_of=calendars(self.stage.loop),
            )  # fmt: skip

    def take(self, *alerts: Alert, hours: float = 0.1) -> None:
        """Let the desk take further alerts in."""
        with self.stage.parts.writers.begin() as session:
            take_in(session, self.stage.loop, alerts, self.stage.now - timedelta(hours=hours))

    def remind(self, name: str, occasion: Occasion) -> None:
        """A short message, as the timers send it."""
        with self.stage.parts.writers.begin() as session:
            case = session.get_one(CaseRow, self.ids[name])
            key = f"screens/{name}/{occasion}"
            add_message(session, self.stage.loop, case, occasion, f"person:{OWNER}", key, self.stage.now)


def open_all(stage: Stage) -> Cases:
    """Every case; the messages they cause are sent before this returns."""
    cases, words = Cases(stage), stage.words
    note = words.note
    cases.open("open", cases.alert("Acme GmbH"))
    cases.open(
        "open high", cases.alert("c-20417", score=1, severity="high", comment=words.rude, contact_requested=True)
    )
    cases.open(
        "open critical",
        cases.alert("Nowak & Söhne <KG>", score=0, severity="critical", touchpoint=None, attributes={}),
        hours=0.2,
    )
    cases.open("overdue", cases.alert("c-30991", 6, severity="high", comment=words.rude), hours=6)
    cases.open("acknowledged", cases.alert("c-1001"), hours=2)
    cases.act("acknowledged", "acknowledge", 1.5)
    cases.open("contact due", cases.alert("c-1002", 30, severity="high"), hours=30)
    cases.act("contact due", "acknowledge", 20)
    cases.open("contacted", cases.alert("c-1003"), hours=5)
    cases.act("contacted", "acknowledge", 4.5)
    cases.act("contacted", "contact", 4, channel="phone", note=note)
    cases.open("snoozed", cases.alert("c-1004"), hours=5)
    cases.act("snoozed", "snooze", 1, until=stage.now + timedelta(hours=20))
    cases.open("resolved", cases.alert("c-1005"), hours=30)
    cases.act("resolved", "acknowledge", 29)
    cases.act("resolved", "contact", 28, channel="email", note=note)
    cases.act("resolved", "resolve", 2, root_cause="late_delivery", note=note, customer_told=True)
    cases.open("dismissed", cases.alert("c-1006"), hours=3)
    cases.act("dismissed", "dismiss", 1, LEAD, note=words.no_complaint)
    cases.open("reopened", cases.alert("c-1007", 30), hours=30)
    cases.act("reopened", "acknowledge", 29)
    cases.act("reopened", "resolve", 20, root_cause="billing", note=note, customer_told=False)
    cases.act("reopened", "reopen", 1, COLLEAGUE, note="?")
    cases.open("unhappy again", cases.alert("c-1008", 30), hours=30)
    cases.act("unhappy again", "resolve", 20, root_cause="other", note=note)
    cases.open("recovered customer", cases.alert("c-1009", 90), hours=90)
    cases.act("recovered customer", "resolve", 80, root_cause="usability", note=note, customer_told=True)
    cases.open("lease expired", cases.alert("c-1010", 30), hours=30)
    cases.act("lease expired", "acknowledge", 28)
    cases.act("lease expired", "lease_expired", 3, "system")
    cases.open("awake", cases.alert("c-1011"), hours=5)
    cases.act("awake", "snooze", 4, until=stage.now - timedelta(hours=1))
    cases.act("awake", "wake", 1, "system")
    fell = {
        "subject": "metric", "rule": "nps_fell", "severity": "high", "programme": "metrics", "score": None,
        "scale_min": None, "scale_max": None, "comment": None, "language": None, "touchpoint": None,
        "reason": FELL,
        "event_source": "closeloop/metrics", "attributes": {"region": "SP"},
    }  # fmt: skip
    cases.open("metric", cases.alert("nps 7d region=SP", **fell))
    cases.open("metric recovered", cases.alert("nps 7d region=RJ", 9, **fell), hours=9)
    failures = fell | {"metric": "outcome", "reason": FAILED, "attributes": {"touchpoint": "order.delivered"}}
    cases.open("metric acknowledged", cases.alert("outcome 24h touchpoint=order.delivered", **failures))
    cases.act("metric acknowledged", "acknowledge", 0.5)
    cases.open(
        "to check",
        cases.alert("c-1012", rule="misread_scale", programme="verify", page=False, score=0,
                    reason="Words of praise, but nps 0 on 0..10: to be verified."),
    )  # fmt: skip
    silent = {
        "rule": "silent_detractor", "reason": SILENT,
        "metric": None, "score": None, "scale_min": None, "scale_max": None, "comment": None, "language": None,
        "severity": "high",
    }  # fmt: skip
    cases.open("silent", cases.alert("c-1013", **silent))
    cases.open("long", cases.alert("c-1014", comment=(words.long * 100)[:LENGTH]))
    cases.open(
        "chinese",
        cases.alert("陈伟", comment="快递又迟到了,包装也破了,客服一直不回复。再也不买了。", language="zh-Hans"),
    )
    cases.open(
        "russian",
        cases.alert("Иван Петров", comment="Курьер опять опоздал на три часа, заказ холодный.", language="ru"),
    )
    cases.open("no comment", cases.alert("c-1015", comment=None))
    cases.open(
        "low is good",
        cases.alert("c-1016", metric="effort", score=5, scale_min=1, scale_max=5, higher_is_better=False),
    )
    cases.open("several", cases.alert("c-1017", 20), hours=20)
    cases.open("handed over", cases.alert("c-1018"), hours=3)
    cases.act("handed over", "reassign", 1, LEAD, owner=COLLEAGUE, note=note)
    cases.open("taken over", cases.alert("c-1019"), hours=3)
    cases.act("taken over", "acknowledge", 2)
    cases.act("taken over", "reassign", 1, COLLEAGUE, owner=COLLEAGUE)
    cases.act("taken over", "acknowledge", 1, COLLEAGUE)
    cases.open("nobody's", cases.alert("c-1020"), owner=None)
    cases.open("diverted", cases.alert("c-1021"), receiver="old")
    stage.settle()
    cases.take(
        cases.alert("c-1008", 0.2, score=1),
        cases.alert("c-1009", 0.2, score=9, recovered=True, reason="NPS 9 is above 6", comment=None),
        cases.alert("c-1017", 0.4, score=3),
        cases.alert("c-1017", 0.2, score=1, severity="high"),
        cases.alert(
            "nps 7d region=RJ",
            0.2,
            **fell
            | {
                "recovered": True,
                "reason": BACK,
            },
        ),
    )
    stage.settle()
    _refused_card(cases)
    for name, occasion in REMINDERS:
        cases.remind(name, occasion)
    stage.settle()
    _morning(cases)
    _incident(cases)
    return cases


REMINDERS: tuple[tuple[str, Occasion], ...] = (
    ("awake", "wake"),
    ("lease expired", "lease_expired"),
    ("metric acknowledged", "lease_expired"),
    ("overdue", "overdue"),
    ("contact due", "contact_overdue"),
    ("open", "due_acknowledge"),
    ("acknowledged", "due_contact"),
)


def _refused_card(cases: Cases) -> None:
    """A card that Slack refuses as wrongly built: text alone arrives."""
    refusal = Fault(kind=FaultKind.ERROR, method="chat.postMessage", times=1, error="invalid_blocks")
    cases.stage.slack.add_fault(refusal)
    cases.open("plain", cases.alert("c-1022"), owner=None)
    cases.stage.settle()


def _morning(cases: Cases) -> None:
    """The list of what waited for the lead: their own, and what the timers have to say of it."""
    stage = cases.stage
    severities: tuple[Severity, ...] = ("normal", "high", "normal", "normal", "high")
    for number, severity in enumerate(severities):
        cases.open(f"night {number}", cases.alert(f"n-{number}", severity=severity), owner=LEAD)
    with stage.parts.writers.begin() as session:
        for name, occasion in (("night 0", "overdue"), ("night 1", "due_contact")):
            case = session.get_one(CaseRow, cases.ids[name])
            add_message(session, stage.loop, case, occasion, f"person:{LEAD}", f"screens/{name}", stage.now)  # type: ignore[arg-type]
        for row in session.scalars(select(SlackOutboxRow).where(SlackOutboxRow.destination == f"person:{LEAD}")):
            row.state = "held"  # it is night there, whatever the hour of this test
    morning = Morning(LEAD, stage.now.date(), stage.now)
    assert send_list(stage.parts.writers, stage.loop, morning, _past(stage.now))
    with stage.parts.writers.begin() as session:
        for row in session.scalars(select(SlackOutboxRow).where(SlackOutboxRow.state.in_(("held", "pending")))):
            row.not_before = _past(stage.now)
    stage.settle()


def _incident(cases: Cases) -> None:
    """A burst through one channel of theirs: an incident with a list in the channel and one for each owner."""
    channel = cases.stage.words.way
    customers = [f"b-{number}" for number in range(12)]
    severities: tuple[Severity, ...] = ("high", "normal", "normal")
    cases.take(
        *(
            cases.alert(name, 0.2, channel=channel, score=number % 7, severity=severities[number % 3])
            for number, name in enumerate(customers)
        ),
        hours=0,
    )
    with cases.stage.parts.readers() as session:
        found = session.scalars(select(CaseRow).where(CaseRow.customer_id.in_(customers)).order_by(CaseRow.id)).all()
        cases.ids |= {f"burst {number}": case.id for number, case in enumerate(found)}
    cases.act("burst 0", "acknowledge", 0)
    cases.act("burst 1", "resolve", 0, root_cause="late_delivery", note=cases.stage.words.note)
    cases.stage.settle()


def _past(now: datetime) -> datetime:
    return now - timedelta(seconds=10)
