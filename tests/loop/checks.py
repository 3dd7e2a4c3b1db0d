"""What must hold of a loop after a replay, each compared with the batch."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from tests.loop.batch import Batch, day_counts
from tests.loop.running import RunningLoop, wait_until

SETTLED = 60.0
"""Seconds that history rows may lag behind the books: they go through the recorder."""


def check_books(loop: RunningLoop, batch: Batch, duplicates: int) -> None:
    """Every distinct event is counted once; the rest are duplicates; nothing is late or dead; the books balance."""
    books = loop.wait_until_received(batch.touchpoints + batch.responses + duplicates)

    def settled() -> bool:
        nonlocal books
        books = loop.totals()
        return books["touchpoints"]["duplicates"] + books["responses"]["duplicates"] >= duplicates

    wait_until(settled, SETTLED, lambda: f"the books stand at {books}")
    assert (books["touchpoints"]["counted"], books["responses"]["counted"]) == (batch.touchpoints, batch.responses)
    assert books["touchpoints"]["duplicates"] + books["responses"]["duplicates"] == duplicates
    for kind in ("touchpoints", "responses"):
        account = books[kind]
        assert (account["late"], account["dead_letters"]) == (0, {})
        assert account["received"] == account["counted"] + account["duplicates"]
    assert books["alerts"]["detractor"] == len(batch.detractors)


def check_days(loop: RunningLoop, batch: Batch) -> None:
    """The history of every metric, whole and by region, equals the batch on every day, and has no other day."""
    days = sorted(day for _, _, _, day in batch.days)
    for metric in {metric for metric, _, _, _ in batch.days}:
        for cut, dimension in (("all", None), ("region", "attributes.region")):
            expected = {
                (key, day): dict(scores)
                for (its_metric, its_cut, key, day), scores in batch.days.items()
                if (its_metric, its_cut) == (metric, cut)
            }

            _wait_for_days(loop, metric, cut, dimension, (days[0], days[-1]), expected)


def _wait_for_days(
    loop: RunningLoop,
    metric: str,
    cut: str,
    dimension: str | None,
    span: tuple[str, str],
    expected: dict[tuple[str, str], dict[str, int]],
) -> None:
    said: dict[tuple[str, str], dict[str, int]] = {}

    def equal() -> bool:
        nonlocal said
        said = day_counts(loop.days(metric, cut, *span), dimension)
        return said == expected

    def difference() -> str:
        keys = [key for key in expected.keys() | said.keys() if said.get(key) != expected.get(key)]
        return (
            f"{metric} by {cut}, {len(keys)} rows differ: {keys[0]} is {said.get(keys[0])}, not {expected.get(keys[0])}"
        )

    wait_until(equal, SETTLED, difference)


def check_files(loop: RunningLoop, folder: Path) -> None:
    """The history of csat equals the reference totals of the real data, every row by day and by region."""
    with (folder / "expected_days.csv").open() as lines:
        days = {row["day"]: _scores(row) for row in csv.DictReader(lines)}
    with (folder / "expected_regions.csv").open() as lines:
        regions = {row["region"]: _scores(row) for row in csv.DictReader(lines)}
    first, last = min(days), max(days)
    said_days = {day: counts for (_, day), counts in day_counts(loop.days("csat", "all", first, last), None).items()}
    assert said_days == days
    said_regions: dict[str, Counter[str]] = {}
    for (region, _), counts in day_counts(loop.days("csat", "region", first, last), "attributes.region").items():
        said_regions.setdefault(region, Counter()).update(counts)
    assert said_regions == {region: Counter(counts) for region, counts in regions.items()}


def check_cases(loop: RunningLoop, batch: Batch) -> None:
    """Every alert is in exactly one case, whichever rule made it, and every unhappy customer has exactly one."""
    held = loop.alerts_by_case("detractor")
    assert len(held) == len(batch.detractors)
    assert len(set(held.values())) == len(batch.detractor_customers)
    assert loop.alerts_by_rule() == loop.totals()["alerts"]
    assert loop.customers_with_two_cases() == []


def check_cards(loop: RunningLoop) -> None:
    """Every case has its card, and no card was ever posted twice, not even one deleted since."""
    posts = loop.cards()
    doubled = {outbox_id: count for outbox_id, count in posts.items() if count != 1}
    assert not doubled
    assert len(posts) == loop.cards_wanted()


def _scores(row: dict[str, str]) -> dict[str, int]:
    named = {name.removeprefix("score_"): int(count) for name, count in row.items() if name.startswith("score_")}
    return {score: count for score, count in named.items() if count}
