"""What a case is about, in words: an unhappy customer, a silent one, an answer to check, or a metric. Pure.

Names, labels and scores come out raw: whoever shows them in mrkdwn escapes them first.
"""

from datetime import timedelta
from typing import Protocol

from schemas.alerts import Alert, Subject
from schemas.cases import CaseState, UserAction
from schemas.words.catalogue import Words

_NAMES = {name: name.upper() for name in ("nps", "csat", "ces", "csi", "clv")}
"""Metrics that people write differently."""
_ON_METRICS = ("acknowledge", "dismiss", "acknowledged", "dismissed")
"""Actions and states that are called otherwise where a case is about a metric."""


class Answer(Protocol):
    """The score of what was flagged, ``None`` where there is no answer."""

    @property
    def metric(self) -> str | None: ...  # noqa: D102 - as in Alert
    @property
    def score(self) -> int | None: ...  # noqa: D102
    @property
    def scale_max(self) -> int | None: ...  # noqa: D102
    @property
    def higher_is_better(self) -> bool: ...  # noqa: D102


def who(words: Words, subject: Subject, customer_id: str) -> str:
    """The customer, or the series with its metric as people write it: ``NPS 7d region=SP``."""
    if subject != "metric":
        return customer_id
    metric, space, rest = customer_id.partition(" ")
    return metric_name(words, metric) + space + rest


def what(words: Words, subject: Subject, answer: Answer) -> str:
    """What happened, in a few words: the score with its scale (``CSAT 2 of 5``), or what stands in its place."""
    if subject == "metric":
        return words.say("what-metric")
    if answer.score is None:
        return words.say("what-silent")
    metric = metric_name(words, answer.metric or "")
    most, score = str(answer.scale_max), str(answer.score)
    if answer.higher_is_better:
        return words.say("what-score", metric=metric, score=score, most=most)
    return words.say("what-score-low", metric=metric, score=score, most=most)


def metric_name(words: Words, metric: str) -> str:
    """A metric as people write it."""
    if metric == "outcome":
        return words.say("metric-outcome")
    return _NAMES.get(metric, metric) or words.say("metric-unnamed")


def label(words: Words, action: UserAction, subject: Subject) -> str:
    """What stands on an action's button."""
    if subject == "metric" and action in _ON_METRICS:
        return words.say(f"action-metric-{action}")
    return words.say(f"action-{action}")


def state_name(words: Words, state: CaseState, subject: Subject) -> str:
    """A case's state, in the middle of a sentence."""
    if subject == "metric" and state in _ON_METRICS:
        return words.say(f"state-metric-{state}")
    return words.say(f"state-{state}")


def lead(words: Words, alert: Alert, *, page: bool) -> str:
    """The first words of a notification: what kind of thing this is, and whether it can wait."""
    if alert.subject == "metric":
        return words.say("lead-metric") if page else words.say("lead-metric-quiet")
    if not page:
        return words.say("lead-quiet")
    return words.say("lead-silent") if alert.score is None else words.say("lead-customer")


def speaks_for_itself(alert: Alert) -> bool:
    """Whether score and words say what happened; else the rule's reason has to."""
    return alert.subject == "customer" and alert.score is not None


def span(words: Words, length: timedelta) -> str:
    """A length of time in its two largest units, e.g. ``3 h 12 min``."""
    minutes = max(0, int(length.total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    shown = [
        words.say(message, n=count)
        for count, message in ((days, "span-days"), (hours, "span-hours"), (minutes, "span-minutes"))
        if count
    ]
    return " ".join(shown[:2]) or words.say("span-minutes", n=0)


def ago(words: Words, length: timedelta) -> str:
    """How long ago."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return words.say("ago-now")
    if seconds < 3600:
        return words.say("ago-minutes", n=seconds // 60)
    if seconds < 172_800:
        return words.say("ago-hours", n=seconds // 3600)
    return words.say("ago-days", n=seconds // 86_400)
