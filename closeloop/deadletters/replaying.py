"""Sending dead letters again. The gateway does it; here it is decided which, and counted what became of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from closeloop.cases.api import CaseApi, RefusedRequest
from closeloop.deadletters.letters import Letter
from gateway.dead_letter_replay import refusal_now
from schemas.cloudevents import EventReader


class Judged(Struct, frozen=True):
    """One letter, and why it would not be taken today; empty where it would."""

    letter: Letter
    refusal: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of them."""

    sent: int
    left: dict[str, int]
    """Those that were not sent, by why."""


def judge(letter: Letter, events: EventReader, now: datetime) -> Judged:
    """Whether the streams or the desk would read it now, by this loop.yaml, as the gateway judges it. Pure."""
    if letter.replayed_at is not None:
        return Judged(letter, "sent again already")
    if not letter.replayable:
        return Judged(letter, "cannot be sent again")
    why = refusal_now(letter.as_row(), events, now)
    return Judged(letter, "" if why is None else f"still refused: {why}")


def to_send(judged: Iterable[Judged], *, anyhow: bool) -> tuple[list[Letter], dict[str, int]]:
    """Which to send, the oldest first, and why not the others. ``anyhow``: also those that would be refused. Pure."""
    sending: list[Letter] = []
    left: Counter[str] = Counter()
    for one in judged:
        if not one.refusal or (anyhow and one.letter.replayable):
            sending.append(one.letter)
        else:
            left[one.refusal] += 1
    return sorted(sending, key=lambda letter: (letter.at, letter.id)), dict(left)


def replay(api: CaseApi, sending: Iterable[Letter], done: Callable[[], None]) -> Outcome:
    """Let the gateway send each; ``done`` is called after each. One that somebody else has just sent is passed over.

    Raises ``Unreachable``, and ``RefusedRequest`` where the key may not.
    """
    sent = 0
    left: Counter[str] = Counter()
    for letter in sending:
        try:
            api.replay_letter(letter.id)
        except RefusedRequest as refused:
            if refused.status not in (404, 409, 422):
                raise
            left[refused.problem] += 1
        else:
            sent += 1
        done()
    return Outcome(sent=sent, left=dict(left))


def told(left: dict[str, int]) -> Iterator[str]:
    """Why some were not sent, a line each."""
    for why, number in sorted(left.items(), key=lambda one: -one[1]):
        yield f"not sent: {number}, {why}"
