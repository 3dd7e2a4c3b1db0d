"""The page in a real browser: cards, clicks, dialogs, threads, Home, live updates, and text that must stay text."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from slack_sdk import WebClient

from closeloop.sandbox import Fault, FaultKind, Sandbox, Settings, ThreadedSandbox, in_thread
from tests.sandbox.app import App, serving
from tests.sandbox.blocks import actions, button, card, mrkdwn, plain, section
from tests.sandbox.conftest import SEED

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

pytestmark = pytest.mark.browser


class Stage:
    def __init__(self, app: App, sandbox: ThreadedSandbox, page: Page) -> None:
        self.app, self.sandbox, self.page = app, sandbox, page
        self.client = app.client

    def post(self, text: str = "card", channel: str = "C0CARDS", **more: Any) -> str:
        posted = self.client.chat_postMessage(channel=channel, text=text, **more)
        self.app.card = (posted["channel"], posted["ts"])
        return str(posted["ts"])

    def open(self, place: str = "C0CARDS") -> Page:
        self.page.goto(f"{self.sandbox.url}/#/{place}")
        self.page.wait_for_selector("body[data-ready]")
        return self.page

    def received(self, kind: str) -> dict[str, Any]:
        """Wait until the app has got a payload of this type; the last of them."""
        deadline = time.monotonic() + 30
        while not any(payload["type"] == kind for payload in self.app.payloads):
            assert time.monotonic() < deadline, f"no {kind} arrived"
            self.page.wait_for_timeout(20)
        return [payload for payload in self.app.payloads if payload["type"] == kind][-1]

    def row(self, ts: str) -> Any:
        return self.page.locator(f'#list [data-ts="{ts}"]')


@pytest.fixture
def stage(browser_page: Page) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        app = stack.enter_context(serving())
        settings = Settings(pace=0, interactions_url=app.url, ack_seconds=30, trigger_seconds=60)
        sandbox = stack.enter_context(in_thread(Sandbox(settings, SEED)))
        app.client = WebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
        wrong: list[str] = []
        browser_page.on("pageerror", lambda error: wrong.append(str(error)))
        yield Stage(app, sandbox, browser_page)
        browser_page.goto("about:blank")
        assert wrong == []


def test_a_click_updates_the_card_in_place(stage: Stage) -> None:
    ts = stage.post(blocks=card())
    page = stage.open()
    page.get_by_role("button", name="I'm on it").click()
    page.get_by_text("🟡 on it: Ana").wait_for()
    assert page.locator("#list article").count() == 1
    assert "updated" in (stage.row(ts).get_attribute("class") or "")
    (payload,) = stage.app.payloads
    assert payload["user"]["id"] == "U0ANA"
    assert payload["actions"][0]["value"] == "A-1"


def test_a_dialog_is_filled_refused_corrected_and_closes_the_card(stage: Stage) -> None:
    stage.post(blocks=card())
    page = stage.open()
    page.get_by_role("button", name="Resolve…").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="Resolve", exact=True).click()
    dialog.get_by_text("Please complete this required field.").first.wait_for()
    assert dialog.locator(".invalid").count() == 2
    dialog.locator("select").select_option("late")
    dialog.locator("textarea").fill("ok")
    dialog.locator("input[type=datetime-local]").fill("2027-01-15T09:30")
    dialog.get_by_role("button", name="Resolve", exact=True).click()
    dialog.get_by_text("Please say a little more.").wait_for()
    assert dialog.locator("select").input_value() == "late", "what was typed is still there"
    dialog.locator("textarea").fill("refunded and called")
    dialog.get_by_role("button", name="Resolve", exact=True).click()
    page.get_by_text("resolved").wait_for()
    dialog.wait_for(state="detached")
    values = stage.app.payloads[-1]["view"]["state"]["values"]
    assert values["cause"]["c"]["selected_option"]["value"] == "late"
    assert values["note"]["n"]["value"] == "refunded and called"
    # 2027-01-15 09:30 in Sao Paulo (UTC-3, no summer time) is 12:30 UTC
    assert values["when"]["w"]["selected_date_time"] == 1800016200


def test_dates_are_in_the_language_of_whoever_reads(stage: Stage) -> None:
    now = int(time.time())
    ts = stage.post(f"until <!date^{now}^{{date_short_pretty}}|x> and <!date^1800000000^{{date_short}}|y>")
    for user, said in (("U0ANA", "until today and Jan 15, 2027"), ("U0BOB", "until heute and 15. Jan. 2027")):
        language = "de-DE" if user == "U0BOB" else "en-US"
        stage.sandbox.run(_changed(stage, user, language))
        stage.page.goto(stage.sandbox.url)
        stage.page.evaluate(f"localStorage.setItem('sandbox.me', '{user}')")
        stage.page.goto("about:blank")
        stage.open()
        assert said in stage.row(ts).inner_text()


async def _changed(stage: Stage, user: str, language: str) -> None:
    workspace = stage.sandbox.sandbox.core.workspace
    workspace.put_user(msgspec.structs.replace(workspace.users[user], locale=language))


def test_the_keyboard_is_enough(stage: Stage) -> None:
    stage.post(blocks=card())
    page = stage.open()
    page.get_by_role("button", name="More actions").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert stage.received("block_actions")["actions"][0]["selected_option"]["value"] == "dismiss"
    page.get_by_role("button", name="Resolve…").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert not stage.sandbox.state()["modals"]


def test_an_app_that_does_not_answer_leaves_a_warning_sign(stage: Stage) -> None:
    stage.post(blocks=card())
    page = stage.open()
    stage.sandbox.add_fault(Fault(kind=FaultKind.DROP_BEFORE, method="interaction"))
    page.get_by_role("button", name="I'm on it").click()
    sign = page.locator(".failed")
    sign.wait_for()
    assert "lost" in (sign.get_attribute("data-problem") or "")


def test_text_of_strangers_stays_text(stage: Stage) -> None:
    ts = stage.post(
        "<img src=x onerror=alert(1)> <javascript:alert(1)|click> &lt;script&gt;alert(2)&lt;/script&gt; "
        "<https://ok.example/?a=1&amp;b=2|a *link*> &amp;lt;"
    )
    alerts: list[str] = []

    def alerted(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    stage.page.on("dialog", alerted)
    stage.open()
    row = stage.row(ts)
    assert row.locator("img, script").count() == 0
    assert row.locator("a").count() == 1
    assert row.locator("a").get_attribute("href") == "https://ok.example/?a=1&b=2"
    assert "<script>alert(2)</script>" in row.inner_text()
    assert "&lt;" in row.inner_text(), "an entity is undone once, not twice"
    assert alerts == []


def test_bare_addresses_are_links_unless_the_text_is_verbatim(stage: Stage) -> None:
    said = mrkdwn("see https://a.example/x now")
    stage.post(blocks=[section(block_id="loose") | {"text": said}])
    stage.post(blocks=[section(block_id="tight") | {"text": {**said, "verbatim": True}}])
    ts = stage.post("see https://b.example", parse="none")
    stage.open()
    links = {name: stage.page.locator(f"[data-block={name}] a").count() for name in ("loose", "tight")}
    assert links == {"loose": 1, "tight": 0}
    assert stage.row(ts).locator(".b-text a").count() == 0


def test_mrkdwn(stage: Stage) -> None:
    ts = stage.post(
        "*bold* _it_ ~del~ `a &lt; *b*` 2*3*4 snake_case_name :tada: :nope: <@U0BOB> <#C0CARDS> <!channel>\n"
        ">quoted *x*\nafter\n```pre *raw*\nline```<!date^1800016200^{date_num} {time}|then>"
    )
    stage.open()
    row = stage.row(ts).locator(".b-text")
    texts = {tag: row.locator(tag).all_inner_texts() for tag in ("strong", "em", "del", "code", "blockquote", "pre")}
    assert texts == {
        "strong": ["bold", "x"],
        "em": ["it"],
        "del": ["del"],
        "code": ["a < *b*"],
        "blockquote": ["quoted x"],
        "pre": ["pre *raw*\nline"],
    }
    shown = row.inner_text()
    for part in ("2*3*4", "snake_case_name", "🎉", ":nope:", "@Bob Meyer", "#unhappy-customers", "@channel"):
        assert part in shown, part
    assert row.locator("time").inner_text() == "2027-01-15 09:30", "in the reader's own zone"


def test_plain_text_knows_no_markup(stage: Stage) -> None:
    ts = stage.post(blocks=[{"type": "header", "text": plain("*a* <@U0ANA> :tada:")}, section("x")])
    stage.open()
    assert stage.row(ts).locator("h3").inner_text() == "*a* <@U0ANA> 🎉"


def test_threads(stage: Stage) -> None:
    ts = stage.post(blocks=card())
    page = stage.open()
    stage.client.chat_postMessage(channel="C0CARDS", thread_ts=ts, text="who takes it?")
    page.get_by_role("button", name=re.compile("1 reply")).click()
    thread = page.locator("#thread")
    thread.get_by_text("who takes it?").wait_for()
    thread.locator("textarea").fill("me & <you>")
    page.keyboard.press("Enter")
    thread.get_by_text("me & <you>").wait_for()
    page.get_by_role("button", name=re.compile("2 replies")).wait_for()
    replies = stage.client.conversations_replies(channel="C0CARDS", ts=ts)["messages"]
    assert (replies[2]["text"], replies[2]["user"]) == ("me &amp; &lt;you&gt;", "U0ANA")
    assert page.locator("#list article").count() == 1, "replies stay in the thread"


def test_everybody_sees_what_is_theirs(stage: Stage) -> None:
    stage.open()
    page = stage.page
    stage.post("hello Bob", channel="U0BOB")
    stage.client.chat_postEphemeral(channel="C0CARDS", user="U0BOB", text="Ana took it")
    stage.post("last")
    page.get_by_text("last", exact=True).wait_for()
    assert page.get_by_text("Ana took it").count() == 0
    assert page.locator("#nav .badge").count() == 0, "Bob's direct messages are not Ana's"
    page.get_by_label("Act as").select_option(label="Bob Meyer")
    page.get_by_text("Only visible to you").wait_for()
    assert page.locator("#nav .badge.urgent").inner_text() == "1"
    page.locator("#nav a", has_text="closeloop").first.click()
    page.get_by_text("hello Bob").wait_for()
    page.wait_for_function("!document.querySelector('#nav .badge')")


def test_home(stage: Stage) -> None:
    page = stage.open("home")
    page.get_by_text("has not published a Home tab").wait_for()
    blocks = [
        section("*3 open*", accessory=button("all", "Show all")),
        {"type": "divider"},
        actions(button("mute", "Mute")),
    ]
    stage.client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": blocks})
    page.get_by_role("button", name="Mute").click()
    assert stage.received("block_actions")["view"]["type"] == "home"


def test_inputs_of_every_kind_reach_the_app(stage: Stage) -> None:
    choice = [{"text": plain(name), "value": name.lower()} for name in ("Phone", "Mail")]
    elements: dict[str, dict[str, Any]] = {
        "radio": {"type": "radio_buttons", "options": choice},
        "check": {"type": "checkboxes", "options": choice},
        "user": {"type": "users_select"},
        "date": {"type": "datepicker"},
        "time": {"type": "timepicker"},
        "text": {"type": "plain_text_input"},
    }
    blocks = [
        {"type": "input", "block_id": name, "label": plain(name), "element": {**element, "action_id": "x"}}
        for name, element in elements.items()
    ]
    view = {"type": "modal", "title": plain("All"), "submit": plain("Send"), "blocks": blocks}
    stage.post(blocks=card())
    page = stage.open()
    stage.app.listens_only = True
    page.get_by_role("button", name="Resolve…").click()
    stage.client.views_open(trigger_id=stage.received("block_actions")["trigger_id"], view=view)
    dialog = page.locator("dialog[open]")
    dialog.locator("[data-block=radio]").get_by_label("Mail").check()
    dialog.locator("[data-block=check]").get_by_label("Phone").check()
    dialog.locator("[data-block=user] select").select_option(label="Bob Meyer")
    dialog.locator("[data-block=date] input").fill("2027-02-03")
    dialog.locator("[data-block=time] input").fill("14:05")
    dialog.locator("[data-block=text] input").fill("hello")
    dialog.get_by_role("button", name="Send").click()
    dialog.wait_for(state="detached")
    values = {block: state["x"] for block, state in stage.app.payloads[-1]["view"]["state"]["values"].items()}
    assert values["radio"]["selected_option"]["value"] == "mail"
    assert [option["value"] for option in values["check"]["selected_options"]] == ["phone"]
    assert values["user"]["selected_user"] == "U0BOB"
    assert values["date"]["selected_date"] == "2027-02-03"
    assert values["time"]["selected_time"] == "14:05"
    assert values["text"]["value"] == "hello"


def test_confirm_asks_first(stage: Stage) -> None:
    confirm = {"title": plain("Sure?"), "text": mrkdwn("*Really?*"), "confirm": plain("Yes"), "deny": plain("No")}
    stage.post(blocks=[actions(button("drop", "Dismiss", style="danger", confirm=confirm))])
    page = stage.open()
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="No").click()
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Yes").click()
    stage.received("block_actions")
    assert [payload["actions"][0]["action_id"] for payload in stage.app.payloads] == ["drop"]


def test_long_channels_are_loaded_by_pages_and_linked_into(stage: Stage) -> None:
    stamps = [stage.post(f"number {n}.") for n in range(250)]
    page = stage.open()
    assert page.locator("#list article").count() == 100
    assert page.get_by_text("number 249.").is_visible()
    page.get_by_role("button", name="Load older messages").click()
    page.wait_for_function("document.querySelectorAll('#list article').length === 200")
    stage.post("and one more")
    page.get_by_text("and one more").wait_for()
    link = stage.client.chat_getPermalink(channel="C0CARDS", message_ts=stamps[3])["permalink"]
    page.goto("about:blank")
    page.goto(link)
    page.get_by_text("number 3.").wait_for()
    assert stage.row(stamps[3]).is_visible()


def test_nothing_is_fetched_from_elsewhere(stage: Stage) -> None:
    foreign: list[str] = []
    stage.page.on("request", lambda request: foreign.append(request.url))
    picture = {"type": "image", "image_url": "https://elsewhere.example/a.png", "alt_text": "a chart"}
    ts = stage.post(blocks=[picture, section("x", accessory=picture)])
    stage.open()
    assert "a chart" in stage.row(ts).inner_text()
    assert [url for url in foreign if not url.startswith((stage.sandbox.url, "data:"))] == []


def test_search_finds_words_and_people_and_leads_there(stage: Stage) -> None:
    ts = stage.post(blocks=card(quote="The parcel arrived *broken*"))
    stage.client.chat_postMessage(channel="C0CARDS", thread_ts=ts, text="<@U0BOB> the carrier again")
    stage.post("only for Bob: broken", channel="U0BOB")
    page = stage.open()
    page.keyboard.press("Control+k")
    page.keyboard.type("BROKEN parcel")
    page.keyboard.press("Enter")
    page.get_by_text("1 message for").wait_for()
    page.get_by_role("link", name="#unhappy-customers", exact=True).last.click()
    stage.row(ts).wait_for()
    page.locator("#query").fill("bob")
    page.keyboard.press("Enter")
    people = page.get_by_role("list", name="People")
    people.get_by_text("Bob Meyer").wait_for()
    people.get_by_role("link", name="Messages that name").click()
    page.get_by_text("1 message for").wait_for()
    page.get_by_role("link", name="in a thread").click()
    page.locator("#thread").get_by_text("the carrier again").wait_for()


def test_colours_follow_the_system_until_somebody_chooses(stage: Stage) -> None:
    page = stage.open()

    def is_dark() -> bool:
        shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return max(map(int, re.findall(r"\d+", shade))) < 60

    page.emulate_media(color_scheme="dark")
    assert is_dark()
    page.get_by_role("button", name="Colours: as the system").click()
    assert not is_dark(), "light was chosen"
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Colours: light").click()
    assert is_dark()
    page.reload()
    page.get_by_role("button", name="Colours: dark").wait_for()
    assert is_dark(), "the choice is remembered"


def test_a_phone_has_room_for_one_column(stage: Stage) -> None:
    ts = stage.post(blocks=card(quote="word " * 60))
    stage.client.chat_postMessage(channel="C0CARDS", thread_ts=ts, text="a reply")
    page = stage.page
    page.set_viewport_size({"width": 360, "height": 700})
    stage.open()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not page.locator("#nav").is_visible()
    page.get_by_role("button", name="Channels").click()
    page.locator("#nav a", has_text="closeloop Home").click()
    page.get_by_text("has not published a Home tab").wait_for()
    page.wait_for_function("getComputedStyle(document.querySelector('#sidebar')).visibility === 'hidden'")
    stage.open()
    page.get_by_role("button", name=re.compile("1 reply")).click()
    page.locator("#thread").get_by_text("a reply").wait_for()
    assert page.locator("#thread").bounding_box()["width"] <= 360  # type: ignore[index]  # it is visible
    page.keyboard.press("Escape")
    page.locator("#thread").wait_for(state="hidden")


def test_the_app_has_two_tabs_and_keys_lead_on(stage: Stage) -> None:
    stage.post("hello Ana", channel="U0ANA")
    page = stage.open("home")
    page.get_by_role("link", name="Messages", exact=True).click()
    page.get_by_text("hello Ana").wait_for()
    page.keyboard.press("Alt+ArrowDown")
    page.get_by_text("has not published a Home tab").wait_for()


def test_a_line_says_what_is_new_and_private_answers_stay_in_their_thread(stage: Stage) -> None:
    ts = stage.post("old")
    page = stage.open()
    page.goto(f"{stage.sandbox.url}/#/home")
    page.get_by_text("has not published a Home tab").wait_for()
    stage.post("fresh")
    page.locator("#nav .badge", has_text="1").wait_for()
    page.goto(f"{stage.sandbox.url}/#/C0CARDS")
    page.locator("#list .new").wait_for()
    assert page.locator("#list .new + article .b-text").inner_text() == "fresh"
    stage.client.chat_postMessage(channel="C0CARDS", thread_ts=ts, text="a reply")
    stage.client.chat_postEphemeral(channel="C0CARDS", user="U0ANA", thread_ts=ts, text="for Ana alone")
    page.get_by_role("button", name=re.compile("1 reply")).click()
    page.locator("#thread").get_by_text("for Ana alone").wait_for()
    assert page.locator("#list").get_by_text("for Ana alone").count() == 0
