"""The observers of customers that loop.yaml asks for, by source topic."""

from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.observation import Forgotten, Observation, Observer
from streams.plan import Plan
from streams.windows import Horizon

__all__ = ["Forgotten", "Observation", "Observer", "observers"]


def observers(topic: str, plan: Plan, horizon: Horizon | None = None) -> tuple[Observer, ...]:
    """The observers of a partition of a source topic, whose now is that of ``horizon``."""
    del plan, horizon
    assert topic in (RESPONSES, TOUCHPOINTS)
    return ()
