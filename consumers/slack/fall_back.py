"""Where a message goes when its destination takes nothing. Pure."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from schemas.config import Loop

PERSON = "person:"


class Ways(Struct, frozen=True, kw_only=True):
    """What there is besides Slack."""

    mail: bool = False
    webhooks: tuple[str, ...] = ()


SLACK_ONLY = Ways()


def next_destination(
    loop: Loop,
    receiver: str,
    owner: str | None,
    tried: Sequence[str],
    ways: Ways = SLACK_ONLY,
    broken: Collection[str] = (),
) -> str | None:
    """The next link of the chain: channels, then direct messages, then e-mail, then webhooks; ``None``: the console.

    The channels are the receiver's and the default receiver's; the people are whom it was meant for, the owner and
    the team's lead. ``tried`` is what refused this message, the last one included; ``broken`` is left alone.
    """
    shut = {*tried, *broken}
    return next((place for place in _chain(loop, receiver, owner, tried, ways) if place not in shut), None)


def lead_of(loop: Loop, receiver: str) -> str | None:
    """The lead of the receiver's team, if it has one."""
    known = loop.receivers.get(receiver)
    team = loop.teams.get(known.team) if known is not None and known.team is not None else None
    return team.lead if team is not None else None


def _chain(loop: Loop, receiver: str, owner: str | None, tried: Sequence[str], ways: Ways) -> list[str]:
    names = (receiver, loop.route.receiver)
    chain = [loop.receivers[name].channel for name in names if name is not None and name in loop.receivers]
    people = _people(loop, receiver, owner, tried)
    chain += [PERSON + key for key in people]
    if ways.mail:
        chain += [f"mail:{key}" for key in people]
    return chain + [f"webhook:{name}" for name in ways.webhooks]


def _people(loop: Loop, receiver: str, owner: str | None, tried: Sequence[str]) -> list[str]:
    """Whom the message is for, in order: the person of a direct message, the owner, the lead of the team."""
    meant = [place.removeprefix(PERSON) for place in tried if place.startswith(PERSON)]
    return [
        key for key in dict.fromkeys([*meant, owner, lead_of(loop, receiver)]) if key is not None and key in loop.people
    ]
