"""What the console's pages say after a replay, read in a real browser, against the API and the reference totals."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.loop.running import RunningLoop

WINDOWS = ("7d", "30d")

_TABLE = """table => [...table.querySelectorAll("tr")].map(row => [...row.children].map(cell => {
  const value = cell.querySelector(".value"), n = cell.querySelector(".n");
  if (!value) return (cell.querySelector("a") ?? cell).textContent;
  for (const one of value.querySelectorAll(".sr, .sign")) one.remove();
  return value.textContent.trim() + " n " + n.textContent;
}))"""


_DAYS = """body => Object.fromEntries([...body.querySelectorAll("tr")].filter(row => Number(row.dataset.n)).map(
  row => [row.dataset.day, {n: Number(row.dataset.n), value: Number(row.dataset.value)}]))"""


def check_pages(loop: RunningLoop, browser: Browser, folder: Path) -> None:
    """Now shows what `/v1/metrics` tells, Pipeline what `/v1/totals` does, Explore the reference totals by day."""
    page = browser.new_page(locale="en-GB")
    try:
        for window in WINDOWS:
            _check_now(loop, page, window)
        _check_books(loop, page)
        _check_explore(loop, page, folder)
    finally:
        page.close()


def _check_now(loop: RunningLoop, page: Page, window: str) -> None:
    page.goto(f"{loop.url}/now?window={window}&cut=region&rows=200")
    said = page.locator("#rows").evaluate(_TABLE)
    columns = page.locator("#columns th a").all_inner_texts()
    told = {(row[0], column): cell for row in said for column, cell in zip(columns, row[1:], strict=True)}
    rows = loop.metrics(window, "region")
    names = {"csat": "CSAT", "outcome": "Failed", "nps": "NPS", "ces": "CES"}
    expected = {
        (row["key"]["attributes.region"], names[row["metric"]]): _shown(row)
        for row in rows
        if row["metric"] in names and row["n"]
    }
    assert expected, "the last weeks of the replay have brought regions"
    assert {place: cell for place, cell in told.items() if cell != "\N{EN DASH}"} == expected
    tile = page.locator("#tile-csat .tile-number").inner_text()
    (whole,) = (row for row in loop.metrics(window, "all") if row["metric"] == "csat")
    assert tile == f"{whole['value']:.1f}"


def _check_explore(loop: RunningLoop, page: Page, folder: Path) -> None:
    """Each day's value and n of csat, and of the largest region how many answers there were in all."""
    with (folder / "expected_days.csv").open() as lines:
        days = {row["day"]: row for row in csv.DictReader(lines)}
    span = f"from={min(days)}&to={max(days)}"
    page.goto(f"{loop.url}/explore?metric=csat&{span}")
    said = page.locator("#days").evaluate(_DAYS)
    assert set(said) == set(days), "a day is missing, or there is one too many"
    for day, row in days.items():
        n = sum(int(row[f"score_{score}"]) for score in range(1, 6))
        best = int(row["score_4"]) + int(row["score_5"])
        assert said[day]["n"] == n, day
        assert said[day]["value"] == pytest.approx(100 * best / n), day
    with (folder / "expected_regions.csv").open() as lines:
        regions = {
            row["region"]: sum(int(row[f"score_{score}"]) for score in range(1, 6)) for row in csv.DictReader(lines)
        }
    largest = max(regions, key=regions.__getitem__)
    page.goto(f"{loop.url}/explore?metric=csat&cut=region&key=attributes.region:{largest}&{span}")
    assert sum(row["n"] for row in page.locator("#days").evaluate(_DAYS).values()) == regions[largest]


def _shown(row: dict[str, Any]) -> str:
    value = f"{row['value']:.1f}"
    text = f"({value} %)" if row["too_few"] else f"{value} %"
    return f"{text.replace(' ', chr(0x202F))} n {row['n']:,}"


def _check_books(loop: RunningLoop, page: Page) -> None:
    page.goto(f"{loop.url}/pipeline")
    totals = loop.totals()
    for kind in ("touchpoints", "responses"):
        book = page.locator(f"#book-{kind}")
        account = totals[kind]
        dead = sum(account["dead_letters"].values())
        expected = [account["received"], account["counted"], account["duplicates"], account["late"], dead]
        assert book.locator(".term b").all_inner_texts() == [f"{number:,}" for number in expected]
        assert book.get_attribute("data-holds") == "yes"
