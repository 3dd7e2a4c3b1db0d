"""A gateway with survey pages, Kafka kept in memory, and links to it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from sqlalchemy import delete

from gateway.app import build_app
from gateway.parts import Parts
from gateway.process import make_parts
from gateway.surveys.desk import LinkRequest, SurveyDesk
from schemas.config import Invitations
from schemas.config_surveys import Survey
from schemas.database import open_database
from schemas.settings import Settings
from schemas.tables import Base, SurveyAnswerRow
from tests.gateway.conftest import ORIGIN, KeptRecords, database, make  # noqa: F401 - fixtures
from tests.gateway.examples import configuration

KEY = "key-of-links-" + "k" * 32
SURVEYS = {
    "nps": Survey(metric="nps", company="Shop <& Söhne>", contact=True),
    "effort": Survey(
        metric="effort",
        question={"en": "How much effort was it?", "sw": "Ilikuwa ngumu?"},
        low={"en": "None"},
        high={"en": "Much"},
        frame_ancestors=["https://shop.example"],
    ),
}


class Asking:
    """A gateway, what it sent to Kafka, and links that lead to it."""

    def __init__(self, parts: Parts, kafka: KeptRecords, client: TestClient[Any]) -> None:
        self.parts = parts
        self.kafka = kafka
        self.client = client

    def link(self, survey: str = "nps", customer: str = "c42", at: datetime | None = None, **fields: Any) -> str:
        """The path of a link."""
        wanted = LinkRequest(survey=survey, customer_id=customer, **fields)
        made, _ = self.parts.surveys.make(wanted, self.parts.loop, at or datetime.now(UTC))
        return made.url.removeprefix(ORIGIN)

    def events(self) -> list[dict[str, Any]]:
        """The events that went to Kafka."""
        return [json.loads(record.value) for record in self.kafka.records]


def with_surveys(parts: Parts, kafka: KeptRecords) -> Parts:
    """The parts with surveys of their own and a key for links."""
    loop = msgspec.structs.replace(parts.loop, surveys=SURVEYS, invitations=Invitations())
    return dataclasses.replace(parts, loop=loop, producer=kafka, surveys=SurveyDesk((KEY,), ORIGIN))


@pytest.fixture
def asking_on(make: Callable[..., Parts]) -> Iterator[Callable[..., Asking]]:  # noqa: F811
    """`asking_on(database)`: a gateway over this database."""
    clients: list[TestClient[Any]] = []

    def build(url: str) -> Asking:
        kafka = KeptRecords()
        parts = with_surveys(make(url), kafka)
        client = TestClient(build_app(parts), base_url=ORIGIN)
        client.__enter__()
        client.follow_redirects = False
        clients.append(client)
        return Asking(parts, kafka, client)

    yield build
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """One gateway for a module: to make one takes longer than most tests."""
    url = f"sqlite:///{tmp_path_factory.mktemp('surveys')}/closeloop.db"
    engine = open_database(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    kafka = KeptRecords()
    parts = with_surveys(make_parts(Settings(database=url, kafka="127.0.0.1:1"), configuration(), refuse), kafka)
    with TestClient(build_app(parts), base_url=ORIGIN) as client:
        client.follow_redirects = False
        yield Asking(parts, kafka, client)
    parts.slack.close()
    parts.writers.kw["bind"].dispose()


def refuse(why: str) -> None:
    """No part of the gateway may fail."""
    raise AssertionError(why)


@pytest.fixture
def asking(_shared: Asking) -> Asking:
    """A gateway on SQLite with nothing in Kafka or the table of answers."""
    _shared.kafka.records.clear()
    _shared.kafka.away = False
    with _shared.parts.writers.begin() as session:
        session.execute(delete(SurveyAnswerRow))
    return _shared


@pytest.fixture
def asking_both(asking_on: Callable[..., Asking], database: str) -> Asking:  # noqa: F811
    """On SQLite, and once more on PostgreSQL."""
    return asking_on(database)
