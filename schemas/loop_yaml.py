"""Read loop.yaml: every problem at once, each with its line, its field, and what would be right."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from schemas.config import Loop
from schemas.config_owners import Rotation
from schemas.loop_checks import check, known_zone
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from schemas.typed_walk import Misfit, misfits
from schemas.yaml_source import Problem, SourceError, read_yaml, show_path


class ConfigError(ValueError):
    """A loop.yaml that cannot be used. Its text has a line for each problem; so has ``problems``."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = [problem.show(name) for problem in problems]
        super().__init__("\n".join(self.problems))


def load(path: str | Path, zone_override: str | None = None) -> Loop:
    """Read and check the file. ``zone_override`` (CLOSELOOP_ZONE) takes the place of ``history.zone``.

    Raises :class:`ConfigError`, also when the file cannot be read.
    """
    file = Path(path)
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError(str(path), [Problem(0, "", "no such file; give --config or CLOSELOOP_CONFIG")]) from None
    except OSError as error:
        raise ConfigError(str(path), [Problem(0, "", f"cannot be read: {error.strerror}")]) from None
    loop = parse(text, file.name, Calendars(file.parent, datetime.now(UTC)))
    if zone_override is None:
        return loop
    wrong = known_zone(zone_override)
    if wrong is not None:
        raise ConfigError("CLOSELOOP_ZONE", [Problem(0, "", wrong)])
    return msgspec.structs.replace(loop, history=msgspec.structs.replace(loop.history, zone=zone_override))


class Calendars(Struct, frozen=True):
    """Where the iCalendar files that a loop.yaml names are, and around which instant their shifts are read."""

    folder: Path
    now: datetime


def parse(text: str | bytes, name: str = "loop.yaml", calendars: Calendars | None = None) -> Loop:
    """Read and check the text of a loop.yaml; ``name`` stands before each problem. Raises :class:`ConfigError`.

    Without ``calendars`` no further file is read, and rotations have only the shifts that the text itself says.
    """
    try:
        source = read_yaml(text)
    except SourceError as error:
        raise ConfigError(name, [error.problem]) from None
    found = [Problem(source.line(path), show_path(path), said) for path, said in misfits(source.data, Loop)]
    if not found:
        loop = msgspec.convert(source.data, Loop)
        found = [Problem(source.line(path), show_path(path), said) for path, said in check(loop)]
        if not found and calendars is not None:
            loop, unread = _with_shifts(loop, calendars)
            found = [Problem(source.line(path), show_path(path), said) for path, said in unread]
        if not found:
            return loop
    raise ConfigError(name, sorted(found, key=lambda problem: problem.line))


def _with_shifts(loop: Loop, calendars: Calendars) -> tuple[Loop, list[Misfit]]:
    """The loop with the shifts of its rotations' calendars behind the overrides; and what could not be read."""
    if not any(rotation.calendar for rotation in loop.rotations.values()):
        return loop, []
    from schemas.rotation_calendar import CalendarError, horizon, shifts  # its libraries load slowly, and few need them

    rotations: dict[str, Rotation] = {}
    unread: list[Misfit] = []
    for name, rotation in loop.rotations.items():
        rotations[name] = rotation
        if rotation.calendar is None:
            continue
        path = ("rotations", name, "calendar")
        try:
            content = (calendars.folder / rotation.calendar).read_bytes()
            read = shifts(content, rotation.zone, loop.people, *horizon(calendars.now))
        except OSError as error:
            unread.append(
                (path, f"`{rotation.calendar}` cannot be read: {error.strerror}; name a file beside loop.yaml")
            )
        except CalendarError as error:
            unread.append((path, f"`{rotation.calendar}`: {error}"))
        else:
            rotations[name] = msgspec.structs.replace(rotation, overrides=[*rotation.overrides, *read])
    return msgspec.structs.replace(loop, rotations=rotations), unread


def metric_specs(loop: Loop) -> dict[str, MetricSpec]:
    """Every metric that answers can be given for: the built-in ones, and those of loop.yaml added or in their place."""
    declared = {
        name: MetricSpec(metric.kind, Scale(metric.scale[0], metric.scale[1], metric.higher_is_better))
        for name, metric in loop.metrics.items()
    }
    return {**DEFAULT_METRICS, **declared}
