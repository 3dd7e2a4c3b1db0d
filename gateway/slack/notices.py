"""What a person is told when something did not happen as the button promised. Pure: the time is given."""

from datetime import datetime, timedelta

from msgspec import UNSET

from gateway.case_reads import Case, HistoryEntry
from schemas.case_ledger import Refusal

_DEEDS = {
    "acknowledge": "took it",
    "contact": "contacted the customer",
    "resolve": "resolved it",
    "reassign": "handed it over",
    "snooze": "snoozed it",
    "wake": "woke it",
    "reopen": "reopened it",
    "dismiss": "marked it as not a complaint",
}
_EVENTS = {
    "opened": "it was opened",
    "joined": "the customer was flagged again",
    "lease_expired": "it went back to the queue",
}
_METRIC_EVENTS = {"joined": "there was another alarm"}
_RECOVERED = "the metric went back to normal"


def refusal_notice(refusal: Refusal, said: str, case: Case | None, actor: str, now: datetime) -> str:
    """One sentence or two for the person whose action was not taken: what happened instead, and when."""
    if case is None:
        return "This case is gone."
    last = _last(case)
    happened = f" {_happened(case, last, actor, now)}." if last else ""
    if refusal == "stale":
        return f"C-{case.id} has changed since this card was drawn:{happened} Nothing was done; the card is renewed."
    if refusal == "not_allowed":
        return f"C-{case.id} is {case.state}, so this cannot be done now.{happened}"
    return f"{said[:1].upper()}{said[1:]}."


def age(span: timedelta) -> str:
    """How long ago, in words."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 172_800:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86_400} days ago"


def escape(text: str) -> str:
    """Escape what means something in Slack's mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _last(case: Case) -> HistoryEntry | None:
    return case.events[-1] if case.events is not UNSET and case.events else None


def _happened(case: Case, last: HistoryEntry, actor: str, now: datetime) -> str:
    when = age(now - last.at)
    deed = _DEEDS.get(last.action)
    if deed is None:
        events = _EVENTS | (_METRIC_EVENTS if case.subject == "metric" else {})
        event = _RECOVERED if last.detail.get("recovered") else events.get(last.action, last.action)
        return f"{event} {when}"
    if last.action == "dismiss" and case.subject == "metric":
        deed = "marked it as a false alarm"
    who = "you" if last.actor == actor else _name(last)
    return f"{who} {deed} {when}"


def _name(entry: HistoryEntry) -> str:
    return "a colleague" if entry.actor.startswith("slack:") else escape(entry.actor_name)
