"""What the types of loop.yaml cannot say: names that lead somewhere, numbers that fit each other, zones that exist."""

import difflib
import re
from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from schemas.cloudevents import SCALE_LIMIT
from schemas.config import Loop, MetricConfig
from schemas.config_base import seconds
from schemas.config_clock import Sla
from schemas.config_owners import Calendar
from schemas.config_rules import (
    ContradictionRule,
    FallRule,
    RepeatedRule,
    SilentRule,
    StoppedRule,
    ThresholdRule,
    WordsRule,
)
from schemas.loop_access_checks import check_access
from schemas.loop_alarm_checks import check_fall, check_stopped
from schemas.loop_clock_checks import check_clock
from schemas.loop_customer_checks import check_silent, check_thresholds, check_waiting
from schemas.loop_delivery_checks import check_delivery
from schemas.loop_gateway_checks import check_gateway
from schemas.loop_grouping_checks import check_grouping
from schemas.loop_hook_checks import check_hooks
from schemas.loop_metric_checks import check_computed
from schemas.loop_owner_checks import check_owners
from schemas.loop_rotation_checks import check_rotation
from schemas.loop_routing_checks import check_route
from schemas.loop_survey_checks import check_surveys
from schemas.loop_word_checks import check_words
from schemas.panes import pane_seconds, usable_windows_near
from schemas.public_holidays import unknown_country
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

CUT_FIELDS = ("touchpoint", "channel", "language", "outcome")
"""What a cut can name besides ``attributes.NAME``. An answer has no outcome and a touchpoint no language: such an event
is not in that cut."""

MAX_DAYS = 3660
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_ATTRIBUTE = re.compile(r"attributes\..{1,64}")


def check(loop: Loop) -> Iterator[Misfit]:
    """Everything that is wrong with a loop whose types are right: the path, what is wrong, what would be right."""
    yield from _check_metrics(loop)
    yield from check_computed(loop)
    yield from _check_windows(loop)
    zone = known_zone(loop.history.zone)
    if zone is not None:
        yield ("history", "zone"), zone
    yield from _check_cuts(loop)
    yield from _check_rules(loop)
    yield from check_waiting(loop)
    for name, calendar in loop.calendars.items():
        yield from _check_calendar(calendar, ("calendars", name))
    yield from check_owners(loop)
    for name, rotation in loop.rotations.items():
        yield from check_rotation(loop, rotation, known_zone(rotation.zone), ("rotations", name))
    yield from check_route(loop, loop.route, ("route",))
    yield from _check_sla(loop.sla)
    yield from check_clock(loop)
    yield from check_grouping(loop)
    yield from check_delivery(loop)
    yield from check_gateway(loop)
    yield from check_hooks(loop)
    yield from check_access(loop)
    if loop.timeline is not None:
        yield from _check_length(loop.timeline.keep, ("timeline", "keep"))
    yield from check_surveys(loop)
    for path, duration in (
        (("deduplication", "responses"), loop.deduplication.responses),
        (("deduplication", "touchpoints"), loop.deduplication.touchpoints),
        (("alert_max_age",), loop.alert_max_age),
        (("sla", "lease"), loop.sla.lease),
        (("sla", "reopen_within"), loop.sla.reopen_within),
    ):
        yield from _check_length(duration, path)


def known_zone(name: str) -> str | None:
    """What is wrong with the name of a time zone; ``None`` if it is one."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        return f"`{name[:64]}` is no time zone; give an IANA name such as {near[0] if near else 'Europe/Berlin'}"
    return None


def _check_metrics(loop: Loop) -> Iterator[Misfit]:
    for name, metric in loop.metrics.items():
        path: Path = ("metrics", name)
        if not _NAME.fullmatch(name):
            yield path, "give a name of small letters, digits and _, at most 32 characters"
        yield from _check_metric(name, metric, path)


def _check_metric(name: str, metric: MetricConfig, path: Path) -> Iterator[Misfit]:
    low, high = metric.scale
    if low >= high or high - low > 100 or max(-low, high) > SCALE_LIMIT:
        yield (*path, "scale"), f"give [lowest, highest], 2 to 101 whole scores within -{SCALE_LIMIT}..{SCALE_LIMIT}"
    elif metric.kind == "nps" and (metric.scale != (0, 10) or not metric.higher_is_better):
        yield (*path, "scale"), "NPS is defined on [0, 10], high is good; take kind top_box or mean for another scale"
    elif metric.kind == "top_box" and high - low < 2:
        yield (*path, "scale"), "the best two scores of two are all of them; give 3 scores or more, or kind mean"
    if name == "nps" and metric.kind != "nps":
        yield (*path, "kind"), "`nps` is always of kind nps; choose another name for this metric"


def _check_windows(loop: Loop) -> Iterator[Misfit]:
    if not loop.windows:
        yield ("windows",), "give at least one window, e.g. 24h"
    seen: dict[int, str] = {}
    for number, window in enumerate(loop.windows):
        path: Path = ("windows", number)
        length = seconds(window)
        if length in seen:
            yield path, f"`{window}` is as long as `{seen[length]}`; name each length once"
        seen.setdefault(length, window)
        too_long = list(_check_length(window, path))
        yield from too_long
        if not too_long and pane_seconds(length) is None:
            near = " or ".join(dict.fromkeys(_spell(near) for near in usable_windows_near(length)))
            yield path, f"`{window}` cannot be cut into 60 to 96 panes of whole minutes; {near} can"


def _check_cuts(loop: Loop) -> Iterator[Misfit]:
    if not loop.cuts:
        yield ("cuts",), "give at least one cut, e.g. all: []"
    seen: dict[tuple[str, ...], str] = {}
    for name, fields in loop.cuts.items():
        path: Path = ("cuts", name)
        if not _NAME.fullmatch(name):
            yield path, "give a name of small letters, digits and _, at most 32 characters"
        if len(fields) > 5:
            yield path, f"{len(fields)} dimensions; a cut has at most 5"
        if tuple(fields) in seen:
            yield path, f"the same dimensions as the cut `{seen[tuple(fields)]}`; keep one of them"
        seen.setdefault(tuple(fields), name)
        for number, field in enumerate(fields):
            if field not in CUT_FIELDS and not _ATTRIBUTE.fullmatch(field):
                yield (*path, number), unknown_word(field, [*CUT_FIELDS, "attributes.NAME"])
            elif field in fields[:number]:
                yield (*path, number), f"`{field}` is named twice; name each dimension once"


def _check_rules(loop: Loop) -> Iterator[Misfit]:
    seen: set[str] = set()
    for number, rule in enumerate(loop.rules):
        path: Path = ("rules", number)
        if not _NAME.fullmatch(rule.name):
            yield (*path, "name"), "give a name of small letters, digits and _, at most 32 characters"
        elif rule.name in seen:
            yield (*path, "name"), f"`{rule.name}` is taken; give each rule its own name"
        seen.add(rule.name)
        if not _NAME.fullmatch(rule.programme):
            yield (*path, "programme"), "give a name of small letters, digits and _, at most 32 characters"
        if isinstance(rule, WordsRule | ContradictionRule):
            yield from check_words(rule, path)
        if isinstance(rule, ThresholdRule | RepeatedRule):
            yield from check_thresholds(loop, rule, path)
        if isinstance(rule, SilentRule):
            yield from check_silent(rule, path)
        if isinstance(rule, FallRule):
            yield from check_fall(loop, rule, path)
        if isinstance(rule, StoppedRule):
            yield from check_stopped(loop, rule, path)


def _check_calendar(calendar: Calendar, path: Path) -> Iterator[Misfit]:
    zone = known_zone(calendar.zone)
    if zone is not None:
        yield (*path, "zone"), zone
    unknown = unknown_country(calendar.holidays_of) if calendar.holidays_of is not None else None
    if unknown is not None:
        yield (*path, "holidays_of"), unknown
    if not any(calendar.hours.values()):
        yield (*path, "hours"), "no working hour in the whole week; give at least one, e.g. mon: [[09:00, 17:00]]"
    for day, spans in calendar.hours.items():
        for number, (start, end) in enumerate(spans):
            if start >= end:
                yield (*path, "hours", day, number), f"{start} is not before {end}; a span ends on its own day (24:00)"
        for number, (before, after) in enumerate(pairwise(spans), start=1):
            if after[0] < before[1]:
                yield (*path, "hours", day, number), f"begins at {after[0]}, before {before[1]}; put the spans in order"


def _check_sla(sla: Sla) -> Iterator[Misfit]:
    for name, target in (("critical", sla.critical), ("high", sla.high), ("normal", sla.normal)):
        path: Path = ("sla", name)
        steps = (("acknowledge", target.acknowledge), ("contact", target.contact), ("resolve", target.resolve))
        for step, duration in steps:
            yield from _check_length(duration, (*path, step))
        for (first, sooner), (second, later) in pairwise(steps):
            if seconds(later) < seconds(sooner):
                yield (*path, second), f"{later} is sooner than {first} ({sooner}); give at least as long"


def _check_length(duration: str, path: Path) -> Iterator[Misfit]:
    if seconds(duration) > MAX_DAYS * 86_400:
        yield path, f"`{duration[:40]}` is longer than {MAX_DAYS}d; give less"


def _spell(length: int) -> str:
    unit, size = next((u, s) for u, s in (("d", 86_400), ("h", 3_600), ("m", 60)) if length % s == 0)
    return f"{length // size}{unit}"
