"""Walks through everything that an employee can see, in a real browser, and stops at each thing to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from closeloop.sandbox import Click, Fault, FaultKind
from schemas.card_actions import RESOLVE_ALL, CardValue
from schemas.tables import CaseRow
from tests.screens.cases import Cases
from tests.screens.stage import ABSENT, CHANNEL, COLLEAGUE, IDS, LEAD, OTHER, OWNER, STRANGER, Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Theme = Literal["light", "dark"]
Look = Callable[[str, "Page", "Locator | None"], None]
"""Takes the name of what is on the screen, the page, and the part of it that is meant (``None``: all of it)."""

Size = tuple[int, int]
"""Width and height of a window, in pixels."""
DESKTOP: Size = (1280, 800)
PHONE: Size = (375, 812)
TALL: Size = (1280, 2600)
THEMES: tuple[Theme, ...] = ("light", "dark")


class Walk:
    """One browser in front of a stage."""

    def __init__(self, stage: Stage, cases: Cases, browser: Browser, look: Look, *, briefly: bool = False) -> None:
        self.stage = stage
        self.cases = cases
        self._browser = browser
        self._look = look
        self._briefly = briefly
        """Without what differs from something else in its colours or its width alone."""
        self.problems: list[str] = []
        """What the browser complained of: errors of scripts, and requests that failed."""

    @contextmanager
    def page(self, user: str, size: Size = DESKTOP, theme: Theme = "light") -> Iterator[Page]:
        """A page of its own, acting as this Slack user."""
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme, device_scale_factor=1
        )
        context.add_init_script(f"if (location.origin !== 'null') localStorage.setItem('sandbox.me', '{user}')")
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        try:
            yield page
        finally:
            context.close()

    def open(self, page: Page, place: str) -> None:
        """Go to a conversation or to Home, and wait until it is drawn."""
        page.goto("about:blank")
        page.goto(f"{self.stage.slack.url}/#/{place}")
        page.wait_for_selector("body[data-ready]")

    def cards(self) -> None:
        """Each card: in the channel, and in the owner's direct messages where it says something else there."""
        with self.page(IDS[OWNER]) as page:
            self.open(page, CHANNEL)
            for name, case in self.cases.ids.items():
                if name in ("diverted", "plain") or not name.startswith(("night", "burst")):
                    _, ts = self.stage.place(case, "channel")
                    self._row(page, f"card {name}", ts)
            channel = self.stage.place(self.cases.ids["handed over"], "dm")[0]
            self.open(page, channel)
            for name in ("open high", "acknowledged", "contacted", "metric recovered", "handed over", "taken over"):
                _, ts = self.stage.place(self.cases.ids[name], "dm", f"person:{OWNER}")
                self._row(page, f"dm {name}", ts)
            short = [message for message in self.stage.messages(OWNER) if not message.get("blocks")]
            for number, message in enumerate(short):
                self._row(page, f"short {number}", message["ts"])

    def digest(self) -> None:
        """The morning's list."""
        with self.page(IDS[LEAD]) as page:
            self.open(page, str(self.stage.messages(LEAD)[0]["channel"]))
            listed = next(m for m in self.stage.messages(LEAD) if "digest" in str(m.get("blocks")))
            self._row(page, "digest", listed["ts"])

    def lists(self) -> None:
        """The list of an incident: in the channel, in its owner's messages, and the dialog that resolves all of it."""
        with self.page(IDS[COLLEAGUE]) as page:
            for name, destination in (("channel", self.stage.words.channel), ("own", f"person:{COLLEAGUE}")):
                conversation, ts = self.stage.list_of_incident(destination)
                self.open(page, conversation)
                self._row(page, f"incident {name}", ts)
                page.locator(f'#list [data-ts="{ts}"] [data-action="{RESOLVE_ALL}"] button').click()
                dialog = page.locator("dialog#modal[open]")
                dialog.wait_for()
                self._look(f"dialog resolve all {name}", page, dialog)
                page.keyboard.press("Escape")
                dialog.wait_for(state="detached")

    def overview(self) -> None:
        """The screen as a whole: the channel and the direct messages, also on a phone and in the dark."""
        dm = self.stage.place(self.cases.ids["handed over"], "dm")[0]
        for theme in THEMES[:1] if self._briefly else THEMES:
            for device, size in (("phone", PHONE),) if self._briefly else (("phone", PHONE), ("desktop", DESKTOP)):
                with self.page(IDS[OWNER], size, theme) as page:
                    for place, name in ((CHANNEL, "channel"), (dm, "messages")):
                        self.open(page, place)
                        page.evaluate("document.querySelector('#list').scrollTop = 300")
                        self._look(f"{name} {device} {theme}", page, None)

    def homes(self) -> None:
        """App Home: with much to do, empty, with working hours, and of somebody whom loop.yaml does not know."""
        homes: tuple[tuple[str, str, Size, Theme], ...] = (
            ("busy phone", IDS[OWNER], PHONE, "dark"),
            ("busy", IDS[OWNER], TALL, "light"),
            ("away", IDS[ABSENT], DESKTOP, "light"),
            ("hours", IDS[LEAD], DESKTOP, "dark"),
            ("stranger", STRANGER, DESKTOP, "light"),
        )
        for name, user, size, theme in homes[:1] if self._briefly else homes:
            with self.page(user, size, theme) as page:
                self.open(page, "home")
                page.locator(".home").wait_for(timeout=20_000)
                self._look(f"home {name}", page, None)

    def dialogs(self) -> None:
        """Each dialog, as it opens and with what it refuses."""
        with self.page(IDS[OWNER]) as page:
            self.open(page, CHANNEL)
            self._dialog(page, "open", "case.resolve", "resolve", self._send)
            self._dialog(page, "open", "case.contact", "contact", self._contact_in_the_past)
            self._dialog(page, "open", "case.snooze", "snooze", self._snooze_in_the_past, option="pick")
            self._dialog(page, "open", "case.more", "reassign", self._reassign_to_the_absent, option="reassign")
            self._dialog(page, "dismissed", "case.reopen", "reopen", self._blank)
            self._dialog(page, "long", "case.more", "answer", option="answer")
            self._dialog(page, "open high", "case.more", "why", option="why")
            self._dialog(page, "metric recovered", "case.more", "why metric", option="why")
        with self.page(IDS[LEAD]) as page:
            self.open(page, CHANNEL)
            self._dialog(page, "open", "case.more", "dismiss", self._blank, option="dismiss")
            self._dialog(page, "metric", "case.more", "dismiss metric", option="dismiss")
            self._dialog(page, "open", "case.more", "silence", option="silence")
            self._dialog(page, "acknowledged", "case.more", "take over", option="acknowledge")
        others: tuple[tuple[Theme, Size], ...] = (("dark", DESKTOP), ("light", PHONE))
        for theme, size in () if self._briefly else others:
            with self.page(IDS[OWNER], size, theme) as page:
                self.open(page, CHANNEL)
                self._dialog(page, "open", "case.contact", f"contact {theme} {size[0]}")
                self._dialog(page, "open", "case.resolve", f"resolve {theme} {size[0]}")

    def refusals(self) -> None:
        """What is told to one person alone: who was late, who may not, whom nobody knows."""
        with self.page(IDS[OTHER]) as page:
            self.open(page, CHANNEL)
            self._click(IDS[OTHER], "acknowledged", "contact")
            self._click(IDS[OTHER], "open", "acknowledge")
            self._click(IDS[OTHER], "open", "dismiss", more=True)
            self._click(IDS[OTHER], "taken over", "resolve")
            self._told(page, "refused other", 4)
        with self.page(STRANGER) as page:
            self.open(page, CHANNEL)
            self._click(STRANGER, "open", "acknowledge")
            self._told(page, "refused stranger", 1)
        late = Fault(kind=FaultKind.RATELIMITED, method="chat.update", times=4, retry_after=2)
        with self.page(IDS[OWNER]) as page:
            self.open(page, CHANNEL)
            self.stage.slack.add_fault(late)  # so that the card still offers what is gone
            self._click(IDS[COLLEAGUE], "open", "acknowledge")
            self._click(IDS[OWNER], "open", "acknowledge")
            self._told(page, "refused late", 1)

    def _click(self, user: str, name: str, action: str, *, version: int | None = None, more: bool = False) -> None:
        case = self.cases.ids[name]
        _, ts = self.stage.place(case, "channel")
        with self.stage.parts.readers() as session:
            seen = version or session.get_one(CaseRow, case).version
        value = CardValue(case, seen, action=action if more else None)
        click = Click(
            user=user, action_id="case.more" if more else f"case.{action}", channel=CHANNEL, ts=ts, value=value.encode()
        )
        self.stage.slack.run(self.stage.slack.sandbox.people.click(click))

    def _told(self, page: Page, name: str, number: int) -> None:
        rows = page.locator("#list .ephemeral")
        rows.nth(number - 1).wait_for()
        for at in range(number):
            self._look(f"{name} {at}", page, rows.nth(at))

    def _row(self, page: Page, name: str, ts: str) -> None:
        row = page.locator(f'#list [data-ts="{ts}"]')
        row.wait_for()
        self._look(name, page, row)

    def _dialog(
        self,
        page: Page,
        case: str,
        action: str,
        name: str,
        misfill: Callable[[Page, Locator], None] | None = None,
        option: str | None = None,
    ) -> None:
        _, ts = self.stage.place(self.cases.ids[case], "channel")
        control = page.locator(f'#list [data-ts="{ts}"] [data-action="{action}"]')
        if action == "case.snooze":
            wanted = control.locator("option").last.get_attribute("value")
            control.locator("select").select_option(wanted)
        elif option is not None:
            control.locator("button").first.click()
            index = _index_of(control, option)
            control.locator(".menu button").nth(index).click()
        else:
            control.locator("button").click()
        dialog = page.locator("dialog#modal[open]")
        dialog.wait_for()
        self._look(f"dialog {name}", page, dialog)
        if misfill is not None:
            misfill(page, dialog)
            dialog.locator(".error").first.wait_for()
            self._look(f"dialog {name} refused", page, dialog)
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")

    def _send(self, page: Page, dialog: Locator) -> None:
        dialog.locator("footer .primary").click()

    def _contact_in_the_past(self, page: Page, dialog: Locator) -> None:
        dialog.locator("[data-block=channel] input").first.check()
        dialog.locator("[data-block=note] textarea").fill(self.stage.words.note)
        dialog.locator("[data-block=follow_up] input").fill("2026-01-02T09:00")
        self._send(page, dialog)

    def _snooze_in_the_past(self, page: Page, dialog: Locator) -> None:
        dialog.locator("[data-block=until] input").fill("2026-01-02T09:00")
        self._send(page, dialog)

    def _reassign_to_the_absent(self, page: Page, dialog: Locator) -> None:
        dialog.locator("[data-block=owner] select").select_option(IDS[ABSENT])
        self._send(page, dialog)

    def _blank(self, page: Page, dialog: Locator) -> None:
        dialog.locator("[data-block=note] textarea").fill("   ")
        self._send(page, dialog)

    def everything(self) -> None:
        """All of it."""
        for part in (self.cards, self.digest, self.lists, self.overview, self.homes, self.dialogs, self.refusals):
            part()


def _index_of(control: Locator, option: str) -> int:
    """Where an entry stands in the menu; its label is in the reader's language, so its place is asked of the card."""
    values = control.locator(".menu button").evaluate_all("all => all.map((entry) => entry.dataset.value ?? '')")
    return next(index for index, value in enumerate(values) if f'"{option}"' in value)
