"""What a further alert changes about its case. Pure: the alerts that the case holds are given."""

from collections.abc import Iterable
from datetime import datetime

from schemas.alerts import SEVERITIES, Alert, Severity
from schemas.cases import CaseState


def shown(latest: Alert, alert: Alert) -> Alert:
    """The alert that a case's card shows: the newest that has something to show.

    A recovery shows nothing itself, and an alert without an answer never hides the customer's words. Of two rules that
    flagged one event the graver is shown.
    """
    if alert.recovered or (alert.score is None and latest.score is not None):
        return latest
    if alert.score is not None and latest.score is None:
        return alert
    return max(latest, alert, key=lambda one: (one.event_time, SEVERITIES.index(one.severity), one is alert))


def severity_after(severity: Severity, alert: Alert) -> Severity:
    """A further alert can raise the severity; a recovery never does."""
    return severity if alert.recovered else max(severity, alert.severity, key=SEVERITIES.index)


def counts(alert: Alert) -> bool:
    """Whether the alert counts among the case's answers (of a metric: its alarms)."""
    return not alert.recovered and (alert.score is not None or alert.subject == "metric")


def recovery(held: Iterable[Alert]) -> Alert | None:
    """The recovery since which all that a metric's case tells of is over; ``None`` while one rule's alarm is not."""
    newest: dict[str, Alert] = {}
    for alert in sorted(held, key=lambda one: (one.event_time, one.recovered)):
        newest[alert.rule] = alert
    if not newest or not all(alert.recovered for alert in newest.values()):
        return None
    return max(newest.values(), key=lambda one: one.event_time)


def ends_an_alarm(held: Iterable[Alert], recovery: Alert) -> bool:
    """Whether the case holds an alarm that this recovery ends: one of its rule, not newer, and none newer."""
    alarms = [alert.event_time for alert in held if alert.rule == recovery.rule and not alert.recovered]
    return bool(alarms) and max(alarms) <= recovery.event_time


def reopens(alert: Alert, case_state: CaseState, closed_at: datetime | None, *, paged: bool) -> bool:
    """Whether a customer's alert opens their closed case again, however long ago it was closed.

    What was no complaint stays none by an answer that was given before somebody said so. An alert that disturbs nobody
    reopens only a case that disturbed nobody (``paged`` is false).
    """
    if alert.subject != "customer" or alert.recovered or closed_at is None:
        return False
    if case_state == "dismissed" and alert.event_time <= closed_at:
        return False
    return alert.page or not paged


def won_back(alert: Alert) -> str:
    """The answer by which a customer has recovered, in a word of any language: ``NPS 9 of 10``."""
    if alert.metric is None or alert.score is None:
        return alert.reason
    return f"{alert.metric.upper()} {alert.score} of {alert.scale_max}"
