"""The pipeline's page in Chromium, full of what can go wrong: for everybody, by the keyboard, and live."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from gateway.cluster.looks import BrokerSeen, DiskSeen, GroupSeen, Look, MemberSeen, PartitionSeen, Place
from gateway.parts import Parts
from schemas.topics import ALERTS, DESK_GROUP, RECORDER_GROUP, RESPONSES, STREAMS_GROUP
from tests.gateway.conftest import KeptRecords, Served, make  # noqa: F401 - a fixture
from tests.gateway.examples import response
from tests.gateway.serving import serving
from tests.gateway.test_live_rows import books
from tests.gateway.test_live_rows import put as put_record
from tests.gateway.test_metrics import letter
from tests.pages.test_pipeline import HOSTILE, OneLook

pytestmark = pytest.mark.browser


def ill() -> Look:
    """A cluster with a full disk, a missing copy, a lag without an age, and a group without workers."""
    places = {
        Place(topic, number): PartitionSeen(leader=1, replicas=2, in_sync=2 - number, begin=0, end=40, stable_end=40)
        for topic in (ALERTS, RESPONSES)
        for number in range(2)
    }
    worker = MemberSeen("streams-1234-abcdef", "streams-1", "10.0.0.7", (Place(RESPONSES, 0), Place(RESPONSES, 1)))
    return Look(
        at=0.0,
        brokers=(BrokerSeen(1, "k", 9092),),
        partitions=places,
        groups={
            STREAMS_GROUP: GroupSeen("stable", (worker,), {Place(RESPONSES, 0): 40, Place(RESPONSES, 1): 27}),
            DESK_GROUP: GroupSeen("empty", (), {}),
            RECORDER_GROUP: GroupSeen(None, None, None),
        },
        disks=(DiskSeen(broker=1, log_dir="/data", size_bytes=10**10, free_bytes=10**9, loop_bytes=2_500_000),),
        unknown={"members": "not known: TimeoutError"},
    )


@pytest.fixture
def parts(make: Callable[..., Parts], sqlite_database: str) -> Parts:  # noqa: F811
    made = dataclasses.replace(make(sqlite_database), producer=KeptRecords())
    made.cluster._reader = OneLook(ill())  # type: ignore[assignment] # a double
    for _ in range(3):
        made.cluster._look()
    put_record(made.live.rows, books("cx.responses/0", 9, 1210, counted=1204, duplicates=6))
    put_record(made.live.rows, books("cx.touchpoints/0", 9, 10, counted=7))
    served = Served(made, made.producer, None)  # type: ignore[arg-type] # `letter` takes the parts alone
    letter(served, 3, value=HOSTILE)
    letter(served, 4, value=json.dumps(response(4)).encode(), headers=[], reason="scale")
    letter(served, 5, value=json.dumps(response(5)).encode(), headers=[], reason="scale")
    letter(served, 6, value=b"\xff\x00")
    return made


@pytest.fixture
def tab(browser: Browser, parts: Parts) -> Iterator[tuple[Page, str]]:
    """A page in a profile of its own, and the gateway's address; it tells of no error."""
    said: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    with serving(parts) as url:
        yield page, url
        context.close()
    assert said == []


def test_an_ill_loop_keeps_nobody_out_and_fits_a_phone(tab: tuple[Page, str]) -> None:
    page, url = tab
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{url}/pipeline?topic=cx.responses&reason=metric&letter=letter-3&language=ru")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.wait_for_timeout(1800)  # a colour that fades away is none to judge
    found = Axe().run(page, options={"preload": False}).response["violations"]
    grave = [
        (one["id"], [node["html"][:160] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert grave == []


def test_letters_are_reached_and_sent_by_the_keyboard_alone(tab: tuple[Page, str], parts: Parts) -> None:
    page, url = tab
    page.goto(f"{url}/pipeline")
    page.evaluate("window.kept = true")
    expect(page.locator("#reason-scale-cx-responses td").nth(2)).to_have_text("2")
    button = page.locator("#reason-scale-cx-responses button")
    for _ in range(60):
        if button.evaluate("it => it === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Sent again: 2")
    expect(page.locator("#reason-scale-cx-responses td").nth(2)).to_have_text("0")
    expect(page.locator("#reason-scale-cx-responses button")).to_have_count(0)
    assert page.evaluate("window.kept") is True
    assert [json.loads(record.value)["id"] for record in parts.producer.records] == ["r-4", "r-5"]


def test_the_books_turn_red_and_green_by_themselves(tab: tuple[Page, str], parts: Parts) -> None:
    page, url = tab
    page.goto(f"{url}/pipeline")
    book = page.locator("#book-touchpoints")
    expect(book).to_contain_text("differ by +3")
    put_record(parts.live.rows, msgspec.structs.replace(books("cx.touchpoints/0", 10, 11, counted=10), duplicates=1))
    expect(book).to_contain_text("the books balance")
    expect(book).to_have_attribute("data-holds", "yes")
