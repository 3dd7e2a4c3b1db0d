"""Whom a step of an escalation tells. Pure."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from consumers.timers.presence import present
from schemas.config import Loop
from schemas.config_clock import Step

PERSON = "person:"


class Told(Struct, frozen=True):
    """Somebody who was told of a broken promise: in which round of the case, as which step, and where."""

    round: str
    step: int
    destination: str


def next_told(
    loop: Loop,
    receiver: str,
    owner: str | None,
    chain: Sequence[Step],
    told: Sequence[Told],
    round_name: str,
    slot: int,
    now: datetime,
) -> Told | None:
    """Whom the slot of this round tells; ``None`` where its step has been taken already, by an earlier slot.

    A step whose person is absent, not named, or was told before in the life of the case is passed over to the next at
    once. The last step always tells somebody: at worst the default receiver's channel.
    """
    taken = max((one.step for one in told if one.round == round_name), default=-1)
    if slot <= taken:
        return None
    known = {one.destination for one in told}
    last = len(chain) - 1
    for step in range(slot, last):
        place = destination(loop, receiver, owner, chain[step].tell, now)
        if place is not None and place not in known:
            return Told(round_name, step, place)
    place = destination(loop, receiver, owner, chain[last].tell, now)
    return Told(round_name, last, place or default_channel(loop))


def destination(loop: Loop, receiver: str, owner: str | None, tell: str, now: datetime) -> str | None:
    """Where a step tells: ``person:KEY`` of somebody who is there, or a channel; ``None`` where that is nobody.

    A team without a lead has its owner told in the lead's place.
    """
    if tell == "channel":
        known = loop.receivers.get(receiver)
        return known.channel if known is not None else default_channel(loop)
    if tell.startswith("channel:"):
        return tell.removeprefix("channel:")
    person = _person(loop, receiver, owner, tell)
    return f"{PERSON}{person}" if person is not None and present(loop, person, now) else None


def default_channel(loop: Loop) -> str:
    """The channel of the default receiver, which every loop.yaml has."""
    name = loop.route.receiver
    if name is None:
        raise ValueError("route.receiver: missing; the root route must name the default receiver")
    return loop.receivers[name].channel


def _person(loop: Loop, receiver: str, owner: str | None, tell: str) -> str | None:
    if tell == "owner":
        return owner
    if tell.startswith(PERSON):
        return tell.removeprefix(PERSON)
    known = loop.receivers.get(receiver)
    team = loop.teams.get(known.team) if known is not None and known.team is not None else None
    if tell == "manager":
        return team.manager if team is not None else None
    return team.lead if team is not None and team.lead is not None else owner
