"""The console's page about hooks, for admins and in both languages; letters of hooks on the page of the pipeline."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from gateway.console.pages.hooks import HooksAsked, HooksPage
from gateway.console.reader import Reader
from gateway.parts import now
from gateway.problems import Refusal
from tests.gateway.hooks import shop
from tests.gateway.hooks.conftest import Shop
from tests.gateway.hooks.test_deliveries import keep, letter


def reader(*rights: str) -> Reader:
    return Reader(language="en", theme="auto", rights=frozenset(rights), me=None, keyed=True)  # type: ignore[arg-type]


def test_the_page_is_for_admins(hooked: Shop) -> None:
    page = HooksPage()
    with pytest.raises(Refusal) as refused:
        page.look(hooked.parts, HooksAsked(), reader("read", "act"), now())
    assert refused.value.status == 403
    shown = page.look(hooked.parts, HooksAsked(hook="chat"), reader("read", "act", "admin"), now())
    assert [one.name for one in shown.hooks] == list(shop.loop().hooks)
    assert shown.chosen == "chat"


@pytest.mark.parametrize(("language", "said"), [("en", "Test this mapping"), ("ru", "Проверить сопоставление")])
def test_the_page_lists_the_hooks_and_what_came_in(hooked: Shop, language: str, said: str) -> None:
    hooked.send("form", shop.payload("typeform.json"))
    html = hooked.client.get(f"/hooks?language={language}").text
    assert said in html
    assert "/hooks/bricks_live" in html
    assert not any(secret in html for secret in shop.SECRETS.values())


def test_a_letter_of_a_hook_is_listed_on_the_page_of_the_pipeline(hooked: Shop) -> None:
    hooked.send("bricks", b"{broken")
    kept = keep(hooked, letter(hooked.letters()[0]))
    html = hooked.client.get(f"/pipeline?reason=not_json&origin=hooks/bricks&letter={kept}").text
    assert "hooks/bricks" in html
    assert "{broken" in html


@pytest.mark.browser
def test_a_mapping_is_tried_in_the_browser_and_markup_stays_text(hooked: Shop, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en")
    try:
        page = context.new_page()
        page.goto(str(hooked.client.base_url.join("/hooks?hook=form")))
        page.wait_for_selector("html[data-ready]")
        result = page.locator("[data-trial-result]")
        hostile = shop.changed("typeform.json", form_response__answers__3__text="<img src=x onerror=alert(1)>")
        page.get_by_label("What the tool sends").fill(hostile.decode())
        page.get_by_role("button", name="Test this mapping").click()
        expect(result.get_by_text("Events that would come: 3")).to_be_visible()
        expect(result.get_by_role("cell", name="<img src=x onerror=alert(1)>", exact=True)).to_be_visible()
        assert result.locator("img").count() == 0
        page.get_by_label("What the tool sends").fill(shop.changed("typeform.json", form_response__hidden={}).decode())
        page.get_by_role("button", name="Test this mapping").click()
        expect(result.get_by_text("hooks.form.customer_id:")).to_be_visible()
        assert hooked.kafka.records == []
    finally:
        context.close()
