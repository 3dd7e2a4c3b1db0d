"""What a person reads of a case at a terminal. Pure: the time is given. Times are shown in UTC."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from msgspec import UnsetType

from closeloop.cases.api import RefusedRequest
from closeloop.cleaning import clean
from gateway.case_shapes import AlertShown, Case, HistoryEntry
from gateway.incident_shapes import IncidentShown
from schemas.cases import CLOSED_STATES, UNASKED
from schemas.incidents import label

T = TypeVar("T")

LIST_COLUMNS = ("case", "state", "severity", "customer", "what", "owner", "due", "opened")

_ACTIONS = {
    "opened": "opened",
    "joined": "answered again",
    "acknowledge": "acknowledged",
    "contact": "contacted",
    "resolve": "resolved",
    "reassign": "reassigned",
    "snooze": "snoozed",
    "wake": "woken",
    "reopen": "reopened",
    "dismiss": "dismissed",
    "recovered": "the customer is back",
    "lease_expired": "back in the queue: no contact in time",
    "unsilenced": "its silence has ended",
    "linked": "became part of an incident",
    "erased": "the customer was erased",
}
_SOON = {"acknowledge": "acknowledgement due soon", "contact": "contact due soon"}
_LATE = {"acknowledge": "acknowledgement overdue", "contact": "contact overdue", "lease": "no contact in time"}
_NO_STEPS = UNASKED | {"recovered"}
"""What does not say how a case stands."""


def row(case: Case, now: datetime) -> tuple[str, ...]:
    """A case as a line of the list, by :data:`LIST_COLUMNS`."""
    return tuple(
        clean(cell)
        for cell in (
            f"C-{case.id}",
            case.state,
            case.severity,
            case.customer_id,
            what(case.latest_alert),
            case.owner_name or "nobody",
            due(case, now),
            moment(case.opened_at),
        )
    )


def lines(case: Case, now: datetime) -> Iterator[str]:
    """Everything about one case, line by line."""
    yield clean(f"C-{case.id}  {case.state} · {case.severity} · {case.customer_id} · {what(case.latest_alert)}")
    yield clean(f"  owner {_person(case.owner, case.owner_name)}, receiver {case.receiver}, programme {case.programme}")
    facts = [f"{name} {value}" for name, value in case.attributes.items()]
    if case.touchpoint:
        facts.insert(0, f"touchpoint {case.touchpoint}")
    if facts:
        yield clean(f"  {', '.join(facts)}")
    yield clean(f"  opened {moment(case.opened_at)}, version {case.version}, can be: {', '.join(case.actions)}")
    if case.reopened_at is not None:
        yield clean(f"  opened again {moment(case.reopened_at)}")
    if case.closed_at is not None:
        cause = f" ({case.root_cause})" if case.root_cause else ""
        yield clean(f"  {case.state} {moment(case.closed_at)}{cause}{_said(case.resolution_note)}")
    if case.recovered_at is not None:
        yield clean(f"  recovered {moment(case.recovered_at)}{_said(case.recovery_reason)}")
    if case.silence:
        held = "messages wait" if case.silence.holds else "told of before"
        yield clean(
            f"  silenced until {moment(case.silence.ends_at)} by {case.silence.created_by_name}: {case.silence.reason} "
            f"(S-{case.silence.id}, {held})"
        )
    yield from _section("Due", _promises(case, now))
    yield from _section("Answers", (text for alert in _given(case.alerts) for text in _answer(alert)))
    yield from _section("History", (_step(entry) for entry in _given(case.events)))
    yield from _section(
        "Messages",
        (
            f"{moment(message.created_at)}  {message.kind} to {message.destination}: {message.state}"
            + (f" ({message.problem})" if message.problem else "")
            for message in _given(case.messages)
        ),
    )


def what(alert: AlertShown) -> str:
    """What happened, in a few words."""
    if alert.subject == "metric":
        return "metric alarm"
    if alert.score is None:
        return "silent after failures"
    low = "" if alert.higher_is_better else ", low is good"
    return f"{alert.metric} {alert.score} of {alert.scale_max}{low}"


def due(case: Case, now: datetime) -> str:
    """The next promise and whether it is broken; of a closed or sleeping case until when it is at rest."""
    if case.state in CLOSED_STATES:
        return "" if case.recovered_at is None else "recovered"
    if case.state == "snoozed" and case.snoozed_until is not None:
        return f"asleep until {moment(case.snoozed_until)}"
    if case.recovered_at is not None:
        return "back to normal"
    waiting = [(until, name) for name, until, done in _targets(case) if done is None and until is not None]
    if not waiting:
        return ""
    until, name = min(waiting)
    return f"{name} {'overdue since' if until <= now else 'by'} {moment(until)}"


def since(case: Case, now: datetime) -> str:
    """How the case stands: ``C-7 is resolved since 10:02 UTC by Ana``."""
    last = next((entry for entry in reversed(_given(case.events)) if entry.action not in _NO_STEPS), None)
    if last is None:
        return f"C-{case.id} is {case.state}"
    same_day = last.at.date() == now.date()
    when = f"{last.at:%H:%M} UTC" if same_day else moment(last.at)
    return clean(f"C-{case.id} is {case.state} since {when} by {last.actor_name}")


def incident_line(incident: IncidentShown) -> str:
    """An incident in a line: ``I-7  order.delivered, SP  23 cases, 4 open  since 21 Nov 10:02 UTC, running``."""
    what = ", ".join(clean(str(value)) for value in incident.shared.values())
    stands = "running" if incident.running else f"quiet since {moment(incident.last_case_at)}"
    since = f"since {moment(incident.opened_at)}, {stands}"
    return f"{label(incident.id)}\t{what}\t{incident.cases} cases, {incident.open} open\t{since}"


def refusal(refused: RefusedRequest, now: datetime) -> str:
    """Why the gateway said no, in a line: of a case, how it stands and since when."""
    if refused.case is not None:
        stands = since(refused.case, now)
        if refused.reason == "stale":
            return f"stale: {stands}"
        plain = f"C-{refused.case.id} is {refused.case.state}: "
        problem = refused.problem
        told = f"{stands}: {problem.removeprefix(plain)}" if problem.startswith(plain) else problem
        return clean(f"{refused.reason.replace('_', ' ')}: {told}")
    if refused.status in (400, 422) and refused.field:
        return clean(f"--{refused.field.replace('_', '-')}: {refused.problem}")
    return clean(str(refused))


def moment(at: datetime) -> str:
    """An instant as it is shown everywhere here."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _targets(case: Case) -> tuple[tuple[str, datetime | None, datetime | None], ...]:
    return (
        ("acknowledge", case.acknowledge_by, case.acknowledged_at or case.contacted_at),
        ("contact", case.contact_by, case.contacted_at),
        ("resolve", case.resolve_by, case.closed_at),
    )


def _promises(case: Case, now: datetime) -> Iterator[str]:
    for name, until, done in _targets(case):
        if until is None:
            continue
        if done is not None:
            state = f"done {moment(done)}" + ("" if done <= until else ", late")
        else:
            state = "overdue" if until <= now and case.state not in CLOSED_STATES else "open"
        yield f"{name} by {moment(until)}: {state}"
    if case.lease_until is not None:
        yield f"lease until {moment(case.lease_until)}"
    if case.snoozed_until is not None:
        yield f"asleep until {moment(case.snoozed_until)}"


def _answer(alert: AlertShown) -> Iterator[str]:
    over = "recovered: " if alert.recovered else ""
    yield f"{moment(alert.event_time)}  {what(alert)} · {over}{alert.rule}: {alert.reason}"
    for line in (alert.comment or "").splitlines():
        yield f"  | {line}"


def _step(entry: HistoryEntry) -> str:
    if entry.version is None:
        return f"–  {moment(entry.at)}  {_notice(entry)}"
    where = entry.via
    key = entry.detail.get("key")
    if key:
        where += f", key {key}"
    said = [
        f"{name} {entry.detail[name]}"
        for name in ("owner", "until", "channel", "root_cause", "rule", "why")
        if entry.detail.get(name)
    ]
    if entry.detail.get("silenced_until"):
        by = entry.detail.get("silenced_by") or entry.detail.get("silence")
        said.append(f"held by S-{by} until {entry.detail['silenced_until']}")
    told = f" [{', '.join(said)}]" if said else ""
    action = _ACTIONS.get(entry.action, entry.action)
    who = "" if entry.actor == "system" else f" by {entry.actor_name}"
    return f"{entry.version}  {moment(entry.at)}  {action}{who} ({where}){told}{_said(entry.detail.get('note'))}"


def _notice(entry: HistoryEntry) -> str:
    """Who was told, and of what: ``escalated to eve (step 1): acknowledgement overdue``."""
    of, told = str(entry.detail.get("of")), str(entry.detail.get("told")).removeprefix("person:")
    if entry.action == "reminded":
        return f"reminded {told}: {_SOON.get(of, of)}"
    return f"{entry.action} to {told} (step {entry.detail.get('step')}): {_LATE.get(of, of)}"


def _section(title: str, content: Iterable[str]) -> Iterator[str]:
    found = [clean(text) for text in content]
    if found:
        yield title
        yield from (f"  {text}" for text in found)


def _said(words: object) -> str:
    return f": {words}" if words else ""


def _person(key: str | None, name: str | None) -> str:
    if key is None:
        return "nobody"
    return key if name in (None, key) else f"{name} ({key})"


def _given(found: list[T] | UnsetType) -> list[T]:
    return [] if isinstance(found, UnsetType) else found
