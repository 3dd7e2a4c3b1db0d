"""Which memories of customers loop.yaml asks for, on either side: touchpoints tell, answers decide. Pure."""

from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from schemas.config_base import seconds
from schemas.config_rules import RepeatedRule, SilentRule
from schemas.events import Event, Touchpoint
from schemas.scales import Scale
from schemas.signals import Signal, SignalEvent, SignalKind, signal_id
from schemas.statistics import FAILED
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting.series import Dimensions
from streams.counting.windows import Horizon
from streams.customers.invited import LATE_S, ResponseRate
from streams.customers.observation import PREFIX, Observation, Observer
from streams.customers.recovered import RecoveredCustomers
from streams.customers.repeated import RepeatedAnswers
from streams.customers.silent import SilentCustomers
from streams.plan import Plan


class TouchpointSignals:
    """Tells the partition of a customer's answers of failures and invitations that a rule or the response rate counts.

    It remembers nothing. A failure that is too old to be part of an alert is not told of, nor an invitation that would
    not be counted any more. An invitation that failed never reached the customer, and is none.
    """

    prefix = PREFIX + b'"told",'

    def __init__(self, plan: Plan, horizon: Horizon) -> None:
        """``horizon`` knows the loop's now."""
        rules = [rule for rule in plan.rules if isinstance(rule, SilentRule)]
        self._silent = bool(rules)
        # None stands for every touchpoint.
        every = any(not rule.touchpoints for rule in rules)
        self._failing = None if every else {name for rule in rules for name in rule.touchpoints}
        self._failures_s = max((seconds(rule.within) for rule in rules), default=0) + plan.alert_max_age_s
        invitations = plan.invitations
        self._invitation = invitations.touchpoint if invitations is not None else None
        self._invitations_s = seconds(invitations.answer_within) + LATE_S if invitations is not None else 0
        self._horizon = horizon

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Signals that follow from a touchpoint."""
        del scale, dimensions
        data = event.data
        if not isinstance(data, Touchpoint):
            return None
        age = 0.0 if self._horizon.now is None else self._horizon.now - when
        if data.outcome == FAILED:
            named = self._silent and (self._failing is None or data.touchpoint in self._failing)
            kind: SignalKind | None = "failed" if named and age <= self._failures_s else None
        else:
            kind = "invited" if data.touchpoint == self._invitation and age <= self._invitations_s else None
        return None if kind is None else Observation(signals=[_signal(kind, event, data)])

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """No signal comes to touchpoints."""
        del event, when, dimensions
        return None

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """None."""
        del now
        return iter(())

    def restore(self, key: bytes, value: bytes) -> None:
        """Raises ValueError: it has no rows."""
        del key, value
        raise ValueError("a row of what remembers nothing")


def customer_observers(topic: str, plan: Plan, horizon: Horizon) -> Iterator[Observer]:
    """The memories of customers on a partition of a source topic; none where loop.yaml asks for none."""
    if topic == TOUCHPOINTS:
        if plan.invitations is not None or any(isinstance(rule, SilentRule) for rule in plan.rules):
            yield TouchpointSignals(plan, horizon)
        return
    if topic != RESPONSES:
        return
    for rule in plan.rules:
        if isinstance(rule, RepeatedRule):
            yield RepeatedAnswers(rule, plan, horizon, _prefix("repeated", rule.name))
        elif isinstance(rule, SilentRule):
            yield SilentCustomers(rule, plan, horizon, _prefix("silent", rule.name))
    if plan.invitations is not None:
        layout = _layout(plan, plan.invitations)
        yield ResponseRate(plan.invitations, horizon, _prefix("invited"), layout)
    if plan.recovered is not None:
        layout = _layout(plan, plan.recovered)
        yield RecoveredCustomers(plan.recovered, plan, horizon, _prefix("recovered"), layout)


def _signal(kind: SignalKind, event: Event, data: Touchpoint) -> SignalEvent:
    return SignalEvent(
        specversion="1.0",
        id=signal_id(kind, event.id),
        source=event.source,
        time=event.time,
        data=Signal(
            kind=kind,
            customer_id=data.customer_id,
            touchpoint=data.touchpoint,
            channel=data.channel,
            attributes=data.attributes,
        ),
    )


def _prefix(*names: str) -> bytes:
    return PREFIX + b"".join(b'"%b",' % name.encode() for name in names)


def _layout(plan: Plan, section: msgspec.Struct) -> bytes:
    """A digest of all that says which panes something is counted in."""
    windows = [window.name for window in plan.windows]
    said = [list(plan.cuts.items()), windows, plan.zone.key, plan.history_days, section]
    return blake2b(msgspec.json.encode(said), digest_size=8).digest()
