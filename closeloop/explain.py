"""``closeloop routes explain``: what the loop would do with one answer, in words."""

from datetime import UTC, datetime
from pathlib import Path

from closeloop.errors import UserError
from consumers.routing import explain
from schemas.cloudevents import EventReader
from schemas.deadletters import InvalidEvent
from schemas.events import ResponseEvent
from schemas.loop_yaml import load, metric_specs
from streams.detect import Detector, alerts


def explain_event(path: Path, config: Path, zone: str | None) -> list[str]:
    """Read one response event and say which rules flag it, who would get it, and why.

    Its age is left aside: the question is who would get such an answer if it came now. Raises ``ConfigError``,
    ``UserError`` or ``OSError``.
    """
    loop = load(config, zone)
    reader = EventReader(metric_specs(loop))
    try:
        event = reader.read(path.read_bytes(), datetime.now(UTC))
    except InvalidEvent as error:
        raise UserError(f"{path}: {error}") from None
    if not isinstance(event, ResponseEvent):
        raise UserError(f"{path}: a touchpoint is never routed; give a response event")
    scale = reader.scale_of(event.data)
    flagged = alerts(event, Detector(loop.rules, metric_specs(loop)).flags(event.data, scale), scale, event.time)
    if not flagged:
        return ["no rule flags this answer: nobody is told"]
    lines: list[str] = []
    for alert in flagged:
        lines.append(f"rule {alert.rule} ({alert.severity}): {alert.reason}")
        lines += [f"  {line}" for line in explain(loop, alert, {})]
    return lines
