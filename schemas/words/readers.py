"""Who reads what, in which language: a person's own, a channel's that of its receiver. Pure."""

from schemas.config import Loop
from schemas.words.catalogue import Words, words_in

PERSON = "person:"
"""Before the person key in the destination of a direct message."""


def words_for(loop: Loop, person: str | None) -> Words:
    """The words of a person of loop.yaml; English for anybody else."""
    known = loop.people.get(person) if person is not None else None
    return words_in(known.language if known is not None else "en")


def words_at(loop: Loop, destination: str) -> Words:
    """The words of a destination: ``person:KEY``, or a channel as the receivers of loop.yaml write it."""
    if destination.startswith(PERSON):
        return words_for(loop, destination.removeprefix(PERSON))
    receivers = (receiver for receiver in loop.receivers.values() if receiver.channel == destination)
    first = next(receivers, None)
    return words_in(first.language if first is not None else "en")
