"""What a new silence has to say, each wrong value named with its field and what would be right. Pure: time is given."""

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from gateway.problems import Problem, Refusal
from gateway.silence_shapes import Problems, SilenceRequest
from schemas.config import Loop
from schemas.config_base import Duration, seconds
from schemas.config_owners import Match
from schemas.loop_routing_checks import check_match
from schemas.silences import faults
from schemas.typed_walk import misfits
from schemas.yaml_source import show_path

MAX_MATCHERS = 32


class NewSilence(Struct, frozen=True, kw_only=True):
    """A request that says what it must."""

    matchers: Match
    starts_at: datetime
    ends_at: datetime
    reason: str


def read_matchers(loop: Loop, data: dict[str, object]) -> Match:
    """The matchers of a request. Raises :class:`gateway.problems.Refusal` (422) naming every wrong one."""
    match, wrong = _matchers(loop, data)
    if match is None:
        raise refused(wrong)
    return match


def read_silence(loop: Loop, request: SilenceRequest, now: datetime, more: list[Problem]) -> NewSilence:
    """The silence that is asked for. ``more`` is what is wrong besides.

    Raises :class:`gateway.problems.Refusal` (422) naming every wrong value.
    """
    match, wrong = _matchers(loop, request.matchers)
    starts_at = now if request.starts_at is None else _moment("starts_at", request.starts_at, wrong)
    ends_at = _end(request, starts_at or now, wrong)
    found = faults(match or {"": ""}, starts_at or now, ends_at or now + timedelta(hours=1), request.reason, now)
    wrong += [
        Problem("invalid", "for" if one.field == "ends_at" and request.for_ is not None else one.field, one.problem)
        for one in found
    ]
    wrong += more
    if wrong or match is None or starts_at is None or ends_at is None:
        raise refused(wrong)
    return NewSilence(matchers=match, starts_at=starts_at, ends_at=ends_at, reason=request.reason)


def refused(wrong: list[Problem]) -> Refusal:
    """The refusal of a request with these faults; there is at least one."""
    first = wrong[0]
    return Refusal(422, first.reason, first.field, first.problem, body=Problems(error=first, errors=wrong))


def _matchers(loop: Loop, data: dict[str, object]) -> tuple[Match | None, list[Problem]]:
    if not data:
        text = 'give at least one field that the alerts have in common, such as {"touchpoint": "order.delivered"}'
        return None, [Problem("invalid", "matchers", text)]
    if len(data) > MAX_MATCHERS:
        return None, [Problem("invalid", "matchers", f"{len(data)} fields; give at most {MAX_MATCHERS}")]
    wrong = list(misfits(data, Match, ("matchers",)))
    match: Match | None = None
    if not wrong:
        match = msgspec.convert(data, Match)
        wrong = list(check_match(loop, match, ("matchers",)))
    return (None if wrong else match), [Problem("invalid", show_path(path), said) for path, said in wrong]


def _end(request: SilenceRequest, starts_at: datetime, wrong: list[Problem]) -> datetime | None:
    if request.ends_at is not None and request.for_ is not None:
        wrong.append(Problem("invalid", "for", "a silence has one end; give `for` or `ends_at`"))
        return None
    if request.ends_at is not None:
        return _moment("ends_at", request.ends_at, wrong)
    if request.for_ is None:
        wrong.append(Problem("invalid", "ends_at", "a silence has an end; give `ends_at`, or `for` such as 4h"))
        return None
    try:
        return starts_at + timedelta(seconds=seconds(msgspec.convert(request.for_, Duration)))
    except (msgspec.ValidationError, OverflowError):
        wrong.append(Problem("invalid", "for", "give a whole number and a unit: 90m, 4h, 2d"))
        return None


def _moment(field: str, text: str, wrong: list[Problem]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        wrong.append(Problem("invalid", field, "not a time with a zone; write it as 2026-11-21T18:00:00Z"))
        return None
    return moment
