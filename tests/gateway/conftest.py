"""A gateway over a fresh database, with or without a real Kafka."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import msgspec
import pytest
from litestar.testing import TestClient

from closeloop.sandbox import Channel, Sandbox, Seed, User, in_thread
from closeloop.sandbox import Settings as SandboxSettings
from gateway.app import build_app
from gateway.intake import Record
from gateway.parts import Parts
from gateway.process import make_parts
from gateway.producer import NotDeliveredError
from schemas.settings import Settings
from tests.gateway.examples import ANA, BOB, EVA, IVO, STRANGER, configuration
from tests.gateway.serving import serving
from tests.gateway.slack_desk import CHANNEL, SECRET, Desk

ORIGIN = "http://127.0.0.1"


class KeptRecords:
    """In place of the producer: keeps what would go to Kafka, or refuses it on order."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.room = True
        self.away = False

    def has_room(self, records: int) -> bool:
        return self.room

    def pending(self) -> int:
        return 0

    async def deliver(self, records: Sequence[Record]) -> None:
        if self.away:
            raise NotDeliveredError(len(records), "_MSG_TIMED_OUT")
        self.records.extend(records)


def _fail(why: str) -> None:
    raise AssertionError(why)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a database with all tables, on both servers."""
    return str(request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_tables"))


@pytest.fixture
def make() -> Iterator[Callable[..., Parts]]:
    """Make parts over a database; their engines are disposed of in the end."""
    made: list[Parts] = []

    def build(url: str, **settings: object) -> Parts:
        base = Settings(database=url, kafka="127.0.0.1:1")
        parts = make_parts(msgspec.structs.replace(base, **settings), configuration(), _fail)
        made.append(parts)
        return parts

    yield build
    for parts in made:
        parts.slack.close()
        parts.writers.kw["bind"].dispose()


class Served:
    """A gateway under test: its client, its parts, and what it sent to Kafka."""

    def __init__(self, parts: Parts, kafka: KeptRecords, client: TestClient[object]) -> None:
        self.parts = parts
        self.kafka = kafka
        self.client = client


@pytest.fixture
def serve(make: Callable[..., Parts]) -> Iterator[Callable[..., Served]]:
    """`serve(url, **settings)`: the application in this process, with Kafka kept in memory."""
    clients: list[AbstractContextManager[object]] = []

    def build(url: str, **settings: object) -> Served:
        kafka = KeptRecords()
        parts = dataclasses.replace(make(url, **settings), producer=kafka)
        client = TestClient(build_app(parts), base_url=ORIGIN)
        client.__enter__()
        clients.append(client)
        return Served(parts, kafka, client)

    yield build
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def gateway(serve: Callable[..., Served], sqlite_database: str) -> Served:
    """A gateway on SQLite, open to everyone on loopback."""
    return serve(sqlite_database)


@pytest.fixture
def on_both(serve: Callable[..., Served], database: str) -> Served:
    """A gateway on SQLite, and the same test once more on PostgreSQL."""
    return serve(database)


@pytest.fixture
def desk(make: Callable[..., Parts], database: str, free_port: int) -> Iterator[Desk]:
    url = f"http://127.0.0.1:{free_port}"
    settings = SandboxSettings(
        interactions_url=f"{url}/slack/interactions", events_url=f"{url}/slack/events", mode="http", pace=0
    )
    seed = Seed(
        users=[User(id=user, name=user.lower()) for user in (ANA, BOB, EVA, IVO, STRANGER)],
        channels=[Channel(id=CHANNEL, name="cx")],
    )
    with in_thread(Sandbox(settings, seed)) as sandbox:
        parts = make(
            database, slack_bot_token="xoxb-sandbox", slack_signing_secret=SECRET, slack_api_url=sandbox.api_url
        )
        parts = dataclasses.replace(parts, producer=KeptRecords())
        with serving(parts, free_port) as served:
            yield Desk(sandbox, parts, served)
