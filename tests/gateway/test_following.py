"""Who follows a stream loses it soon after their key or session is over; a look alone keeps no session alive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError

from gateway import following, key_ring
from gateway.keys import create_key, revoke_keys, rotate_key
from gateway.parts import Parts
from gateway.process import make_parts
from gateway.sign_in import sessions
from schemas.audit import Who
from schemas.config_access import Oidc, SignIn
from schemas.settings import Settings
from schemas.tables import ApiKeyRow, ConsoleSessionRow
from tests.gateway.conftest import _fail
from tests.gateway.examples import configuration
from tests.gateway.serving import serving, wait_until
from tests.gateway.test_access import bearer

STREAM, PAGE = "/v1/stream", "/console/live/now"
ANA = Who(name="ana", kind="person", via="console")


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(key_ring, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(sessions, "REFRESH_SECONDS", 0.0)


@pytest.fixture
def signing_in(sqlite_database: str) -> Iterator[Parts]:
    """A gateway where people sign in, at a provider that is never asked here."""
    oidc = Oidc(issuer="http://127.0.0.1:1", client_id="closeloop", everyone="read")
    loop = msgspec.structs.replace(configuration(), sign_in=SignIn(oidc=oidc))
    parts = make_parts(Settings(database=sqlite_database, kafka="127.0.0.1:1"), loop, _fail)
    yield parts
    parts.slack.close()
    parts.writers.kw["bind"].dispose()


class Follower:
    """A client that reads a stream in a thread until the gateway ends it."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.begun = threading.Event()
        self.torn: Exception | None = None
        self._url, self._headers = url, headers
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.begun.wait(30), url

    def _read(self) -> None:
        try:
            with (
                httpx.Client(trust_env=False, timeout=30) as client,
                client.stream("GET", self._url, headers=self._headers) as answer,
            ):
                assert answer.status_code == 200
                for _ in answer.iter_bytes():
                    self.begun.set()
        except Exception as error:  # noqa: BLE001 - told by the test
            self.torn = error

    def ended(self) -> bool:
        return not self._thread.is_alive()


def cookie_of(parts: Parts, **session: str) -> dict[str, str]:
    word = asyncio.run(parts.sessions.start(ANA, name="ana@shop.example", **session))
    return {"cookie": f"{sessions.COOKIE}={word}"}


def test_a_stream_is_over_within_15_seconds() -> None:
    """What was just looked up when it ended is looked up again, and then looked at again."""
    assert following.CHECK_SECONDS + max(key_ring.REFRESH_SECONDS, sessions.REFRESH_SECONDS) <= 15


@pytest.mark.usefixtures("_often")
def test_who_may_no_longer_loses_the_stream_and_the_others_keep_theirs(signing_in: Parts) -> None:
    parts, writers = signing_in, signing_in.writers
    keys = {
        name: create_key(writers, name, "read")
        for name in ("revoked", "rotated", "expired", "lessened", "browser", "kept")
    }
    by_key = cookie_of(parts, key_hash=key_ring.hash_of(keys.pop("browser")))
    out, aged, kept = (cookie_of(parts, role="read") for _ in range(3))
    callers = {name: bearer(key) for name, key in keys.items()} | {"by_key": by_key, "out": out, "aged": aged}
    with serving(parts) as url:
        following_ = {
            (name, path): Follower(f"{url}{path}", head)
            for name, head in (callers | {"kept session": kept}).items()
            for path in (STREAM, PAGE)
            if path == STREAM or name in ("revoked", "out", "kept session")
        }
        revoke_keys(writers, "revoked")
        revoke_keys(writers, "browser")
        rotate_key(writers, "rotated", timedelta())
        past = datetime.now(UTC) - timedelta(seconds=1)
        with writers.begin() as session:
            session.execute(update(ApiKeyRow).where(ApiKeyRow.name == "expired").values(expires_at=past))
            session.execute(update(ApiKeyRow).where(ApiKeyRow.name == "lessened").values(role="emit"))
            newest = select(ConsoleSessionRow.hash).where(ConsoleSessionRow.hash == sessions._hash(aged["cookie"][18:]))
            session.execute(update(ConsoleSessionRow).where(ConsoleSessionRow.hash.in_(newest)).values(expires_at=past))
        head = {**out, "origin": url, "content-type": "application/json"}
        assert httpx.post(f"{url}/console/session/end", headers=head, trust_env=False).status_code == 204
        lost = {at: one for at, one in following_.items() if at[0] not in ("kept", "kept session")}
        wait_until(lambda: all(one.ended() for one in lost.values()), 20)
        assert [(at, one.torn) for at, one in lost.items() if one.torn is not None] == []
        for name in {name for name, _ in lost}:
            again = httpx.get(f"{url}{STREAM}", headers=callers[name], trust_env=False)
            assert again.status_code == (403 if name == "lessened" else 401), name
        stayed = {at: one for at, one in following_.items() if at not in lost}
        assert len(stayed) == 3
        assert not any(one.ended() for one in stayed.values())
        revoke_keys(writers, "kept")
        with writers.begin() as session:
            session.execute(delete(ConsoleSessionRow))
        wait_until(lambda: all(one.ended() for one in stayed.values()), 20)


@pytest.mark.usefixtures("_often")
def test_the_first_key_ends_what_everybody_followed(make: Callable[..., Parts], sqlite_database: str) -> None:
    parts = make(sqlite_database)
    with serving(parts) as url:
        anybody = Follower(f"{url}{STREAM}", {})
        assert not anybody.ended()
        create_key(parts.writers, "shop", "read")
        wait_until(anybody.ended, 20)
    assert anybody.torn is None


def test_a_look_does_not_keep_a_session_from_growing_idle(signing_in: Parts) -> None:
    """And who then asks for something is seen, though the look was a moment ago."""
    word = cookie_of(signing_in, role="read")["cookie"].partition("=")[2]
    before = datetime.now(UTC) - timedelta(seconds=sessions.SEEN_SECONDS + 1)

    def seen_at() -> datetime:
        with signing_in.readers() as session:
            return session.scalars(select(ConsoleSessionRow.seen_at)).one()

    async def scenario() -> None:
        with signing_in.writers.begin() as session:
            session.execute(update(ConsoleSessionRow).values(seen_at=before))
        assert await signing_in.sessions.caller(word, looks=True) is not None
        assert seen_at() == before
        assert await signing_in.sessions.caller(word) is not None
        assert seen_at() > before

    asyncio.run(scenario())


@pytest.mark.usefixtures("_often")
def test_without_the_database_a_stream_goes_on_until_its_session_would_end(
    signing_in: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = cookie_of(signing_in, role="read")["cookie"].partition("=")[2]
    held = signing_in.sessions._held

    def away(*_arguments: object, **_named: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    async def scenario() -> None:
        assert await signing_in.sessions.caller(word, looks=True) is not None
        monkeypatch.setattr(sessions.Sessions, "_read", away)
        assert await signing_in.sessions.caller(word, looks=True) is not None
        with pytest.raises(OperationalError):
            await signing_in.sessions.caller(word)
        ((digest, known),) = held.items()
        assert known.session is not None
        past = datetime.now(UTC) - timedelta(seconds=1)
        held[digest] = sessions._Held(msgspec.structs.replace(known.session, expires_at=past), known.read_at)
        assert await signing_in.sessions.caller(word, looks=True) is None

    asyncio.run(scenario())
