"""``closeloop routes``: what the loop would do with one event or alert, in words, and whom it would not reach."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from closeloop.current_silences import UNKNOWN, held_by
from closeloop.errors import UserError
from consumers.routing import Standing, explain
from consumers.routing.proof import prove
from consumers.routing.segments import TooManySegmentsError
from schemas.alerts import Alert
from schemas.cloudevents import EventReader
from schemas.config import Loop
from schemas.config_base import Duration, seconds
from schemas.config_rules import RepeatedRule, SilentRule
from schemas.deadletters import InvalidEvent
from schemas.events import ResponseEvent, TouchpointEvent
from schemas.loop_yaml import load, metric_specs
from schemas.scales import Scale
from schemas.silences import Silence, holding
from streams.flagging.detect import Detector, Flag, alerts, reaches

_FAILED = "failed"


class _Kind(msgspec.Struct):
    """The one field that tells an alert from an event."""

    type: str = ""


def explain_event(
    path: Path, config: Path, zone: str | None, now: datetime, silences: Sequence[Silence] | None = ()
) -> list[str]:
    """Read one event, or one alert as it is on ``cx.alerts``, and say who would get it at ``now``, and why.

    Nobody is taken to have an open case. Of an event: which rules flag it, and which would with what came before it
    from this customer. Its age is left aside: the question is who would get it if it came then. ``silences`` are those
    that hold then, ``None`` where nobody knows. Raises ``ConfigError``, ``UserError`` or ``OSError``.
    """
    loop = load(config, zone)
    unknown = [UNKNOWN] if silences is None else []

    def explained(alert: Alert, verb: str = "") -> list[str]:
        return _explained(loop, alert, now, verb) + _held(alert, silences or (), now)

    content = path.read_bytes()
    found = _alert(path, content)
    if found is not None:
        return explained(found) + unknown
    reader = EventReader(metric_specs(loop))
    try:
        event = reader.read(content, now)
    except InvalidEvent as error:
        raise UserError(f"{path}: {error}") from None
    lines: list[str] = []
    if isinstance(event, ResponseEvent):
        scale = reader.scale_of(event.data)
        flags = Detector(loop.rules, metric_specs(loop)).flags(event.data, scale)
        for alert in alerts(event, flags, scale, event.time):
            lines += explained(alert)
        for flag in _repeated(loop, event, scale):
            lines += explained(alerts(event, [flag], scale, event.time)[0], "would flag it")
        return lines + unknown if lines else ["no rule flags this answer: nobody is told"]
    for alert in _silent(loop, event):
        lines += explained(alert, "would flag it")
    return lines + unknown if lines else ["no rule flags this touchpoint: nobody is told"]


def prove_routes(config: Path, zone: str | None, within: str, now: datetime) -> tuple[list[str], bool]:
    """What :func:`consumers.routing.proof.prove` found, line by line, and whether there is no hole.

    Raises ``ConfigError`` or ``UserError``.
    """
    loop = load(config, zone)
    try:
        soon = timedelta(seconds=seconds(msgspec.convert(within, Duration)))
    except (msgspec.ValidationError, OverflowError):
        raise UserError(f"--within {within}: give a whole number and a unit: 36h, 7d") from None
    try:
        proof = prove(loop, now, soon)
    except TooManySegmentsError as error:
        raise UserError(f"{config}: {error}; fewer fields in its routes would do") from None
    looked = f"{proof.segments} segments at {proof.hours} hours"
    if not proof.holes:
        return [f"{looked}: each reaches somebody who is at work within {within}"], True
    lines = [
        f"{hole.receiver}: {hole.segment}{f' (and {hole.more} more)' if hole.more else ''}: {hole.why}; "
        f"{hole.hours} hours, the first {hole.first:%a %Y-%m-%d %H:%M} UTC"
        for hole in proof.holes
    ]
    return [*lines, f"{looked}: {len(lines)} ways to reach nobody"], False


def _alert(path: Path, content: bytes) -> Alert | None:
    """The alert, where the file has one. Raises ``UserError`` for one that cannot be read."""
    try:
        if msgspec.json.decode(content, type=_Kind).type != "alert":
            return None
        return msgspec.json.decode(content, type=Alert)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        if b'"alert"' in content:
            raise UserError(f"{path}: not an alert of this version of closeloop: {error}") from None
        return None
    except msgspec.DecodeError:
        return None  # whoever reads events says what is wrong


def _explained(loop: Loop, alert: Alert, now: datetime, verb: str = "") -> list[str]:
    said = f" {verb}" if verb else ""
    if alert.recovered:
        return [
            f"rule {alert.rule}{said}: {alert.reason}",
            "  joins the open case that told of the alarm; without one nobody is told",
        ]
    quiet = [] if alert.page else ["  pages nobody: a card in the channel, no reminder"]
    head = f"rule {alert.rule} ({alert.severity}){said}: {alert.reason}"
    return [head, *(f"  {line}" for line in explain(loop, alert, Standing(), now)), *quiet]


def _held(alert: Alert, silences: Sequence[Silence], now: datetime) -> list[str]:
    """That its messages wait. What is over is not held: it joins the case that told of it."""
    silence = None if alert.recovered else holding(silences, alert, now)
    return [] if silence is None else [f"  held by silence {held_by(silence)}"]


def _repeated(loop: Loop, event: ResponseEvent, scale: Scale) -> Iterator[Flag]:
    """The rules that this answer would complete."""
    answer = event.data
    declared = metric_specs(loop)[answer.metric].scale
    for rule in loop.rules:
        if not isinstance(rule, RepeatedRule):
            continue
        threshold = rule.at_or_below.get(answer.metric)
        if threshold is not None and reaches(answer.score, scale, threshold, declared):
            reason = f"if the customer has {rule.count} bad answers within {rule.within} with it."
            yield Flag(rule.name, rule.severity, rule.programme, reason)


def _silent(loop: Loop, event: TouchpointEvent) -> Iterator[Alert]:
    """Alerts of the rules that this touchpoint would complete: there is no answer and no score."""
    told = event.data
    for rule in loop.rules:
        if not isinstance(rule, SilentRule) or told.outcome != _FAILED:
            continue
        if rule.touchpoints and told.touchpoint not in rule.touchpoints:
            continue
        yield Alert(
            id="",
            rule=rule.name,
            reason=f"if it is the {rule.count}. failure within {rule.within} and the customer has said nothing.",
            severity=rule.severity,
            programme=rule.programme,
            customer_id=told.customer_id,
            event_source=event.source,
            event_id=event.id,
            event_time=event.time,
            detected_at=event.time,
            touchpoint=told.touchpoint,
            channel=told.channel,
            attributes=told.attributes,
        )
