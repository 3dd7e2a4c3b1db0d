"""Whether the clock of a loop.yaml leads somewhere: escalation chains that reach somebody, times that exist."""

import re
from collections.abc import Iterator
from itertools import pairwise

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_clock import DEFAULT_CHAIN, Step
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

MAX_AFTER_S = 366 * 86_400
_CHANNEL = re.compile(r"#[^\sA-Z#@.,]{1,79}|[CG][A-Z0-9]{2,}")
_PLAIN = ("owner", "lead", "manager", "channel")
_ROLES = ("lead", "manager")


def check_clock(loop: Loop) -> Iterator[Misfit]:
    """Chains with steps in order, known people and a last step that reaches somebody; managers; the digest's time."""
    for name, steps in loop.escalations.items():
        path: Path = ("escalations", name)
        if not steps:
            yield path, "no step; give at least one, e.g. {after: 0m, tell: channel}"
            continue
        for number, step in enumerate(steps):
            yield from _check_step(loop, step, (*path, number))
        for number, (before, step) in enumerate(pairwise(steps), start=1):
            if seconds(step.after) < seconds(before.after):
                yield (*path, number, "after"), f"{step.after} is before {before.after}; put the steps in order"
        yield from _check_last(loop, name, steps[-1], (*path, len(steps) - 1, "tell"))
    for name, receiver in loop.receivers.items():
        if receiver.escalation != DEFAULT_CHAIN and receiver.escalation not in loop.escalations:
            known = [DEFAULT_CHAIN, *loop.escalations]
            yield ("receivers", name, "escalation"), unknown_word(receiver.escalation, known)
    for name, team in loop.teams.items():
        if team.manager is not None and team.manager not in loop.people:
            yield ("teams", name, "manager"), unknown_word(team.manager, loop.people)
    if loop.digest is not None and loop.digest.at == "24:00":
        yield ("digest", "at"), "the end of a day is no morning; give a time from 00:00 to 23:59"


def _check_step(loop: Loop, step: Step, path: Path) -> Iterator[Misfit]:
    if seconds(step.after) > MAX_AFTER_S:
        yield (*path, "after"), f"`{step.after[:40]}` is longer than 366d; give less"
    kind, _, name = step.tell.partition(":")
    at = (*path, "tell")
    if kind == "person" and name not in loop.people:
        yield at, unknown_word(name, loop.people)
    elif kind == "channel" and ":" in step.tell and not _CHANNEL.fullmatch(name):
        yield at, 'give a Slack channel: "channel:#name" in small letters, quoted, or an id as in channel:C024BE91L'
    elif kind not in ("person", "channel") and step.tell not in _PLAIN:
        yield at, unknown_word(step.tell, [*_PLAIN, "person:KEY", "channel:#name"])


def _check_last(loop: Loop, chain: str, step: Step, path: Path) -> Iterator[Misfit]:
    """The last step must reach somebody, whoever is at lunch: a channel, or a person who is known and there."""
    if step.tell == "owner":
        yield path, "the owner is who did not react; end with channel, channel:#name, lead, manager or person:KEY"
    person = loop.people.get(step.tell.removeprefix("person:")) if step.tell.startswith("person:") else None
    if person is not None and person.away:
        yield path, f"`{step.tell.removeprefix('person:')}` is away; end with a channel, or with somebody who is there"
    if step.tell not in _ROLES:
        return
    for name, receiver in loop.receivers.items():
        if receiver.escalation != chain:
            continue
        team = loop.teams.get(receiver.team) if receiver.team is not None else None
        reached = getattr(team, step.tell) if team is not None else None
        if reached is None:
            yield path, f"receiver `{name}` has no team with a {step.tell}; end with a channel, or choose another chain"
        elif reached in loop.people and loop.people[reached].away:
            yield path, f"{step.tell} `{reached}` of receiver `{name}` is away; end with a channel"
