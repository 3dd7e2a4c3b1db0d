"""The console over a whole loop on a real Kafka: what happens is seen, what is done is done, without a reload."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from tests.fixtures.browser import browser, chromium  # noqa: F401 - fixtures
from tests.loop.bad_events import response
from tests.loop.running import RunningLoop, running_loop, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(300)]

SCALE = "metrics: {delight: {kind: mean, scale: [1, 5]}}\n"
PICTURES = os.environ.get("CLOSELOOP_PICTURES")
"""A folder for screenshots, for people to look at."""


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, kafka: str) -> Iterator[RunningLoop]:
    del kafka  # asked for its skip, with its reason, where no real Kafka can be had
    with running_loop(tmp_path_factory.mktemp("loop"), more=SCALE) as running:
        yield running


def straight(loop: RunningLoop, *values: bytes) -> None:
    """Write into the topic as an app without our checks does."""
    found = re.search(r"^kafka ([\d.:,]+)", (loop.folder / "up.log").read_text(), re.MULTILINE)
    assert found
    producer = Producer({"bootstrap.servers": found[1], "partitioner": "murmur2_random"})
    for value in values:
        producer.produce("cx.responses", value, b"c1")
    assert producer.flush(30) == 0


def delighted(name: str, score: int) -> bytes:
    return json.dumps(response(name, metric="delight", score=score)).encode()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def numbers(book: str) -> list[int]:
    """Received, counted, duplicates, late and dead letters out of the words of a book."""
    found = re.search(r"([\d,]+)\s+received\s*=\s*([\d,]+)\D+?([\d,]+)\D+?([\d,]+)\D+?([\d,]+)\s+dead", book)
    assert found, book
    return [int(number.replace(",", "")) for number in found.groups()]


def test_a_dead_letter_is_sent_again_after_a_fix_by_clicking(loop: RunningLoop, browser: Browser) -> None:  # noqa: F811
    from playwright.sync_api import expect

    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light", locale="en-GB")
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{loop.url}/pipeline")
    loads: list[str] = []
    page.on("load", lambda _: loads.append(page.url))
    book = page.locator("#book-responses")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")

    # What happens is seen without loading anew.
    assert loop.http.post("/v1/events", json=[response(f"first-{n}", score=9) for n in range(5)]).status_code == 202
    straight(loop, delighted("d8", 8), delighted("d9", 9), delighted("d10", 10), delighted("d99", 99), b"no json")
    expect(book).to_contain_text("5 dead letters")
    assert numbers(book.inner_text()) == [10, 5, 0, 0, 5]
    expect(book).to_contain_text("the books balance")
    reasons = page.locator("#reason-scale-cx-responses")
    expect(reasons.locator("td").nth(2)).to_have_text("4")
    expect(page.locator("#crew-streams")).to_contain_text("at work")
    expect(page.locator("#crew-desk")).to_contain_text("cx.alerts")
    expect(page.locator("#disks")).to_contain_text("free of")
    expect(book).to_contain_text("nothing left to read in Kafka")
    told = loop.http.get("/v1/pipeline").json()
    assert told["unknown"] == {}
    assert told["books"]["responses"]["holds"] is True
    assert loads == []

    # Before the fix it would be refused again, and says so.
    reasons.get_by_role("link").click()
    page.get_by_role("link", name=re.compile("@ 2$|@ 7$|@ ")).last.click()
    expect(page.locator("#letter")).to_contain_text("would be refused again")
    expect(page.locator("#letter")).to_contain_text('"metric": "delight"')
    picture(page, "letter-light")
    page.locator("#reason-scale-cx-responses").get_by_role("button", name="Send all again").click()
    expect(page.locator("#toasts")).to_contain_text("refused again: 4")

    # The fix: the scale was wrong. The processes begin anew with it.
    page.goto("about:blank")  # a gateway that is killed under a page is told of on the browser's console
    config = loop.folder / "loop.yaml"
    config.write_text(config.read_text().replace("scale: [1, 5]}}", "scale: [1, 10]}}"))
    loop.kill("streams")
    loop.kill("gateway")
    wait_until(lambda: _answers(loop), 60, lambda: "the gateway does not come back")
    page.goto(f"{loop.url}/pipeline?reason=scale")
    page.get_by_role("link", name=re.compile("@ ")).nth(1).click()
    letter = page.locator("#letter")
    expect(letter).to_contain_text("would be read")
    letter.get_by_role("button", name="Send again").focus()
    page.keyboard.press("Enter")
    expect(letter.locator(".chip")).to_contain_text("Sent again")
    expect(book).to_contain_text("11 received")
    page.locator("#reason-scale-cx-responses").get_by_role("button", name="Send all again").click()
    expect(page.locator("#toasts")).to_contain_text("Sent again: 2")
    expect(page.locator("#reason-scale-cx-responses td").nth(2)).to_have_text("1")  # the 99 stays
    expect(page.locator("#reason-scale-cx-responses td").nth(3)).to_have_text("3")

    # The dead letters stay in the books, what was sent again was received again, and the equation holds.
    expect(book).to_contain_text("13 received")
    expect(book).to_contain_text("8 counted")
    assert numbers(book.inner_text()) == [13, 8, 0, 0, 5]
    expect(book).to_contain_text("the books balance")
    expect(page.locator("#toasts")).to_be_empty()
    picture(page, "wide-light")

    # Once more changes nothing: each was sent once, and the event is still the same event.
    again = loop.http.post("/v1/deadletters/replay", json={"reason": "scale"}).json()
    assert (again["sent"], again["refused"]) == (0, 1)
    straight(loop, delighted("d8", 8))
    expect(book).to_contain_text("1 duplicates")
    assert numbers(book.inner_text()) == [14, 8, 1, 0, 5]
    totals = loop.totals()["responses"]
    assert totals["received"] == totals["counted"] + totals["duplicates"] + totals["late"] + sum(
        totals["dead_letters"].values()
    )

    page.goto(f"{loop.url}/pipeline?topic=cx.responses")
    expect(page.locator("#topic-cx-responses-0")).to_be_visible()
    picture(page, "partitions-light")
    for name, size, scheme, language in (
        ("wide-dark", (1440, 900), "dark", "en"),
        ("phone-light", (390, 844), "light", "ru"),
        ("phone-dark", (390, 844), "dark", "en"),
        ("wall-dark", (2560, 1440), "dark", "ru"),
    ):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{loop.url}/pipeline?language={language}")
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name}: the page is {wide} pixels wider than its window"
        picture(page, name)
    context.close()
    assert errors == []


def _answers(loop: RunningLoop) -> bool:
    try:
        return bool(loop.http.get("/readyz").status_code == 200)
    except OSError:
        return False
    except Exception as error:  # noqa: BLE001 - httpx's own errors, whatever they are, while the process begins
        return not error


def test_what_happens_is_seen_on_every_page_and_what_is_done_goes_both_ways(
    loop: RunningLoop,
    browser: Browser,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    from playwright.sync_api import expect

    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.add_cookies([{"name": "closeloop_me", "value": "ana", "url": loop.url}])

    def open_page(path: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(path)
        return page

    def live(path: str) -> Page:
        page = open_page(f"{loop.url}{path}")
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        return page

    took: dict[str, float] = {}

    def measured(what: str, began: float) -> None:
        took[what] = time.monotonic() - began

    # An answer changes the tile, and a bad one is a case, in the feed and in the inbox: without a reload.
    now, inbox = live("/now?window=1h"), live("/cases")
    answers = now.locator("#tile-ces .tile-facts")
    began = time.monotonic()
    moment = datetime.now(UTC).isoformat()
    event = response("kind", metric="ces", score=7)
    assert loop.http.post("/v1/events", json=event | {"time": moment}).status_code == 202
    expect(answers).to_contain_text("one answer")
    measured("a tile after its answer", began)
    began = time.monotonic()
    unhappy = response("unhappy", metric="ces", score=1, comment="nobody <b>answers</b>")
    assert loop.http.post("/v1/events", json=unhappy | {"time": moment}).status_code == 202
    customer = unhappy["data"]["customer_id"]
    expect(now.locator("#feed")).to_contain_text(customer)
    measured("the feed after a bad answer", began)
    expect(inbox.locator("main")).to_contain_text(customer)
    measured("the inbox after a bad answer", began)

    # What is done in the console is on the card in Slack; what is done in Slack is on the page of the case.
    (case,) = (one for one in loop.http.get("/v1/cases").json()["cases"] if one["customer_id"] == customer)
    page = live(f"/cases/{case['id']}")
    expect(page.locator("main")).to_contain_text("nobody <b>answers</b>")
    wait_until(lambda: loop.cards_behind() == 0, 60, lambda: "the card is not posted")
    began = time.monotonic()
    page.locator("#do-acknowledge").click()
    expect(page.locator("#history")).to_contain_text("Ana Ribeiro acknowledged")
    measured("the page after a click on it", began)
    (card,) = (one for one in loop.http.get(f"/v1/cases/{case['id']}").json()["slack"] if one["surface"] == "channel")
    slack = open_page(f"{loop.sandbox_url}/#/{card['channel']}")
    message = slack.locator(".message", has_text=f"C-{case['id']}").first
    expect(message).to_contain_text("Ana Ribeiro")
    message.get_by_role("button", name="Contacted…").click()
    dialog = slack.get_by_role("dialog")
    dialog.get_by_text("Phone").click()
    began = time.monotonic()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#history")).to_contain_text("from Slack")
    measured("the page after a click in Slack", began)
    expect(inbox.locator("main")).to_contain_text("contacted")
    context.close()
    assert errors == []
    with capsys.disabled():
        told = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in took.items())
        print(f"\n{told}")  # noqa: T201 - a figure for whoever runs it
