"""The totals: the accounts of every source partition summed, and the cases by state."""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

from schemas.metrics import Books
from schemas.topics import RESPONSES, TOUCHPOINTS


class Account(Struct, frozen=True, kw_only=True):
    """One topic's accounts: received = counted + duplicates + late + dead letters, at any quiet moment."""

    received: int
    counted: int
    duplicates: int
    late: int
    dead_letters: dict[str, int]
    """Reason to how many."""


class Totals(Struct, frozen=True, kw_only=True):
    """The books of the loop: nothing is lost, and here is where it went."""

    touchpoints: Account
    responses: Account
    alerts: dict[str, int]
    """Rule to how many. Of rules over metrics: alarms that became a case or joined one, without recoveries."""
    cases: dict[str, int]
    """State to how many."""


def newest(live: Mapping[str, Books], stored: Mapping[str, Books]) -> list[Books]:
    """For every source partition the newer of two accounts."""
    both = dict(stored)
    for source, books in live.items():
        held = both.get(source)
        if held is None or books.version >= held.version:
            both[source] = books
    return list(both.values())


def add_up(books: Iterable[Books], cases: dict[str, int], alarms: Mapping[str, int] = MappingProxyType({})) -> Totals:
    """Sum the accounts of all source partitions; ``alarms`` are those of metrics. Pure."""
    held = list(books)
    alerts: Counter[str] = Counter(alarms)
    for one in held:
        alerts.update(one.alerts)
    return Totals(
        touchpoints=account_of(held, TOUCHPOINTS),
        responses=account_of(held, RESPONSES),
        alerts=dict(sorted(alerts.items())),
        cases=cases,
    )


def account_of(books: list[Books], topic: str) -> Account:
    """Sum the accounts of the partitions of one topic. Pure."""
    mine = [one for one in books if one.source.rpartition("/")[0] == topic]
    reasons: Counter[str] = Counter()
    for one in mine:
        reasons.update(one.dead_letters)
    return Account(
        received=sum(one.received for one in mine),
        counted=sum(one.counted for one in mine),
        duplicates=sum(one.duplicates for one in mine),
        late=sum(one.late for one in mine),
        dead_letters=dict(sorted(reasons.items())),
    )
