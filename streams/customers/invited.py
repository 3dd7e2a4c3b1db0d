"""The metric ``response_rate``: of the invitations to answer, the share that was answered in time. Pure.

An invitation is counted under its own time and dimensions as ``invited``, and once more in the same place as
``answered`` when an answer belongs to it. Which one an answer belongs to:

- the one that its ``touchpoint_event_id`` names, if it is given within the time of it;
- else, where it names none that is known, the oldest invitation of its customer that is open (within its time, and
  answered by no other answer).

Answers that name an invitation come first, then the others in order of their time. Of several answers that name one
invitation the earliest belongs to it, and the others to none. All this is a function of the invitations and answers
that are known, and not of their order of arrival: where a late event changes it, the counts are amended.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from schemas.config import Invitations
from schemas.config_base import seconds
from schemas.events import Event, Response
from schemas.metrics import RESPONSE_RATE
from schemas.scales import Scale
from schemas.signals import SignalEvent, signal_id
from streams.counting.panes import Group
from streams.counting.series import Dimensions
from streams.counting.windows import Horizon
from streams.customers.memory import CustomerMemory, Fact, customer_digest, event_digest, latest
from streams.customers.observation import Observation

LATE_S = 86_400
"""Seconds that an invitation or an answer may come after its time and still find its other half."""

_MOST = 64
"""Invitations and answers of one customer that are remembered, the latest: finding pairs costs their square."""

INVITED, ANSWERED = "invited", "answered"


_NOWHERE = b"-"


class Half(Fact, frozen=True, array_like=True, gc=False):
    """An invitation, or an answer, which may name one."""

    dimensions: Dimensions | None
    """Those of an invitation; None for an answer."""
    named: bytes = b""
    """Of an invitation the digest of its event's id, of an answer that of the id it names."""
    belongs: bytes = b""
    """The invitation that an answer belongs to, if any; :data:`_NOWHERE` where it never will belong to one."""


class ResponseRate:
    """Counts invitations and which were answered, on a partition of answers.

    Memory: the invitations and answers of ``answer_within`` and a day, 64 a customer at most. An invitation that
    comes later than that is not counted at all, because answers to it may have been forgotten already; an answer that
    does belongs to none.
    """

    def __init__(self, invitations: Invitations, horizon: Horizon, prefix: bytes, layout: bytes) -> None:
        """``horizon`` knows the loop's now. ``prefix`` begins the keys of the rows, ending in a comma.

        ``layout`` says what dimensions and panes mean: when it changes with loop.yaml, open invitations are forgotten,
        because the panes that they are counted in no longer are what they were.
        """
        self.prefix = prefix
        self._within_s = seconds(invitations.answer_within)
        self._keep_s = self._within_s + LATE_S
        self._horizon = horizon
        self._memory = CustomerMemory(prefix, Half, self._keep_s, layout, _tidy)

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Let an answer find its invitation."""
        del scale, dimensions
        answer = event.data
        if not isinstance(answer, Response) or answer.revises is not None:
            return None  # a revision belongs where the answer belongs that it revises
        named = answer.touchpoint_event_id
        new = Half(when, event_digest(event.source, event.id), None, b"" if named is None else _name(named))
        return self._take(answer.customer_id, new)

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """Count an invitation, and let it find an answer that came before it."""
        if event.data.kind != "invited":
            return None
        # The signal's id follows from the invitation's, and so do those that answers name.
        new = Half(when, event_digest(event.source, event.id), dimensions, event_digest("", event.id))
        return self._take(event.data.customer_id, new)

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows since the last call."""
        return self._memory.rows(now)

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a row."""
        self._memory.restore(key, value)

    def _take(self, customer_id: str, new: Half) -> Observation | None:
        oldest = (new.when if self._horizon.now is None else self._horizon.now) - self._keep_s
        if new.when < oldest:
            return None
        customer = customer_digest(customer_id)
        held = self._memory.of(customer, oldest)
        if any(new.id == half.id for half in held):
            return None  # told again, after its id was forgotten elsewhere
        self._memory.put(customer, new)
        counts: dict[Group, int] = {}
        if new.dimensions is not None:
            counts[_group(new, INVITED)] = 1
        halves = self._memory.of(customer, oldest)
        invitations = {half.id: half for half in halves if half.dimensions is not None}
        names = {invitation.named for invitation in invitations.values()}
        # An answer whose invitation is forgotten has done its part.
        answers = [half for half in halves if half.dimensions is None and half.belongs in (b"", *invitations)]
        pairs = matched(list(invitations.values()), answers, self._within_s)
        for answer in answers:
            # The one that it names is known and not to be had; that cannot change.
            nowhere = _NOWHERE if answer.named in names else b""
            belongs = pairs.get(answer.id, nowhere)
            if belongs == answer.belongs:
                continue
            for invitation, change in ((answer.belongs, -1), (belongs, 1)):
                if invitation in invitations:
                    group = _group(invitations[invitation], ANSWERED)
                    counts[group] = counts.get(group, 0) + change
            self._memory.put(customer, msgspec.structs.replace(answer, belongs=belongs))
        changes = [(group, change) for group, change in counts.items() if change]
        return Observation(changes) if changes else None


def matched(invitations: Sequence[Half], answers: Sequence[Half], within_s: float) -> Mapping[bytes, bytes]:
    """Answer to the invitation that it belongs to, both by their digests. Both are given in order of time."""
    pairs: dict[bytes, bytes] = {}
    taken: set[bytes] = set()
    by_name = {invitation.named: invitation for invitation in invitations}
    for answer in answers:
        named = by_name.get(answer.named) if answer.named else None
        if named is not None and named.id not in taken and named.when <= answer.when <= named.when + within_s:
            pairs[answer.id] = named.id
            taken.add(named.id)
    for answer in answers:
        if answer.named in by_name:
            continue
        for invitation in invitations:
            open_ = invitation.when <= answer.when <= invitation.when + within_s
            if open_ and invitation.id not in taken:
                pairs[answer.id] = invitation.id
                taken.add(invitation.id)
                break
    return pairs


def _group(invitation: Half, word: str) -> Group:
    assert invitation.dimensions is not None
    return (RESPONSE_RATE, "", invitation.dimensions, int(invitation.when) // 60, word)


def _name(touchpoint_event_id: str) -> bytes:
    return event_digest("", signal_id("invited", touchpoint_event_id))


def _tidy(halves: list[Half]) -> None:
    latest(halves, _MOST)
