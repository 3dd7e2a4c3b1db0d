"""What is said of a clock in loop.yaml that would reach nobody: with its line and its field."""

from __future__ import annotations

import pytest

from schemas.loop_yaml import ConfigError, parse

BASE = """\
people:
  ana: {name: Ana, email: ana@example.com}
  zed: {name: Zed, email: zed@example.com, away: true}
teams:
  care: {members: [ana], lead: ana, manager: zed}
receivers:
  care: {team: care, channel: "#care"}
route:
  receiver: care
"""


def problems(text: str, base: str = BASE) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        parse(base + text)
    return refused.value.problems


def chain(*steps: str) -> str:
    return "escalations:\n  default:\n" + "".join(f"    - {step}\n" for step in steps)


def test_a_whole_clock_is_taken() -> None:
    text = chain("{after: 0m, tell: lead}", "{after: 1h, tell: person:ana}", '{after: 4h, tell: "channel:#board"}')
    loop = parse(f"{BASE}{text}reminders: {{acknowledge: 25%, contact: null}}\ndigest: {{at: '08:30'}}\n")
    assert [step.tell for step in loop.escalations["default"]] == ["lead", "person:ana", "channel:#board"]
    assert loop.reminders is not None
    assert loop.reminders.contact is None
    assert parse(f"{BASE}reminders: null\ndigest: null\n").digest is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (chain("{after: 0m, tell: owner}"), "12: escalations.default[0].tell: the owner is who did not"),
        (chain("{after: 0m, tell: manager}"), "escalations.default[0].tell: manager `zed` of receiver `care` is away"),
        (chain("{after: 0m, tell: person:zed}"), "12: escalations.default[0].tell: `zed` is away"),
        (chain("{after: 0m, tell: person:anna}"), "12: escalations.default[0].tell: `anna` is not known"),
        (chain("{after: 0m, tell: boss}"), "12: escalations.default[0].tell: `boss` is not known"),
        (chain('{after: 0m, tell: "channel:care"}'), "12: escalations.default[0].tell: give a Slack channel"),
        (
            chain("{after: 1h, tell: lead}", "{after: 30m, tell: channel}"),
            "13: escalations.default[1].after: 30m is before 1h; put the steps in order",
        ),
        ("escalations: {default: []}\n", "10: escalations.default: no step"),
        ("digest: {at: '24:00'}\n", "10: digest.at: the end of a day is no morning"),
        ("reminders: {contact: 100%}\n", "10: reminders.contact: "),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_named(text: str, said: str) -> None:
    (problem,) = problems(text)
    assert said in problem


def test_names_that_lead_nowhere_are_named() -> None:
    base = BASE.replace("manager: zed", "manager: zeb").replace('"#care"}', '"#care", escalation: lout}')
    assert problems(chain("{after: 0m, tell: channel}").replace("default", "loud"), base) == [
        "loop.yaml:5: teams.care.manager: `zeb` is not known; did you mean zed?",
        "loop.yaml:7: receivers.care.escalation: `lout` is not known; did you mean loud?",
    ]
