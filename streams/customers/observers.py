"""The observers of customers that loop.yaml asks for, by source topic."""

from collections.abc import Iterable, Iterator

from schemas.topics import TOUCHPOINTS
from streams.counting.panes import Group
from streams.counting.windows import Horizon
from streams.customers.declared import customer_observers
from streams.customers.observation import Observer
from streams.customers.tenure import Tenure
from streams.plan import Plan


def observers(topic: str, plan: Plan, horizon: Horizon) -> tuple[Observer, ...]:
    """The observers of a partition of a source topic, whose now is that of ``horizon``."""
    asked = plan.lifecycle if topic == TOUCHPOINTS else None
    lifecycle = () if asked is None else (Tenure(asked, plan.cuts, plan.history_days),)
    return (*customer_observers(topic, plan, horizon), *lifecycle)


def recount(observers: Iterable[Observer]) -> Iterator[tuple[Group, int]]:
    """What follows from the whole of what is remembered, for cuts that did not count it before."""
    for observer in observers:
        if isinstance(observer, Tenure):
            yield from observer.recount()
