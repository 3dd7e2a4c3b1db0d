"""The client and its survey in Chromium, on a page of another origin under the policy that the docs tell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.gateway.serving import wait_until
from tests.javascript.conftest import Listening, Shop

pytestmark = pytest.mark.browser
DOCS = Path(__file__).parents[2] / "docs" / "emit" / "javascript.md"
NPS = {"metric": "nps", "customer_id": "c42", "touchpoint": "order.delivered"}
QUESTION = "How likely are you to recommend us to a friend or colleague?"


def policy(gateway: Listening) -> str:
    """The policy of the docs, for this gateway."""
    (told,) = re.findall(r"^Content-Security-Policy: (.*)$", DOCS.read_text(), re.MULTILINE)
    return str(told).replace("https://closeloop.example.com", gateway.url)


def asks(gateway: Listening, shop: Shop, survey: dict[str, object] | None, *, name: str, **page: str) -> str:
    """A page that makes a client and, if one is given, shows a survey; its address."""
    options = json.dumps({"url": gateway.url, "source": "/shop/web"})
    script = (
        f"window.told = []; const client = new closeloop.Closeloop({{...{options}, onProblem: p => told.push(p)}});"
    )
    script += "window.client = client;"
    if survey is not None:
        given = json.dumps({key: value for key, value in survey.items() if key != "into"})
        into = ", into: document.getElementById('here')" if survey.get("into") else ""
        script += f"window.survey = closeloop.showSurvey(client, {{...{given}{into}}});"
    head = f'<script src="{gateway.url}/client/closeloop.all.min.js"></script>'
    return shop.page(name, page.get("head", "") + head, script, page.get("policy", policy(gateway)))


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(**options)`: a page in a profile of its own. After the test: no script of it failed."""
    contexts: list[BrowserContext] = []
    failed: list[str] = []

    def open_one(**options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1000, "height": 700}, **options})
        contexts.append(context)
        context.on("page", lambda page: page.on("pageerror", lambda error: failed.append(str(error))))
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert failed == []


def test_by_mouse_the_score_goes_at_once_and_the_comment_revises_it(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.goto(asks(gateway, shop, {**NPS, "invitation": "order-1", "contact": True}, name="mouse"))
    assert page.evaluate("document.activeElement === document.body"), "the focus was taken"
    nine = page.get_by_role("radio", name="9", exact=True)
    nine.dblclick()
    expect(page.get_by_role("dialog")).to_contain_text("Thank you")
    wait_until(lambda: gateway.data() == [(9, None)])
    page.get_by_role("textbox", name="Would you like to tell us more?").fill("fast — é 好")
    page.get_by_role("checkbox", name="Please contact me").check()
    page.get_by_role("button", name="Send").dblclick()
    wait_until(lambda: len(gateway.events()) == 2)
    first, second = gateway.events()
    assert re.fullmatch(r"order-1:nps:[0-9a-z]{1,14}", first["id"])
    assert second["id"] == f"{first['id']}:2"
    assert (second["data"]["revises"], second["data"]["score"]) == (first["id"], 9)
    assert (second["data"]["comment"], second["data"]["contact_requested"]) == ("fast — é 好", True)
    assert (first["data"]["language"], first["data"]["channel"]) == ("en", "web")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    assert page.evaluate("survey.shown") is False, "who has answered is not asked again"
    assert page.evaluate("told") == []


def test_by_keyboard_alone(gateway: Listening, shop: Shop, visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto(asks(gateway, shop, {"metric": "csat", "customer_id": "c42"}, name="keyboard"))
    page.locator("#search").focus()
    page.keyboard.press("Tab")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.get_by_role("radio", checked=True)).to_have_value("3")
    page.wait_for_timeout(700)  # longer than events wait for each other
    assert gateway.events() == [], "arrow keys pass over scores"
    page.keyboard.press("Enter")
    wait_until(lambda: gateway.data() == [(3, None)])
    page.keyboard.press("Tab")
    page.keyboard.type("slow")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_until(lambda: gateway.data() == [(3, None), (3, "slow")])
    expect(page.get_by_role("status").first).to_have_text("Thank you for your answer!")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "search", "the focus goes back"


@pytest.mark.faults
def test_the_tree_of_a_screen_reader_says_it_all(gateway: Listening, shop: Shop, visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto(asks(gateway, shop, {"metric": "csat", "customer_id": "c42", "contact": True}, name="tree"))
    expect(page.get_by_role("status").last).to_have_text("How satisfied are you with us?")
    told = page.get_by_role("dialog").aria_snapshot()
    for line in (
        '- dialog "How satisfied are you with us?":',
        '- radiogroup "How satisfied are you with us?":',
        '- radio "1 – Very dissatisfied"',
        '- radio "3"',
        '- radio "5 – Very satisfied"',
        '- button "Close"',
    ):
        assert line in told, told
    assert told.count("- radio ") == 5
    page.get_by_role("radio", name="5 – Very satisfied").press("Space")
    wait_until(lambda: gateway.data() == [(5, None)])


@pytest.mark.faults
@pytest.mark.parametrize(
    ("scheme", "language"), [("light", "en"), ("dark", "de"), ("light", "ar")], ids=["light", "dark", "arabic"]
)
def test_on_a_phone_nobody_is_kept_out(
    gateway: Listening, shop: Shop, visit: Callable[..., Page], scheme: str, language: str
) -> None:
    page = visit(viewport={"width": 360, "height": 640}, color_scheme=scheme, reduced_motion="reduce")
    head = '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    page.goto(asks(gateway, shop, {**NPS, "contact": True, "language": language}, name="phone", head=head))
    page.get_by_role("radio").nth(4).click()
    expect(page.get_by_role("textbox").last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    boxes = [one.bounding_box() for one in page.get_by_role("dialog").locator("button, .scale label").all()]
    assert len(boxes) == 13
    for box in boxes:
        assert box is not None
        assert box["width"] >= 44
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    rows = {box["y"] for box in boxes[:11] if box is not None}
    assert len(rows) == 2
    first, second = boxes[:2] if language != "ar" else (boxes[1], boxes[0])
    assert first["x"] < second["x"]
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


@pytest.mark.faults
def test_offline_the_answer_waits_over_a_reload_and_goes_once(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    address = asks(gateway, shop, {**NPS, "invitation": "order-2", "into": True}, name="offline")
    page.goto(address)
    page.context.set_offline(True)
    page.get_by_role("radio", name="4", exact=True).click()
    page.get_by_role("textbox", name="Would you like").fill("no signal")
    page.get_by_role("button", name="Send").click()
    page.wait_for_timeout(700)
    assert page.evaluate("client.counts.waiting") == 2
    assert gateway.events() == []
    page.context.set_offline(False)
    wait_until(lambda: gateway.data() == [(4, None), (4, "no signal")])
    wait_until(lambda: page.evaluate("client.counts") == {
        "accepted": 2, "rejected": 0, "dropped": 0, "unconfirmed": 0, "waiting": 0,
    })  # fmt: skip
    page.reload()
    page.wait_for_timeout(700)
    assert len(gateway.events()) == 2


@pytest.mark.faults
def test_a_gateway_that_is_away_gets_it_from_the_next_page(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    gateway.kafka.away = True
    page.goto(asks(gateway, shop, None, name="away"))
    page.evaluate("client.touchpoint({customer_id: 'c1', touchpoint: 'page.seen'}, {id: 'kept'})")
    wait_until(lambda: page.evaluate("client.flush().then(counts => counts.waiting)") == 1)
    page.goto("about:blank")
    gateway.kafka.away = False
    page.goto(asks(gateway, shop, None, name="back"))
    wait_until(lambda: [event["id"] for event in gateway.events()][-1:] == ["kept"])
    wait_until(lambda: page.evaluate("client.counts.waiting") == 0)


@pytest.mark.faults
@pytest.mark.parametrize("own_origin", [False, True], ids=["keepalive", "beacon"])
def test_what_a_page_emits_as_it_closes_arrives(
    gateway: Listening, shop: Shop, visit: Callable[..., Page], own_origin: bool
) -> None:
    page = visit()
    if own_origin:
        body = '<script src="/client/closeloop.min.js"></script>'
        page.route(f"{gateway.url}/shop", lambda route: route.fulfill(body=body, content_type="text/html"))
        page.goto(f"{gateway.url}/shop")
        page.evaluate(
            "window.client = new closeloop.Closeloop({url: location.origin, source: '/own', flushAfter: 60000})"
        )
        page.evaluate("navigator.sendBeacon = new Proxy(navigator.sendBeacon, {apply: (send, _, given) => {"
                      "localStorage.beacons = 1; return send.apply(navigator, given); }})")  # fmt: skip
    else:
        page.goto(asks(gateway, shop, None, name="closing"))
    page.evaluate("client.touchpoint({customer_id: 'c1', touchpoint: 'page.left'}, {id: 'left'})")
    page.goto(f"{gateway.url}/healthz")
    wait_until(lambda: "left" in [event["id"] for event in gateway.events()])
    if own_origin:
        assert page.evaluate("localStorage.beacons") == "1"


@pytest.mark.faults
def test_two_tabs_with_the_same_question_count_once(gateway: Listening, shop: Shop, visit: Callable[..., Page]) -> None:
    one = visit()
    address = asks(gateway, shop, {**NPS, "invitation": "order-3"}, name="tabs")
    one.goto(address)
    two = one.context.new_page()
    two.goto(address)
    one.get_by_role("radio", name="3", exact=True).click()
    wait_until(lambda: len(gateway.events()) == 1)
    two.get_by_role("radio", name="8", exact=True).click()
    wait_until(lambda: len(gateway.events()) == 2)
    first, second = gateway.events()
    assert second["data"]["revises"] == first["id"]


@pytest.mark.faults
def test_whoever_closes_it_is_not_asked_again_and_the_host_may_close_it_too(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.goto(asks(gateway, shop, {**NPS, "invitation": "order-5"}, name="declined"))
    page.evaluate("survey.close()")
    page.reload()
    expect(page.get_by_role("dialog")).to_have_count(1)  # the page closed it, not the person
    page.get_by_role("button", name="Close").click()
    page.reload()
    assert page.evaluate("survey.shown") is False
    page.goto(asks(gateway, shop, {**NPS, "invitation": "order-6"}, name="next"))
    page.get_by_role("radio", name="3", exact=True).focus()
    page.keyboard.press("Escape")
    page.reload()
    assert page.evaluate("survey.shown") is False
    assert gateway.events() == []


@pytest.mark.faults
def test_one_invitation_of_a_campaign_is_asked_of_every_customer_and_counts_for_each(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    for number, customer in enumerate(("ana@example.com", "bob@example.com", "c1", "c2"), 1):
        page.goto(asks(gateway, shop, {**NPS, "customer_id": customer, "invitation": "2026-q4"}, name="campaign"))
        page.get_by_role("radio", name="3", exact=True).click()
        wait_until(lambda number=number: len(gateway.events()) == number)
    assert len({event["id"] for event in gateway.events()}) == 4
    assert "example.com" not in "".join(event["id"] for event in gateway.events())
    assert "example.com" not in page.evaluate("Object.keys(localStorage).join()")
    page.reload()
    assert page.evaluate("survey.shown") is False


@pytest.mark.faults
def test_one_question_at_a_time_stands_in_the_corner(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.goto(asks(gateway, shop, NPS, name="once"))
    again = f"closeloop.showSurvey(client, {json.dumps(NPS)}).shown"
    assert page.evaluate(again) is False
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.evaluate("survey.close()")
    assert page.evaluate(again) is True


@pytest.mark.faults
def test_an_answer_that_is_no_event_is_not_taken_for_given(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.goto(asks(gateway, shop, None, name="wrong"))
    for wrong in ({"customer_id": ""}, {"customer_id": 17}, {"metric": "toString"}, {"metric": "mood"}):
        assert page.evaluate(f"closeloop.showSurvey(client, {json.dumps({**NPS, **wrong})}).shown") is False, wrong
    assert page.evaluate(f"closeloop.showSurvey({{}}, {json.dumps(NPS)}).shown") is False
    refusing = json.dumps({**NPS, "invitation": "order-7"})
    page.evaluate(f"window.survey = closeloop.showSurvey({{response: () => ''}}, {refusing})")
    page.get_by_role("radio", name="3", exact=True).click()
    page.evaluate("survey.close()")
    page.evaluate(f"window.survey = closeloop.showSurvey(client, {refusing})")
    assert page.evaluate("survey.shown") is True
    page.get_by_role("radio", name="4", exact=True).click()
    wait_until(lambda: gateway.data() == [(4, None)])
    assert "revises" not in gateway.events()[0]["data"]


@pytest.mark.faults
def test_what_the_host_and_its_customers_do_wrong_holds_no_answer_up(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.goto(asks(gateway, shop, None, name="faults"))
    page.evaluate(
        f"closeloop.showSurvey(client, {{...{json.dumps(NPS)}, language: 'x'.repeat(60),"
        "onAnswer() { throw new Error('of the host') }, async onClose() { throw new Error('of the host') }})"
    )
    # An arrow key that came up somewhere else is no reason to wait for more.
    page.get_by_role("radio", name="5", exact=True).dispatch_event("keydown", {"key": "ArrowRight"})
    page.get_by_role("radio", name="6", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Thank you")
    comment = page.get_by_role("textbox", name="Would you like")
    comment.evaluate("(it) => { it.value = 'half \\ud83d of it' }")
    comment.dispatch_event("keydown", {"key": "Escape", "isComposing": True})
    page.get_by_role("button", name="Send").click()
    wait_until(lambda: gateway.data() == [(6, None), (6, "half \ufffd of it")])
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_timeout(100)
    assert page.evaluate("told") == []


@pytest.mark.faults
def test_neither_the_page_nor_the_colours_of_the_system_undo_how_it_looks(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit(forced_colors="active", viewport={"width": 360, "height": 640})
    head = '<link rel="stylesheet" href="/loud.css">'
    page.route("**/loud.css", lambda route: route.fulfill(
        content_type="text/css",
        body="body { text-transform: uppercase; letter-spacing: 3px; white-space: nowrap; cursor: wait } "
        "div { padding: 30px; border: 2px solid red; transform: scale(1.1) }",
    ))  # fmt: skip
    page.goto(asks(gateway, shop, {**NPS, "language": "ar"}, name="loud", head=head))
    legend = page.locator("legend").evaluate("""(it) => {
        const { textTransform, letterSpacing, whiteSpace, cursor } = getComputedStyle(it);
        return [textTransform, letterSpacing, whiteSpace, cursor];
    }""")
    assert legend == ["none", "normal", "normal", "auto"]
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (16, 328)
    close = page.locator("button.close")
    place = close.bounding_box()
    assert place is not None
    within = {"x": place["x"] + 8, "y": place["y"] + 8, "width": place["width"] - 16, "height": place["height"] - 16}
    drawn = page.screenshot(clip=within)  # without the border
    close.evaluate("(it) => { it.style.visibility = 'hidden' }")
    assert page.screenshot(clip=within) != drawn
    close.evaluate("(it) => { it.style.visibility = '' }")
    page.get_by_role("radio").nth(4).click()
    send = page.locator("button.send")
    assert send.evaluate("(it) => getComputedStyle(it).borderTopStyle") == "solid"
    send.click()
    said = page.locator(".said.last")
    expect(said).not_to_be_empty()
    right = said.evaluate("""(it) => {
        const range = document.createRange();
        range.selectNodeContents(it);
        return range.getBoundingClientRect().right;
    }""")
    assert abs(box["x"] + box["width"] - 17 - right) < 2, "where an Arabic line begins"


def test_a_policy_without_the_gateway_in_script_src_blocks_it_and_leaves_the_page_alone(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    head = f'<script src="{gateway.url}/client/closeloop.min.js"></script>'
    page.goto(shop.page("noscript", head, "window.there = typeof closeloop", "default-src 'self'"))
    assert page.evaluate("there") == "undefined"
    app, survey = re.findall(
        r"^```js\n((?:// app.js|closeloop.showSurvey).*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL
    )
    app = app.replace("https://closeloop.example.com", gateway.url)
    page.goto(shop.page("script", head, app + survey, policy(gateway)))
    expect(page.get_by_role("dialog")).to_be_visible()
    wait_until(lambda: len(gateway.events()) == 2)
    assert [event["source"] for event in gateway.events()] == ["/shop/web", "/shop/web"]


@pytest.mark.faults
def test_a_policy_without_the_gateway_in_connect_src_loses_no_answer(
    gateway: Listening, shop: Shop, visit: Callable[..., Page]
) -> None:
    page = visit()
    wrong = re.sub(r"; connect-src.*", "", policy(gateway))
    assert wrong != policy(gateway)
    page.goto(asks(gateway, shop, {**NPS, "invitation": "order-4"}, name="blocked", policy=wrong))
    page.get_by_role("radio", name="1", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Thank you")
    page.wait_for_timeout(1200)
    assert page.evaluate("client.counts.waiting") == 1
    assert gateway.events() == []
    page.goto(asks(gateway, shop, {**NPS, "invitation": "order-4"}, name="allowed"))
    wait_until(lambda: gateway.data() == [(1, None)])


def test_the_page_needs_no_script_and_keeps_nobody_out(gateway: Listening, visit: Callable[..., Page]) -> None:
    link = gateway.url + gateway.link(language="he")
    looked = visit(viewport={"width": 360, "height": 640}, color_scheme="dark")
    looked.goto(link)
    found = Axe().run(looked, options={"preload": False}).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert looked.evaluate("document.documentElement.scrollWidth") <= 360
    assert gateway.events() == []
    page = visit(java_script_enabled=False)
    page.goto(link)
    page.get_by_role("radio", name="6", exact=True).check(force=True)
    page.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("תודה על התשובה!")
    page.get_by_role("textbox").first.fill("לאט")
    page.get_by_role("button").first.click()
    expect(page.locator("details")).to_have_count(1)
    page.reload()
    assert gateway.data() == [(6, None), (6, "לאט")]
