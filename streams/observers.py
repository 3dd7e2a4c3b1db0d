"""The observers of customers that loop.yaml asks for, by source topic."""

from streams.customers import customer_observers
from streams.observation import Observer
from streams.plan import Plan
from streams.windows import Horizon


def observers(topic: str, plan: Plan, horizon: Horizon) -> tuple[Observer, ...]:
    """The observers of a partition of a source topic, whose now is that of ``horizon``."""
    return (*customer_observers(topic, plan, horizon),)
