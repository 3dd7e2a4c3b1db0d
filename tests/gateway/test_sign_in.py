"""People sign in at an identity provider: the whole flow over HTTP, and everything that must not let anybody in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from joserfc.jwk import RSAKey
from litestar.testing import TestClient
from sqlalchemy import select, update

from gateway import attempts, key_ring
from gateway.app import build_app
from gateway.keys import create_key, revoke_keys
from gateway.parts import Parts
from gateway.process import make_parts
from gateway.routes.pages import FOLLOWED_SECONDS
from gateway.sign_in import identity_provider as asking
from gateway.sign_in import pending, sessions
from schemas.config_access import Oidc, SignIn
from schemas.settings import Settings
from schemas.tables import AuditRow, CaseRow, ConsoleSessionRow, SignInRow
from tests.fixtures.identity_provider import CLIENT_ID, SECRET, Claims, Provider, identity_provider
from tests.gateway.conftest import _fail
from tests.gateway.examples import configuration, opened

OURS = "http://127.0.0.1:8080"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(sessions, "REFRESH_SECONDS", 0.0)


@pytest.fixture(scope="module")
def _provider() -> Iterator[Provider]:
    with identity_provider() as running:
        yield running


@pytest.fixture
def provider(_provider: Provider) -> Provider:
    """The provider, truthful again; making keys is slow, so there is one for all tests."""
    fresh = Provider.__new__(Provider)
    fresh.__dict__.update(_provider.__dict__)
    _provider.keys = _provider.keys[:1]
    _provider.published = list(_provider.keys)
    _provider.change = lambda _claims: None
    _provider.sign = _provider.signed
    _provider.description = {}
    _provider.asked.clear()
    _provider.signed_out.clear()
    _provider.people = {
        "ana": {"email": "ANA@shop.example", "email_verified": True, "groups": ["care", "chess"]},
        "bob": {"email": "bob@shop.example", "email_verified": True, "groups": "care"},
        "boss": {"email": "boss@shop.example", "email_verified": True, "groups": ["platform", "care"]},
        "guest": {"email": "guest@shop.example", "email_verified": True},
        "claims-ana": {"email": "ana@shop.example", "email_verified": False, "groups": ["care"]},
    }
    return _provider


Open = Callable[..., TestClient[Any]]


@pytest.fixture
def browser(provider: Provider, sqlite_database: str) -> Iterator[Open]:
    """`browser()`: a gateway with the provider, and a browser of its own in front of it."""
    clients: list[TestClient[Any]] = []
    engines: list[Parts] = []

    def build(public_url: str = OURS, signing: dict[str, Any] | None = None, **changed: Any) -> TestClient[Any]:
        said = {"issuer": provider.issuer, "client_id": CLIENT_ID, "roles": {"care": "act", "platform": "admin"}}
        oidc = Oidc(**{**said, "name": "Shop account", **changed})
        loop = msgspec.structs.replace(configuration(), sign_in=SignIn(oidc=oidc, **(signing or {})))
        settings = Settings(
            database=sqlite_database, kafka="127.0.0.1:1", oidc_client_secret=SECRET, public_url=public_url
        )
        parts = make_parts(settings, loop, _fail)
        engines.append(parts)
        client = TestClient(build_app(parts), base_url=OURS)
        client.follow_redirects = False
        client.__enter__()
        clients.append(client)
        return client

    yield build
    for client in clients:
        client.__exit__(None, None, None)
    for parts in engines:
        parts.slack.close()
        parts.writers.kw["bind"].dispose()


def parts_of(client: TestClient[Any]) -> Parts:
    return client.app.state["parts"]  # type: ignore[no-any-return]


def begin(client: TestClient[Any], back: str = "/cases?state=open") -> str:
    """To the provider; its address."""
    sent = client.get("/console/session/oidc", params={"return": back})
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def approve(address: str, person: str = "ana") -> str:
    """Sign in at the provider; where that leads back to, as a path."""
    answer = httpx.get(f"{address}&person={person}")
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}" == OURS
    return f"{parts.path}?{parts.query}"


def sign_in(client: TestClient[Any], person: str = "ana", back: str = "/now") -> httpx.Response:
    return client.get(approve(begin(client, back), person))  # type: ignore[return-value]


def refusals(client: TestClient[Any]) -> list[str]:
    with parts_of(client).readers() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "signed_in").order_by(AuditRow.id))
        return [str(row.detail["why"]) for row in rows if row.outcome == "refused"]


def test_a_person_signs_in_and_goes_on_where_they_were(browser: Open, provider: Provider) -> None:
    client = browser()
    asked = client.get("/cases?state=open")
    assert asked.status_code == 401
    assert "Sign in with Shop account" in asked.text
    assert 'href="/console/session/oidc?return=/cases%3Fstate%3Dopen"' in asked.text
    address = begin(client)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["tenant"] == "shop", "the endpoint's own query stays"
    assert query["scope"] == "openid email profile"
    assert query["redirect_uri"] == f"{OURS}/console/session/oidc/return"
    back = client.get(approve(address))
    assert (back.status_code, back.headers["location"]) == (303, "/cases?state=open")
    kept = [cookie.lower() for cookie in back.headers.get_list("set-cookie")]
    (session,) = [cookie for cookie in kept if cookie.startswith("closeloop_session=")]
    assert "httponly" in session
    assert "samesite=lax" in session
    assert "secure" not in session
    assert client.get("/cases?state=open").status_code == 200
    told = client.get("/v1/config").json()
    assert (told["open"], told["acting_as"]) == (False, "ana")


def test_the_cookie_stands_for_a_row_and_is_not_in_it(browser: Open) -> None:
    client = browser()
    assert sign_in(client).status_code == 303
    cookie = client.cookies["closeloop_session"]
    with parts_of(client).readers() as session:
        row = session.scalars(select(ConsoleSessionRow)).one()
        assert cookie not in str(vars(row))
        assert (row.name, row.role) == ("ANA@shop.example", "act")
        assert session.scalars(select(SignInRow)).all() == [], "a sign-in is used once"
        (entry,) = session.scalars(select(AuditRow))
    assert (entry.actor, entry.kind, entry.via, entry.outcome, entry.detail) == (
        "ana", "person", "console", "done", {"role": "act"},
    )  # fmt: skip


def test_over_https_the_cookies_are_secure(browser: Open) -> None:
    client = browser(public_url="https://cx.shop.example")
    sent = client.get("/console/session/oidc")
    assert "secure" in sent.headers["set-cookie"].lower()
    assert "redirect_uri=https%3A%2F%2Fcx.shop.example%2Fconsole" in sent.headers["location"]


def lie(name: str, value: object) -> Callable[[Claims], None]:
    def change(claims: Claims) -> None:
        if value is None:
            del claims[name]
        else:
            claims[name] = value

    return change


LIES: list[tuple[Callable[[Claims], None], str]] = [
    (lie("nonce", "another"), "nonce"),
    (lie("nonce", None), "nonce"),
    (lie("aud", "another-app"), "aud"),
    (lie("aud", ["another-app"]), "aud"),
    (lie("aud", [CLIENT_ID, "another-app"]), "azp"),
    (lie("azp", "another-app"), "azp"),
    (lie("iss", "https://evil.example"), "iss"),
    (lie("iss", None), "iss"),
    (lie("exp", 1_700_000_000), "expired"),
    (lie("exp", None), "exp"),
    (lie("iat", 4_000_000_000), "iat"),
    (lie("sub", None), "sub"),
    (lie("groups", ["chess"]), "role"),
    (lie("groups", {"care": True}), "role"),
]


def test_claims_that_are_not_believed(browser: Open, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FAILURES", 1_000)
    client = browser()
    for change, why in LIES:
        provider.change = change
        assert sign_in(client).status_code == 403, why
        assert refusals(client)[-1] == why
        assert "closeloop_session" not in client.cookies
    assert len(refusals(client)) == len(LIES)
    provider.change = lie("exp", float(2**70))
    assert sign_in(client).status_code == 303, "far in the future is no fault"


def test_signatures_that_are_not_believed(browser: Open, provider: Provider) -> None:
    client = browser()

    def unsigned(claims: Claims) -> str:
        parts = (json.dumps({"alg": "none", "kid": "first"}), json.dumps(claims))
        return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts) + "."

    def foreign(claims: Claims) -> str:
        own, provider.keys = provider.keys, [RSAKey.generate_key(2048, {"kid": "first"})]
        try:
            return provider.signed(claims)
        finally:
            provider.keys = own

    def confused(claims: Claims) -> str:
        """HMAC with the public key as its secret."""
        import hashlib
        import hmac

        secret = provider.keys[0].as_pem(private=False)
        parts = (json.dumps({"alg": "HS256", "kid": "first"}), json.dumps(claims))
        text = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)
        signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    for sign in (
        unsigned,
        foreign,
        confused,
        lambda claims: provider.signed(claims)[:-8] + "AAAAAAAA",
        lambda _: "x.y",
    ):
        provider.sign = sign
        assert sign_in(client).status_code == 403
    assert refusals(client) == ["token", "signature", "token", "signature", "token"]
    provider.sign = provider.signed
    assert sign_in(client).status_code == 303


def test_new_keys_of_the_provider_are_fetched_when_they_are_needed(
    browser: Open, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser()
    assert sign_in(client).status_code == 303
    provider.rotate()
    assert sign_in(client).status_code == 403, "asked for a moment ago: not again for every bad token"
    assert provider.asked.count("/keys") == 1
    monkeypatch.setattr(asking, "KEYS_AGAIN_SECONDS", 0.0)
    assert sign_in(client).status_code == 303
    assert provider.asked.count("/keys") == 2
    provider.rotate(publish=False)
    assert sign_in(client).status_code == 403


def test_a_state_is_good_once_for_the_browser_that_began(browser: Open, provider: Provider) -> None:
    client, other = browser(), browser()
    back = approve(begin(client))
    begin(other)
    assert other.get(back).status_code == 403, "another browser, with a sign-in of its own"
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 403, "a second time"
    asked = provider.asked.count("/token")
    for forged in ("state=x&code=y", "code=y", "state=&code=y", "", "state=%00&code=y"):
        assert client.get(f"/console/session/oidc/return?{forged}").status_code == 403
    assert provider.asked.count("/token") == asked, "no code is redeemed without a state"
    assert set(refusals(client)) == {"state"}


def test_a_state_has_an_end(browser: Open) -> None:
    client = browser()
    back = approve(begin(client))
    with parts_of(client).writers.begin() as session:
        session.execute(update(SignInRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert client.get(back).status_code == 403


def test_who_answers_is_checked(browser: Open, provider: Provider) -> None:
    """RFC 9207: the answer names its issuer, so that none of another provider is taken for this one's."""
    client = browser()
    back = approve(begin(client))
    assert client.get(back.partition("&iss=")[0]).status_code == 403
    back = approve(begin(client))
    assert client.get(back.partition("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example").status_code == 403
    assert refusals(client) == ["issuer", "issuer"]


def test_a_person_who_turns_back_is_told_so(browser: Open, provider: Provider) -> None:
    client = browser()
    query = parse_qs(urlsplit(begin(client)).query)
    issuer = f"&iss={provider.issuer}"
    answer = client.get(f"/console/session/oidc/return?error=access_denied&state={query['state'][0]}{issuer}")
    assert answer.status_code == 403
    assert "not finished" in answer.text
    assert "access_denied" not in answer.text


def test_a_code_of_another_sign_in_is_refused_by_pkce(browser: Open) -> None:
    client = browser()
    other_code = parse_qs(urlsplit(approve(begin(client), "bob")).query)["code"][0]
    back = approve(begin(client), "ana")
    mine = parse_qs(urlsplit(back).query)["code"][0]
    answer = client.get(back.replace(mine, other_code))
    assert answer.status_code == 503, "the provider refuses the verifier"
    assert client.get("/now").status_code == 401


def test_a_description_that_is_not_the_providers_own(browser: Open, provider: Provider) -> None:
    client = browser()
    for wrong in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example"},
        {"jwks_uri": "ftp://x"},
    ):
        provider.description = wrong
        answer = client.get("/console/session/oidc")
        assert (answer.status_code, "identity provider" in answer.text) == (503, True)


def test_a_provider_that_is_not_there(browser: Open) -> None:
    client = browser(issuer="http://127.0.0.1:9")
    answer = client.get("/console/session/oidc")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    key = create_key(parts_of(client).writers, "reports", "read")
    assert client.post("/console/session", json={"key": key}).status_code == 204


def test_without_a_provider_there_is_no_such_way(gateway: Any) -> None:
    for path in ("/console/session/oidc", "/console/session/oidc/return?state=x&code=y"):
        assert gateway.client.get(path, follow_redirects=False).status_code == 404


def test_nobody_is_sent_elsewhere_after_signing_in(browser: Open) -> None:
    client = browser()
    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", ""):
        assert sign_in(client, back=back).headers["location"] == "/now", back


def test_who_has_no_group_is_let_in_only_where_everyone_is(browser: Open) -> None:
    strict = browser()
    answer = sign_in(strict, "guest")
    assert (answer.status_code, "groups" in answer.text) == (403, True)
    client = browser(everyone="read")
    assert sign_in(client, "guest").status_code == 303
    assert client.get("/cases").status_code == 200
    assert client.get("/v1/audit").status_code == 403


def test_an_address_that_is_not_verified_makes_nobody_a_person_of_ours(browser: Open) -> None:
    client = browser()
    case = opened(parts_of(client).writers)
    assert sign_in(client, "claims-ana").status_code == 303
    assert client.get("/v1/config").json()["acting_as"] is None
    own = {"origin": OURS}
    for body in ({}, {"actor": "ana"}):
        refused = client.post(f"/v1/cases/{case}/contact", json=body, headers=own)
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "authorization")
    trusting = browser(trust_email=True)
    assert sign_in(trusting, "claims-ana").status_code == 303
    assert trusting.get("/v1/config").json()["acting_as"] == "ana"


def act(client: TestClient[Any], case: int, action: str, **body: object) -> httpx.Response:
    return client.post(f"/v1/cases/{case}/{action}", json=body, headers={"origin": OURS})  # type: ignore[return-value]


def test_actions_are_the_persons_own_as_their_role_around_the_case_allows(browser: Open) -> None:
    ana, bob = browser(), browser()
    writers = parts_of(ana).writers
    case = opened(writers, owner="ana")
    with writers.begin() as session:
        session.execute(update(CaseRow).values(acknowledge_by=datetime.now(UTC) + timedelta(hours=1)))
    assert sign_in(ana, "ana").status_code == sign_in(bob, "bob").status_code == 303
    assert 'id="do-dismiss"' not in ana.get(f"/cases/{case}").text
    assert 'id="do-dismiss"' in bob.get(f"/cases/{case}").text
    refused = act(ana, case, "dismiss")
    assert refused.status_code == 403
    assert "Bob <& co>" in refused.json()["error"]["problem"], "who may is named"
    assert act(ana, case, "contact", actor="bob").status_code == 422
    done = act(ana, case, "acknowledge").json()
    assert (done["owner"], done["events"][-1]["actor"], done["events"][-1]["via"]) == ("ana", "ana", "console")
    assert act(bob, case, "snooze", until=(datetime.now(UTC) + timedelta(hours=1)).isoformat()).status_code == 403
    assert act(bob, case, "acknowledge").status_code == 409, "what nobody can do is said before who may"
    with parts_of(ana).readers() as session:
        row = session.get(CaseRow, case)
        assert row is not None
        assert (row.state, row.version) == ("acknowledged", 2), "what was refused has changed nothing"
    assert act(bob, case, "dismiss").status_code == 200
    assert bob.get(f"/v1/cases/{case}").json()["events"][-1]["actor"] == "bob"


def test_an_admin_may_look_at_the_trail_and_do_all(browser: Open) -> None:
    client = browser()
    assert sign_in(client, "boss").status_code == 303
    assert client.get("/v1/audit").status_code == 200
    assert client.post("/v1/deadletters/none/replay", headers={"origin": OURS}).status_code == 404


def test_signing_out_is_the_end_of_it_here_and_there(browser: Open, provider: Provider) -> None:
    client = browser()
    sign_in(client)
    cookie = client.cookies["closeloop_session"]
    out = client.post("/console/session/end", headers={"origin": OURS})
    assert out.status_code == 200
    query = parse_qs(urlsplit(out.json()["go"]).query)
    assert query["post_logout_redirect_uri"] == [f"{OURS}/now"]
    assert query["id_token_hint"][0].count(".") == 2
    assert "closeloop_session" not in client.cookies
    client.cookies["closeloop_session"] = cookie
    assert client.get("/now").status_code == 401, "the cookie alone is worth nothing then"
    with parts_of(client).readers() as session:
        acts = session.execute(select(AuditRow.action, AuditRow.actor).order_by(AuditRow.id)).all()
    assert [tuple(one) for one in acts] == [("signed_in", "ana"), ("signed_out", "ana")]
    provider.description = {"end_session_endpoint": None}
    quiet = browser()
    sign_in(quiet)
    assert quiet.post("/console/session/end", headers={"origin": OURS}).status_code == 204


def test_a_session_ends_by_idleness_and_by_age(browser: Open) -> None:
    client = browser(signing={"idle": "1h", "longest": "2h"})

    def aged(**changes: timedelta) -> int:
        sign_in(client)
        at = datetime.now(UTC)
        with parts_of(client).writers.begin() as session:
            values = {name: at + change for name, change in changes.items()}
            session.execute(update(ConsoleSessionRow).values(**values))
        return client.get("/now").status_code

    assert aged(seen_at=-timedelta(minutes=59)) == 200
    with parts_of(client).readers() as session:
        seen = session.scalars(select(ConsoleSessionRow.seen_at)).one()
    assert datetime.now(UTC) - seen < timedelta(minutes=1), "a request keeps it"
    assert aged(seen_at=-timedelta(minutes=61)) == 401
    assert aged(expires_at=-timedelta(seconds=1)) == 401
    assert aged(expires_at=timedelta(minutes=1)) == 200
    assert FOLLOWED_SECONDS <= 3600, "an open page shows again who it is"


def test_a_session_with_a_key_ends_with_the_key(browser: Open) -> None:
    client = browser()
    writers = parts_of(client).writers
    key = create_key(writers, "reports", "read")
    assert client.post("/console/session", json={"key": key}).status_code == 204
    assert key not in str(dict(client.cookies)), "the key itself is not kept by the browser"
    assert client.get("/now").status_code == 200
    revoke_keys(writers, "reports")
    assert client.get("/now").status_code == 401


def test_a_provider_that_is_taken_out_of_loop_yaml_lets_nobody_stay(browser: Open, gateway: Any) -> None:
    client = browser()
    sign_in(client)
    create_key(parts_of(client).writers, "reports", "read")
    gateway.client.cookies["closeloop_session"] = client.cookies["closeloop_session"]
    assert gateway.client.get("/now").status_code == 401


def test_another_site_gets_nothing_done_with_the_cookie_but_may_lead_here(browser: Open) -> None:
    client = browser()
    sign_in(client)
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/now", headers=link).status_code == 200
    assert client.get("/now", headers={**link, "sec-fetch-dest": "iframe"}).status_code == 401
    assert (
        client.get("/v1/cases", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}).status_code == 401
    )
    evil = {**link, "origin": "https://evil.example"}
    assert client.post("/v1/cases/1/contact", json={}, headers=evil).status_code in (401, 403)
    assert client.post("/console/session/end", headers=evil).status_code == 403


def test_who_fails_too_often_waits_and_fills_neither_table(browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser()
    statuses = [client.get("/console/session/oidc/return?state=x&code=y").status_code for _ in range(15)]
    assert statuses == [403] * 10 + [429] * 5
    assert len(refusals(client)) == 10
    monkeypatch.setattr(pending, "MOST", 5)
    for _ in range(8):
        begin(client)
    with parts_of(client).readers() as session:
        assert len(session.scalars(select(SignInRow)).all()) == 5
