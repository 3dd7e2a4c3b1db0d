"""The whole sign-in in Chromium, from a page through the identity provider and back, an action, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from gateway.parts import Parts
from gateway.process import make_parts
from schemas.config_access import Oidc, SignIn
from schemas.settings import Settings
from schemas.tables import AuditRow
from tests.fixtures.identity_provider import CLIENT_ID, SECRET, Provider, identity_provider
from tests.gateway.conftest import _fail
from tests.gateway.examples import configuration, opened
from tests.gateway.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def provider() -> Iterator[Provider]:
    with identity_provider() as running:
        running.people = {"ana": {"email": "ana@shop.example", "email_verified": True, "groups": ["care"]}}
        yield running


@pytest.fixture
def parts(provider: Provider, sqlite_database: str, free_port: int) -> Iterator[Parts]:
    oidc = Oidc(issuer=provider.issuer, client_id=CLIENT_ID, roles={"care": "act"}, name="Shop account")
    loop = msgspec.structs.replace(configuration(), sign_in=SignIn(oidc=oidc))
    public_url = f"http://127.0.0.1:{free_port}"
    made = make_parts(
        Settings(database=sqlite_database, kafka="127.0.0.1:1", oidc_client_secret=SECRET, public_url=public_url),
        loop,
        _fail,
    )
    yield made
    made.slack.close()
    made.writers.kw["bind"].dispose()


def test_a_person_signs_in_acts_in_their_name_and_signs_out(
    parts: Parts, provider: Provider, browser: Browser, free_port: int
) -> None:
    case = opened(parts.writers, owner=None)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        with serving(parts, free_port) as url:
            assert page.goto(f"{url}/cases/{case}").status == 401
            found = Axe().run(page, options={"preload": False}).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
            page.get_by_role("link", name="Sign in with Shop account").click()
            assert urlsplit(page.url).netloc == urlsplit(provider.issuer).netloc
            page.get_by_label("User").fill("ana")
            page.get_by_role("button", name="Continue").click()
            page.wait_for_url(f"{url}/cases/{case}")
            expect(page.locator(".menu-name")).to_have_text("Ana Sá")
            expect(page.locator("#link")).to_have_attribute("data-state", "live")
            page.locator("#do-acknowledge").click()
            expect(page.locator("#history")).to_contain_text("Ana Sá")
            assert page.evaluate("document.cookie").find("closeloop_session") == -1
            other = context.new_page()  # a link on another site leads in, too
            other.goto(f"{provider.issuer}/authorize")
            other.evaluate("address => { location.href = address }", f"{url}/now")
            other.wait_for_url(f"{url}/now")
            expect(other.locator(".menu-name")).to_have_text("Ana Sá")
            page.locator("details.menu summary").click()
            expect(page.locator("select[name=closeloop_me]")).to_be_disabled()
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url(f"{url}/now")
            expect(page.get_by_role("link", name="Sign in with Shop account")).to_be_visible()
    finally:
        context.close()
    assert said == []
    assert len(provider.signed_out) == 1
    with parts.readers() as session:
        trail = session.execute(select(AuditRow.action, AuditRow.actor, AuditRow.address).order_by(AuditRow.id)).all()
    assert [tuple(one) for one in trail] == [("signed_in", "ana", "127.0.0.1"), ("signed_out", "ana", "127.0.0.1")]
