"""Receive deliveries: prove them, read them, admit their events, keep what cannot be mapped. The shell of the hooks."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import structlog

from gateway.admission import Admission
from gateway.hooks.fetching import Fetcher, FetchFailed
from gateway.hooks.letters import field_of, letter_of, record_of
from gateway.hooks.mapping import Mapper
from gateway.hooks.reading import Mapped, Outcome, Refused, pieces, read_fetched, read_piece
from gateway.hooks.shapes import HookAnswer, HookShown
from gateway.hooks.signatures import Delivery, Unsigned, verify
from gateway.hooks.submissions import Skipped, Wanted
from gateway.hooks.tools import TOOLS, scheme_for
from gateway.instruments import Instruments
from gateway.problems import Refusal
from gateway.rate_gate import RateGate
from gateway.rate_limits import Throttle
from schemas.cloudevents import EventReader
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.deadletters import InvalidEvent
from schemas.hook_secrets import HookSecrets
from schemas.scales import MetricSpec

ROUTE = "/hooks/{name}"
_LARGE = 64 * 1024
"""Larger deliveries are read in a thread, so that they hold up no other request."""

_log = structlog.get_logger("gateway.hooks")


class _Seen:
    """What came in by one hook."""

    def __init__(self) -> None:
        self.last_at: datetime | None = None
        self.last_outcome: str | None = None
        self.outcomes: Counter[str] = Counter()


class HookDesk:
    """The hooks of loop.yaml at work."""

    def __init__(
        self,
        loop: Loop,
        specs: Mapping[str, MetricSpec],
        events: EventReader,
        secrets: Mapping[str, HookSecrets],
        instruments: Instruments,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._mappers = {
            name: Mapper(name=name, hook=hook, specs=specs, events=events) for name, hook in loop.hooks.items()
        }
        self._secrets = secrets
        self._instruments = instruments
        self._fetcher = fetcher or Fetcher()
        self._gates = {name: RateGate(hook.rate_limit, Throttle(), name) for name, hook in loop.hooks.items()}
        self._seen = {name: _Seen() for name in loop.hooks}
        for name in loop.hooks:
            if not self._secret(name).keys():
                _log.warning("hook_without_secret", hook=name, refuses="every delivery")

    def mapper(self, name: str) -> Mapper:
        """The mapping of a hook. Raises :class:`Refusal` (404)."""
        found = self._mappers.get(name)
        if found is None:
            raise Refusal(404, "missing", "name", "loop.yaml has no such hook")
        return found

    def shown(self) -> list[HookShown]:
        """All hooks, in the order of loop.yaml."""
        return [self._show(name) for name in self._mappers]

    async def receive(self, name: str, delivery: Delivery, admission: Admission) -> HookAnswer:
        """Take a delivery. Raises :class:`Refusal`: 404, 401 (not proven), 429 and 503 (to be sent again)."""
        mapper = self.mapper(name)
        try:
            verify(scheme_for(mapper.hook), delivery, self._secret(name).keys(), seconds(mapper.hook.tolerance))
        except Unsigned as why:
            _log.info("hook_unsigned", hook=name, why=str(why))
            self._count(name, "unsigned", delivery.at)
            raise Refusal(401, "unauthorized", "", "the delivery is not signed as it should be") from None
        gate = self._gates[name]
        try:
            gate.admit()  # only now: who forges deliveries uses up nothing of the tool's
            return await self._take(mapper, delivery, admission, gate)
        except Refusal:
            self._count(name, "unavailable", delivery.at)
            raise

    async def replay(self, name: str, piece: bytes, at: datetime, admission: Admission) -> str | None:
        """Map a dead letter again and admit its events; why it is still refused, or None. Raises :class:`Refusal`.

        ``at`` is its arrival. It was proven then, and its events have the ids that they would have had then.
        """
        mapper = self._mappers.get(name)
        if mapper is None:
            return f"hooks.{name}: loop.yaml has no such hook"
        outcome = await asyncio.to_thread(read_piece, mapper, piece, at)
        outcome = await self._with_answers(mapper, piece, outcome, at)
        if isinstance(outcome, Refused):
            return f"{field_of(name, outcome.error)}: {outcome.error.problem}"
        if isinstance(outcome, Mapped):
            answer = await admission.admit([event.value for event in outcome.events], at, route=ROUTE)
            rejected = next((one for one in answer.results if one.status == "rejected"), None)
            if rejected is not None:
                return f"{rejected.field}: {rejected.problem}"
        return None

    def refusal(self, name: str, piece: bytes, at: datetime) -> str | None:
        """Why a letter would be refused again, as far as that can be said without fetching anything."""
        mapper = self._mappers.get(name)
        if mapper is None:
            return f"hooks.{name}: loop.yaml has no such hook"
        outcome = read_piece(mapper, piece, at)
        return f"{field_of(name, outcome.error)}: {outcome.error.problem}" if isinstance(outcome, Refused) else None

    async def _take(self, mapper: Mapper, delivery: Delivery, admission: Admission, gate: RateGate) -> HookAnswer:
        if len(delivery.body) > _LARGE:
            read = await asyncio.to_thread(_read_all, mapper, delivery)
        else:
            read = _read_all(mapper, delivery)
        read = [(piece, await self._with_answers(mapper, piece, outcome, delivery.at)) for piece, outcome in read]
        values: list[bytes] = []
        owners: list[bytes] = []
        unmapped: dict[bytes, InvalidEvent] = {}
        ignored: Counter[str] = Counter()
        for piece, outcome in read:
            if isinstance(outcome, Mapped):
                values += [event.value for event in outcome.events]
                owners += [piece] * len(outcome.events)
            elif isinstance(outcome, Refused):
                unmapped[piece] = outcome.error
            elif isinstance(outcome, Skipped):
                ignored[outcome.why] += 1
        taken = 0
        gate.charge(max(len(values), len(read)))
        if values:
            answer = await admission.admit(values, delivery.at, route=ROUTE, headers=delivery.headers)
            taken = answer.accepted
            for owner, result in zip(owners, answer.results, strict=True):
                if result.status == "rejected":
                    unmapped[owner] = InvalidEvent("invalid", str(result.field or ""), str(result.problem))
        await self._keep(mapper.name, unmapped, delivery.at, admission)
        for piece, outcome in read:
            passed = isinstance(outcome, Skipped)
            self._count(mapper.name, "letter" if piece in unmapped else "ignored" if passed else "taken", delivery.at)
        return HookAnswer(taken=taken, ignored=dict(ignored), letters=len(unmapped))

    async def _with_answers(self, mapper: Mapper, piece: bytes, outcome: Outcome, at: datetime) -> Outcome:
        """The outcome, with the answers fetched that a notice only tells of."""
        if not isinstance(outcome, Wanted):
            return outcome
        try:
            fetched = await self._fetcher.fetch(outcome, self._secret(mapper.name).token)
        except FetchFailed as error:
            return Refused(InvalidEvent("missing", "answers", f"could not be fetched: {error}; replay it later"))
        return read_fetched(mapper, piece, fetched, at)

    async def _keep(
        self, name: str, unmapped: Mapping[bytes, InvalidEvent], at: datetime, admission: Admission
    ) -> None:
        """Dead letters, out of danger before the tool is told that its delivery is taken."""
        if not unmapped:
            return
        letters = [letter_of(name, piece, error, at) for piece, error in unmapped.items()]
        for letter in letters:
            _log.warning("hook_unmapped", hook=name, letter=letter.id, field=letter.field, reason=letter.reason)
        await admission.keep([record_of(letter) for letter in letters])

    def _secret(self, name: str) -> HookSecrets:
        return self._secrets.get(name) or HookSecrets()

    def _count(self, name: str, outcome: str, at: datetime) -> None:
        self._instruments.hook_deliveries.labels(name, outcome).inc()
        seen = self._seen[name]
        seen.outcomes[outcome] += 1
        seen.last_at, seen.last_outcome = at, outcome

    def _show(self, name: str) -> HookShown:
        mapper, secret, seen = self._mappers[name], self._secret(name), self._seen[name]
        return HookShown(
            name=name,
            tool=mapper.hook.tool,
            path=f"/hooks/{name}",
            secret_set=bool(secret.keys()),
            token_set=bool(secret.token) if TOOLS[mapper.hook.tool].fetched is not None else None,
            last_at=seen.last_at,
            last_outcome=seen.last_outcome,
            outcomes=dict(seen.outcomes),
        )


def _read_all(mapper: Mapper, delivery: Delivery) -> list[tuple[bytes, Outcome]]:
    """Every piece of a delivery, and what becomes of it. Pure."""
    return [(piece, read_piece(mapper, piece, delivery.at)) for piece in pieces(mapper, delivery.body)]
