"""What a case is about, in words: an unhappy customer, a silent one, an answer to check, or a metric. Pure."""

from msgspec import Struct

from schemas.alerts import Alert
from schemas.cases import CaseState, UserAction

_NAMES = {name: name.upper() for name in ("nps", "csat", "ces", "csi", "clv")} | {"outcome": "failed touchpoints"}
"""Metrics that people write differently."""


class Words(Struct, frozen=True, kw_only=True):
    """What differs between cases about a customer and about a metric."""

    labels: dict[UserAction, str]
    """On the buttons."""
    states: dict[CaseState, str]
    lease_expired: str
    """Why an acknowledged case is back in the queue."""
    again: str
    """What came again, with its number before it."""
    reply: str
    """What is promised first, before the time by which."""


_LABELS: dict[UserAction, str] = {
    "acknowledge": "I'm on it",
    "contact": "Contacted…",
    "resolve": "Resolve…",
    "snooze": "Snooze",
    "wake": "Wake",
    "reassign": "Reassign…",
    "reopen": "Reopen…",
    "dismiss": "Not a complaint…",
}
_STATES: dict[CaseState, str] = {
    "open": "open",
    "acknowledged": "acknowledged",
    "contacted": "contacted",
    "snoozed": "snoozed",
    "resolved": "resolved",
    "dismissed": "not a complaint",
}
_CUSTOMER = Words(
    labels=_LABELS,
    states=_STATES,
    lease_expired="the customer was not contacted in time",
    again="bad answer",
    reply="reply by",
)
_METRIC = Words(
    labels=_LABELS | {"acknowledge": "I'll look into it", "dismiss": "False alarm…"},
    states=_STATES | {"acknowledged": "being looked into", "dismissed": "false alarm"},
    lease_expired="it was not resolved in time",
    again="alarm",
    reply="look into it by",
)


def words_for(alert: Alert) -> Words:
    """The words of a case that is about this alert's subject."""
    return _METRIC if alert.subject == "metric" else _CUSTOMER


def who(alert: Alert) -> str:
    """The customer, or the series with its metric as people write it: ``NPS 7d region=SP``. Raw: to be escaped."""
    if alert.subject != "metric":
        return alert.customer_id
    metric, space, rest = alert.customer_id.partition(" ")
    return _metric_name(metric) + space + rest


def what(alert: Alert) -> str:
    """What happened, in a few words: the score with its scale (``CSAT 2 of 5``), or what stands in its place."""
    if alert.subject == "metric":
        return "metric alarm"
    if alert.score is None:
        return "silent after failures"
    low = "" if alert.higher_is_better else " (low is good)"
    return f"{_metric_name(alert.metric or 'score')} {alert.score} of {alert.scale_max}{low}"


def lead(alert: Alert, *, page: bool) -> str:
    """The first words of a notification: what kind of thing this is, and whether it can wait."""
    if alert.subject == "metric":
        return "Metric alarm" if page else "Metric to look at"
    if not page:
        return "When there is time, please check"
    return "Silent customer" if alert.score is None else "Unhappy customer"


def speaks_for_itself(alert: Alert) -> bool:
    """Whether score and words say what happened; else the rule's reason has to."""
    return alert.subject == "customer" and alert.score is not None


def _metric_name(metric: str) -> str:
    return _NAMES.get(metric, metric)
