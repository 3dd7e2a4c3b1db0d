"""What is said of a grouping in loop.yaml that could never group: with its line and its field."""

from __future__ import annotations

import pytest

from schemas.loop_yaml import ConfigError, parse
from tests.schemas.test_clock_checks import BASE


def test_a_grouping_is_taken_and_can_be_switched_off() -> None:
    loop = parse(f"{BASE}grouping:\n  roll_up: {{above: 3, within: 1m}}\n  incidents: {{by: [channel]}}\n")
    assert loop.grouping.roll_up is not None
    assert (loop.grouping.roll_up.above, loop.grouping.roll_up.within) == (3, "1m")
    assert loop.grouping.incidents is not None
    assert (loop.grouping.incidents.by, loop.grouping.incidents.at_least) == (["channel"], 10)
    off = parse(f"{BASE}grouping: {{roll_up: null, incidents: null}}\n").grouping
    assert (off.roll_up, off.incidents) == (None, None)
    assert parse(BASE).grouping.roll_up is not None, "on, where nothing is said"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{roll_up: {above: 0}}", "10: grouping.roll_up.above: "),
        ("{roll_up: {within: 2d}}", "10: grouping.roll_up.within: 2d is longer than 1d; give less"),
        ("{incidents: {at_least: 1}}", "10: grouping.incidents.at_least: "),
        ("{incidents: {by: []}}", "10: grouping.incidents.by: "),
        (
            "{incidents: {by: [touchpoin]}}",
            "10: grouping.incidents.by[0]: `touchpoin` is not known; did you mean touch",
        ),
        ("{incidents: {by: [channel, customer_id]}}", "grouping.incidents.by[1]: customer_id differs from customer to"),
        ("{incidents: {by: [channel, channel]}}", "grouping.incidents.by[1]: channel stands there already; remove it"),
        ("{incidents: {quiet: 25h}}", "10: grouping.incidents.quiet: 25h is longer than 1d; give less"),
        ("{incident: null}", "10: grouping.incident: "),
    ],
)
def test_what_groups_nothing_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(f"{BASE}grouping: {text}\n")
    (problem,) = refused.value.problems
    assert said in problem
