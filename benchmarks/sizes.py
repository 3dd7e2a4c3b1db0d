"""How much is measured: defaults that fit two cores and 30 minutes, each to be changed by an environment variable."""

import os
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of events and seconds. ``BENCH_<NAME>`` in the environment overrides one."""

    check_events: int = 6_000
    """Events of the comparison with the plain computation, before anything is timed."""
    events: int = 1_000_000
    """Events laid ready for throughput; a worker that needs longer than ``run_seconds`` is stopped."""
    rounds: int = 3
    run_seconds: int = 25
    latency_rates: str = "500,5000,20000"
    latency_seconds: int = 20
    warm_up_seconds: int = 8
    broker_warm_up_seconds: int = 25
    """Traffic of no worker's before latency is taken: a fresh broker's compiler takes half a core for as long."""
    keys: str = "10000,100000"
    profile_events: int = 1_000_000

    @classmethod
    def from_environment(cls) -> Self:
        """Read the overrides. Raises ValueError for one that is no whole number."""
        given: dict[str, int | str] = {}
        for item in fields(cls):
            raw = os.environ.get(f"BENCH_{item.name.upper()}")
            if raw is not None:
                given[item.name] = raw if isinstance(item.default, str) else int(raw)
        return cls(**given)  # type: ignore[arg-type]  # each value has the type of its field's default

    @property
    def rates(self) -> tuple[int, ...]:
        """The rates that latency is measured at, events a second."""
        return tuple(int(rate) for rate in self.latency_rates.split(",") if rate)

    @property
    def key_counts(self) -> tuple[int, ...]:
        """The numbers of keys that memory is measured at."""
        return tuple(int(count) for count in self.keys.split(",") if count)
