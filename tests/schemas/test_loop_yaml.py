"""loop.yaml: the example is good, and every mistake is named with its line, its field and the remedy."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_owners import Route
from schemas.loop_yaml import ConfigError, load, metric_specs, parse
from schemas.panes import pane_seconds, usable_windows_near
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from schemas.yaml_source import MAX_BYTES

ROOT = Path(__file__).parents[2]
SMALL = """\
people:
  ana: {name: Ana, email: ana@example.com}
  bo: {name: Bo, email: bo@example.com}
teams:
  care: {members: [ana, bo]}
receivers:
  care: {team: care, channel: "#care"}
route:
  receiver: care
"""


def _problems(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        parse(text)
    assert str(refused.value) == "\n".join(refused.value.problems)
    return refused.value.problems


_OWN_METRIC = "metrics:\n  support_quality:\n    kind: top_box\n    scale: [1, 5]"


def test_the_example_is_good_and_shows_every_section() -> None:
    loop = load(ROOT / "loop.yaml")
    text = (ROOT / "loop.yaml").read_text()
    written = set(re.findall(r"^(?:# )?([a-z_]+):", text, re.MULTILINE))
    assert written >= set(Loop.__struct_fields__)
    # The shop asks no question of its own; what is shown commented out has to be right as well.
    shown = text.replace("# metrics:\n#   support_quality:\n#     kind: top_box\n#     scale: [1, 5]", _OWN_METRIC)
    assert parse(shown, "loop.yaml").metrics.keys() == {"support_quality"}
    assert {rule.name for rule in loop.rules} >= {"detractor", "contact_me", "again_and_again", "silent_detractor"}
    assert loop.cuts == {
        "all": [], "touchpoint": ["touchpoint"], "touchpoint_channel": ["touchpoint", "channel"],
        "region": ["attributes.region"], "segment": ["attributes.segment"],
    }  # fmt: skip
    assert len(loop.people) == 8
    assert len({calendar.zone for calendar in loop.calendars.values()}) == 5


def test_the_example_says_the_defaults_it_says_it_says() -> None:
    """Where a section's comment says "Default: these", the file's values are the types' defaults."""
    loop, small = load(ROOT / "loop.yaml"), parse(SMALL)
    for name in (
        "windows",
        "history",
        "max_keys_per_cut",
        "minimum_n",
        "deduplication",
        "alert_max_age",
        "sla",
        "sign_in",
        "audit",
    ):
        assert getattr(loop, name) == getattr(small, name), name


def test_the_smallest_file_is_good() -> None:
    loop = parse(SMALL)
    assert loop.windows == ["1h", "24h", "7d", "30d"]
    assert loop.history.zone == "UTC"
    assert loop.route == Route(receiver="care")


def test_the_zone_of_the_environment_wins(tmp_path: Path) -> None:
    assert load(ROOT / "loop.yaml", "America/Sao_Paulo").history.zone == "America/Sao_Paulo"
    with pytest.raises(ConfigError, match=r"CLOSELOOP_ZONE: .*America/Sao_Paulo"):
        load(ROOT / "loop.yaml", "America/Sao_Paolo")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_metric_specs_are_the_built_in_ones_and_those_declared() -> None:
    assert metric_specs(parse(SMALL)) == DEFAULT_METRICS
    csat = "csat: {kind: top_box, scale: [1, 7]}"
    effort = "effort: {kind: mean, scale: [1, 5], higher_is_better: false}"
    declared = parse(f"{SMALL}metrics: {{{csat}, {effort}}}")
    assert metric_specs(declared) == {
        **DEFAULT_METRICS,
        "csat": MetricSpec("top_box", Scale(1, 7)),
        "effort": MetricSpec("mean", Scale(1, 5, higher_is_better=False)),
    }


def test_all_problems_are_said_at_once_each_with_its_line() -> None:
    text = SMALL.replace("email: bo@example.com", "emial: bo@example.com") + "windows:\n  - 1h\n  - 1x\nhistry: {}\n"
    assert _problems(text) == [
        "loop.yaml:3: people.bo.emial: `emial` is not known; did you mean email?",
        "loop.yaml:3: people.bo.email: missing; it has to be given",
        "loop.yaml:12: windows[1]: `1x` does not fit; give a whole number and a unit: 90s, 30m, 4h, 7d",
        "loop.yaml:13: histry: `histry` is not known; did you mean history?",
    ]


ADDED: list[tuple[str, int, str, str]] = [
    # added text, line of the problem within it (from 1), field, words
    ("minimum_n: many", 1, "minimum_n", "expected a whole number, got the text `many`"),
    ("minimum_n: 0", 1, "minimum_n", ">= 1"),
    ("minimum_n: 2.5", 1, "minimum_n", "expected a whole number"),
    ("windows: 1h", 1, "windows", "expected a list, got `1h`"),
    ("windows: []", 1, "windows", "at least one window"),
    ("windows: [97m]", 1, "windows[0]", "panes of whole minutes; 96m or 2h can"),
    ("windows: [90s]", 1, "windows[0]", "1h can"),
    ("windows: [1h, 60m]", 1, "windows[1]", "as long as `1h`"),
    ("windows: [9999d]", 1, "windows[0]", "longer than 3660d"),
    ("history:\n  zone: Europe/Berln", 2, "history.zone", "such as Europe/Berlin"),
    ("history: {zone: Mars}", 1, "history.zone", "no time zone"),
    ("history: {zone: ../../etc/passwd}", 1, "history.zone", "no time zone"),
    ("history: {zone: America}", 1, "history.zone", "no time zone"),
    ("history: {zone: ''}", 1, "history.zone", "no time zone"),
    ("history: {days: 0}", 1, "history.days", ">= 1"),
    ("cuts: {}", 1, "cuts", "at least one cut"),
    ("cuts:\n  a: []\n  b: []", 3, "cuts.b", "the same dimensions as the cut `a`"),
    ("cuts: {a: [touchpont]}", 1, "cuts.a[0]", "did you mean touchpoint?"),
    ("cuts: {a: [metric]}", 1, "cuts.a[0]", "is not known"),
    ("cuts: {a: [attributes.]}", 1, "cuts.a[0]", "attributes.NAME"),
    ("cuts: {a: [channel, channel]}", 1, "cuts.a[1]", "named twice"),
    ("cuts: {a: [channel, touchpoint, language, outcome, attributes.a, attributes.b]}", 1, "cuts.a", "at most 5"),
    ("cuts: {By Region: []}", 1, "cuts.By Region", "small letters"),
    ("metrics: {a: {kind: nps, scale: [1, 5]}}", 1, "metrics.a.scale", "NPS is defined on [0, 10]"),
    ("metrics: {a: {kind: nps, scale: [0, 10], higher_is_better: false}}", 1, "metrics.a.scale", "NPS is defined"),
    ("metrics: {nps: {kind: mean, scale: [0, 10]}}", 1, "metrics.nps.kind", "always of kind nps"),
    ("metrics: {a: {kind: mean, scale: [5, 1]}}", 1, "metrics.a.scale", "[lowest, highest]"),
    ("metrics: {a: {kind: mean, scale: [0, 101]}}", 1, "metrics.a.scale", "2 to 101 whole scores"),
    ("metrics: {a: {kind: mean, scale: [995, 1005]}}", 1, "metrics.a.scale", "within -1000..1000"),
    ("metrics: {a: {kind: mean, scale: [1, 2, 3]}}", 1, "metrics.a.scale", "expected a list of 2, got 3"),
    ("metrics: {a: {kind: top_box, scale: [0, 1]}}", 1, "metrics.a.scale", "3 scores or more"),
    ("metrics: {a: {kind: total, scale: [0, 1]}}", 1, "metrics.a.kind", "is not known; known: mean, nps, top_box"),
    ("metrics: {outcome: {kind: mean, scale: [0, 9]}}", 1, "metrics.outcome", "choose another name"),
    ("metrics: {Fun: {kind: mean, scale: [0, 9]}}", 1, "metrics.Fun", "small letters"),
    ("rules: [{name: a}]", 1, "rules[0].kind", "missing; give one of contact_requested, contradiction, fall, "),
    ("rules: [{name: a, kind: threshhold}]", 1, "rules[0].kind", "did you mean threshold?"),
    ("rules: [{name: a, kind: threshold}]", 1, "rules[0].at_or_below", "missing"),
    ("rules: [{name: a, kind: threshold, at_or_below: {}}]", 1, "rules[0].at_or_below", "at least one metric"),
    ("rules: [{name: a, kind: threshold, at_or_below: {npx: 6}}]", 1, "rules[0].at_or_below.npx", "mean nps?"),
    ("rules: [{name: a, kind: threshold, at_or_below: {nps: 11}}]", 1, "rules[0].at_or_below.nps", "scale 0..10"),
    ("rules: [{name: a, kind: threshold, at_or_below: {nps: -1}}]", 1, "rules[0].at_or_below.nps", "outside"),
    ("rules: [{name: a, kind: threshold, at_or_below: {csat: 5}}]", 1, "rules[0].at_or_below.csat", "best score"),
    ("rules: [{name: a, kind: threshold, at_or_below: {nps: 6}, critical_at_or_below: {nps: 7}}]",
     1, "rules[0].critical_at_or_below.nps", "milder than at_or_below (6)"),
    ("rules: [{name: a, kind: threshold, at_or_below: {nps: 6}, critical_at_or_below: {csat: 1}}]",
     1, "rules[0].critical_at_or_below.csat", "at_or_below does not name csat"),
    ("rules: [{name: a, kind: contact_requested, severity: urgent}]", 1, "rules[0].severity", "critical, high, normal"),
    ("rules:\n  - {name: a, kind: contact_requested}\n  - {name: a, kind: contact_requested}",
     3, "rules[1].name", "`a` is taken"),
    ("rules: [{name: A b, kind: contact_requested}]", 1, "rules[0].name", "small letters"),
    ("metrics: {effort: {kind: mean, scale: [1, 5], higher_is_better: false}}\n"
     "rules: [{name: a, kind: threshold, at_or_below: {effort: 1}}]", 2, "rules[0].at_or_below.effort", "best score"),
    ("metrics: {effort: {kind: mean, scale: [1, 5], higher_is_better: false}}\n"
     "rules: [{name: a, kind: threshold, at_or_below: {effort: 4}, critical_at_or_below: {effort: 3}}]",
     2, "rules[0].critical_at_or_below.effort", "milder"),
    ("calendars: {x: {zone: UTC, hours: {mon: [[09:00, 9:30]]}}}", 1, "calendars.x.hours.mon[0][1]", "time of day"),
    ("calendars: {x: {zone: UTC, hours: {mon: [[18:00, 09:00]]}}}", 1, "calendars.x.hours.mon[0]", "not before"),
    ("calendars: {x: {zone: UTC, hours: {mon: [[09:00, 12:00], [11:00, 13:00]]}}}",
     1, "calendars.x.hours.mon[1]", "in order"),
    ("calendars: {x: {zone: UTC, hours: {monday: [[09:00, 12:00]]}}}", 1, "calendars.x.hours.monday", "mean mon?"),
    ("calendars: {x: {zone: UTC, hours: {}}}", 1, "calendars.x.hours", "no working hour"),
    ("calendars: {x: {zone: UTC, hours: {mon: []}}}", 1, "calendars.x.hours", "no working hour"),
    ("calendars: {x: {zone: Nowhere, hours: {mon: [[09:00, 12:00]]}}}", 1, "calendars.x.zone", "no time zone"),
    ("calendars: {x: {zone: UTC, hours: {mon: [[09:00, 12:00]]}, holidays: [2026-02-30]}}",
     1, "calendars.x.holidays[0]", "`2026-02-30` is no date"),
    ("sla: {critical: {acknowledge: 4h, contact: 1h, resolve: 2d}}", 1, "sla.critical.contact", "at least as long"),
    ("sla: {critical: {acknowledge: 4h}}", 1, "sla.critical.contact", "missing"),
    ("sla: {lease: 1 day}", 1, "sla.lease", "a whole number and a unit"),
    ("alert_max_age: 99999d", 1, "alert_max_age", "longer than"),
    ("deduplication: {responses: 0h}", 1, "deduplication.responses", "a whole number and a unit"),
    ("max_keys_per_cut: 0", 1, "max_keys_per_cut", ">= 1"),
]  # fmt: skip


@pytest.mark.parametrize(("added", "line", "field", "words"), ADDED)
def test_a_mistake_in_a_section_is_named(added: str, line: int, field: str, words: str) -> None:
    before = SMALL.count("\n")
    found = _problems(f"{SMALL}{added}\n")
    assert any(problem.startswith(f"loop.yaml:{before + line}: {field}: ") and words in problem for problem in found), (
        found
    )


CHANGED: list[tuple[str, str, int, str, str]] = [
    # in the small file: what, by what, line, field, words
    ("  receiver: care", "  routes: []", 8, "route", "the default receiver is missing"),
    ("  receiver: care", "  receiver: cara", 9, "route.receiver", "did you mean care?"),
    ("  receiver: care", "  receiver: care\n  match: {severity: high}", 10, "route.match", "takes everything"),
    ("  receiver: care", "  receiver: care\n  continue: true", 10, "route.continue", "nothing after"),
    ("  receiver: care", "  receiver: care\n  recever: care", 10, "route.recever", "did you mean receiver?"),
    ("  receiver: care", "  receiver: care\n  routes: [{match: {severty: high}}]", 10, "route.routes[0].match.severty",
     "did you mean severity?"),
    ("  receiver: care", "  receiver: care\n  routes: [{match: {severity: urgent}}]", 10,
     "route.routes[0].match.severity", "known: critical, high, normal"),
    ("  receiver: care", "  receiver: care\n  routes: [{match: {metric: [nps, npx]}}]", 10,
     "route.routes[0].match.metric[1]", "did you mean nps?"),
    ("  receiver: care", "  receiver: care\n  routes: [{match: {rule: detractor}}]", 10,
     "route.routes[0].match.rule", "none is declared"),
    ("  receiver: care", "  receiver: care\n  routes: [{match: {language: 7}}]", 10,
     "route.routes[0].match.language", "language is text"),
    ("  receiver: care", "  receiver: care\n  routes: [{match: {language: []}}]", 10,
     "route.routes[0].match.language", "matches nothing"),
    ("  receiver: care", "  receiver: care\n  routes: [{match: {attributes.vip: [{}]}}]", 10,
     "route.routes[0].match.attributes.vip[0]", "expected true or false or a whole number"),
    ("  receiver: care", "  receiver: care\n  routes:\n    - {receiver: care}\n    - {match: {language: pt}}", 11,
     "route.routes[0]", "no later route is reached"),
    ("  receiver: care", "  receiver: care\n  routes:\n    - match: {language: pt}\n      routes: [{receiver: x}]",
     12, "route.routes[0].routes[0].receiver", "`x` is not known"),
    ("team: care", "team: cara", 7, "receivers.care.team", "did you mean care?"),
    ("team: care, ", "", 7, "receivers.care", "no owner; add a team or a person"),
    ("team: care, ", "owner_attribute: account_owner, ", 7, "receivers.care", "missing or unknown"),
    ("team: care", "team: care, owner_attribute: attributes.owner", 7, "receivers.care.owner_attribute", "bare name"),
    ("team: care", "team: care, person: ana", 7, "receivers.care.person", "both a team and a person"),
    ("team: care", "person: anna", 7, "receivers.care.person", "did you mean ana?"),
    ('"#care"', "care", 7, "receivers.care.channel", "#name"),
    ('"#care"', '"#Care"', 7, "receivers.care.channel", "small letters"),
    ("channel:", "notify: pager, channel:", 7, "receivers.care.notify", "both, channel, dm"),
    ("[ana, bo]", "[]", 5, "teams.care.members", "nobody in it"),
    ("[ana, bo]", "[ana, bob]", 5, "teams.care.members[1]", "did you mean bo?"),
    ("[ana, bo]", "[ana, ana]", 5, "teams.care.members[1]", "named twice"),
    ("[ana, bo]", "[ana, bo], lead: cy", 5, "teams.care.lead", "`cy` is not known"),
    ("ana@example.com", "ana", 2, "people.ana.email", "no e-mail address"),
    ("bo@example.com", "ANA@example.com", 3, "people.bo.email", "also that of `ana`"),
    ("name: Ana", "name: ''", 2, "people.ana.name", "empty"),
    ("name: Ana", "name: Ana, slack: ana", 2, "people.ana.slack", "U024BE7LH"),
    ("name: Ana", "name: Ana, calendar: office", 2, "people.ana.calendar", "none is declared"),
    ("name: Ana", "name: Ana, away: yes", 2, "people.ana.away", "expected true or false, got the text `yes`"),
    ("name: Ana", "name: 7", 2, "people.ana.name", "expected text, got `7`"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "field", "words"), CHANGED)
def test_a_mistake_among_people_and_routes_is_named(old: str, new: str, line: int, field: str, words: str) -> None:
    assert old in SMALL
    found = _problems(SMALL.replace(old, new, 1))
    assert any(problem.startswith(f"loop.yaml:{line}: {field}: ") and words in problem for problem in found), found


def test_an_owner_who_is_away_is_unreachable() -> None:
    nobody = SMALL.replace("email: ana", "away: true, email: ana").replace("email: bo", "away: true, email: bo")
    assert _problems(nobody) == [
        "loop.yaml:7: receivers.care.team: unreachable owner: everybody in `care` is away; add somebody who is not"
    ]
    assert parse(SMALL.replace("email: ana", "away: true, email: ana"))
    alone = SMALL.replace("team: care", "person: ana").replace("email: ana", "away: true, email: ana")
    assert "unreachable owner: `ana` is away" in _problems(alone)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "loop.yaml: empty"),
        ("# only a comment", "loop.yaml: empty"),
        ("[]", "loop.yaml:1: expected a mapping"),
        ("text", "loop.yaml:1: expected a mapping"),
        ("a: 1\nb: 2\na: 3", "loop.yaml:3: a: given twice, first in line 1"),
        ("a:\n  b: 1\n  b: 2", "loop.yaml:3: a.b: given twice, first in line 2"),
        ("a: &x [1]\nb: *x", "loop.yaml:1: cannot be read as YAML: anchors"),
        ("a: *x", "loop.yaml:1: cannot be read as YAML: anchors"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", "loop.yaml:2: cannot be read as YAML: tags"),
        ("a: !secret x", "loop.yaml:1: cannot be read as YAML: tags"),
        ("? [a, b]\n: 1", "loop.yaml:1: a key is text"),
        ("a: 1\n--- \nb: 2", "cannot be read as YAML"),
        ("a: [1,\nb: 2", "loop.yaml:"),
        ("a: 1\n\tb: 2", "loop.yaml:2: cannot be read as YAML"),
        ("[" * 3000, "nested deeper than 40 levels"),
        ("a: \x07", "loop.yaml:1: a control character"),
        (b"people:\n  \xff: 1", "loop.yaml:2: not UTF-8"),
        ("a: \ud800", "loop.yaml:1: not UTF-8"),
        ("a: " + "x" * MAX_BYTES, "bytes; give at most"),
        ("<<: {a: 1}", "`<<` is not known"),
    ],
)
def test_text_that_is_not_our_yaml(text: str | bytes, said: str) -> None:
    found = _problems(text)
    assert any(said in problem for problem in found), found


def test_words_are_what_they_look_like() -> None:
    """YAML 1.1 would read no as false, 18:00 as 1080, 1_000 as 1000 and 010 as 8."""
    loop = parse(SMALL + "calendars: {x: {zone: UTC, hours: {mon: [[09:00, 18:00]]}}}\n")
    assert loop.calendars["x"].hours["mon"] == [("09:00", "18:00")]
    routes = SMALL + "  routes:\n    - match: {language: no, attributes.a: [010, 1_000, '7', 7, 7.5, true, yes]}\n"
    match = parse(routes).route.routes[0].match
    assert match == {"language": "no", "attributes.a": ["010", "1_000", "7", 7, 7.5, True, "yes"]}


def test_aliases_cannot_blow_up() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
    )
    started = time.process_time()
    _problems(bomb)
    assert time.process_time() - started < 5


@given(st.text() | st.binary())
def test_any_text_is_a_loop_or_has_problems(text: str | bytes) -> None:
    try:
        parse(text)
    except ConfigError as refused:
        assert all(problem.startswith("loop.yaml") for problem in refused.problems)  # noqa: PT017 - one of two right answers


@given(st.integers(0, len(SMALL)), st.sampled_from(["x", ":", "\n", "  ", "[", "}", "'", "-", "7", "null", "&a "]))
def test_any_damage_is_a_loop_or_has_problems(at: int, put: str) -> None:
    try:
        parse(SMALL[:at] + put + SMALL[at:])
    except ConfigError as refused:
        assert refused.problems  # noqa: PT017 - one of two right answers


def test_the_windows_of_the_design_have_these_panes() -> None:
    panes = {window: pane_seconds(seconds(window)) for window in ("1h", "24h", "7d", "30d")}
    assert panes == {"1h": 60, "24h": 15 * 60, "7d": 105 * 60, "30d": 450 * 60}


@given(st.integers(1, 60 * 24 * 3660).map(lambda minutes: minutes * 60))
def test_panes_are_whole_minutes_sixty_to_ninety_six_of_them(length: int) -> None:
    possible = [length // panes for panes in range(60, 97) if length % panes == 0 and (length // panes) % 60 == 0]
    assert pane_seconds(length) == (min(possible) if possible else None)


@given(st.integers(1, 3660 * 86_400))
def test_a_window_that_cannot_be_used_has_usable_neighbours(length: int) -> None:
    if pane_seconds(length) is None:
        below, above = usable_windows_near(length)
        assert pane_seconds(below)
        assert pane_seconds(above)
        assert above > length or length < 3600
