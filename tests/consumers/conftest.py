"""Both databases, a sandbox Slack, and a sender between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from closeloop.sandbox import Channel, Fault, Sandbox, Seed, Settings, ThreadedSandbox, User, in_thread
from consumers.measures import Measures
from consumers.parts import Part
from consumers.slack.addresses import Addresses
from consumers.slack.client import SlackCalls
from consumers.slack.delivery import Delivery
from consumers.slack.sender import Sender, SenderOptions
from consumers.slack.settlement import Settlement
from schemas.config import Loop
from schemas.database import open_database, readers, sessions
from tests.consumers.alerts import LOOP

SEED = Seed(
    users=[
        User(id="U0ANA", name="ana", real_name="Ana Souza", email="ana@shop.example"),
        User(id="U0BOB", name="bob", real_name="Bob Meyer", email="bob@shop.example"),
        User(id="U0EVE", name="eve", real_name="Eve Lead", email="eve@shop.example"),
    ],
    channels=[
        Channel(id="C0CX", name="cx"),
        Channel(id="C0LOG", name="logistics"),
        Channel(id="C0VIP", name="vip"),
        Channel(id="C0OLD", name="old", is_archived=True),
    ],
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty database with the tables, of each kind."""
    url = request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_tables")
    made = open_database(url)
    yield made
    made.dispose()


@pytest.fixture
def sqlite_engine(sqlite_database: str) -> Iterator[Engine]:
    made = open_database(sqlite_database)
    yield made
    made.dispose()


@pytest.fixture
def measures() -> Measures:
    return Measures(CollectorRegistry())


@pytest.fixture
def slack() -> Iterator[ThreadedSandbox]:
    """A Slack without pacing, in which `#old` is archived."""
    with in_thread(Sandbox(Settings(pace=0, channels_on_demand=False), SEED)) as running:
        yield running


def order(slack: ThreadedSandbox, kind: str, method: str = "chat.postMessage", **more: Any) -> None:
    """Order a fault of the sandbox."""
    slack.add_fault(msgspec.convert({"kind": kind, "method": method, "times": 1, **more}, Fault))


def shown(slack: ThreadedSandbox) -> list[dict[str, Any]]:
    """Every message that is there to be seen, with its channel."""
    return [
        message | {"channel": channel}
        for channel, messages in slack.state()["messages"].items()
        for message in messages
        if not message["deleted"]
    ]


def a_sender(
    engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    stop: threading.Event,
    loop: Loop = LOOP,
    token: str = "xoxb-sandbox",
    **options: Any,
) -> Sender:
    """A sender with short times, not started."""
    chosen = SenderOptions(
        **{
            "pace": 10_000.0,
            "lease": 4.0,
            "grace": 0.4,
            "look_up_again": 0.2,
            "sweep": 0.05,
            "poll": 0.02,
            "auth_every": 0.1,
            "gathers": 0.1,
            **options,
        }
    )
    writes, reads = sessions(engine), readers(engine)
    calls = SlackCalls(token, slack.api_url, measures, timeout_s=1)
    delivery = Delivery(
        loop,
        calls,
        Addresses(loop, calls, writes, reads),
        "http://127.0.0.1:8080",
        post_needs=timedelta(seconds=1),
        page=2,  # so that every look-up has to turn pages
    )
    settlement = Settlement(
        loop,
        measures,
        grace=timedelta(seconds=chosen.grace),
        look_up_again=timedelta(seconds=chosen.look_up_again),
        redraw=timedelta(seconds=0.1),
    )
    return Sender(chosen, loop, writes, reads, delivery, settlement, measures, threading.Event(), stop)


@contextmanager
def running(sender: Sender, stop: threading.Event) -> Iterator[Part]:
    """Run a sender in a thread for the length of a `with` block; it must not fail."""
    part = Part("sender", sender.run, threading.Event())
    part.start()
    try:
        yield part
    finally:
        stop.set()
        assert part.join(60), "the sender did not stop"
        assert not part.failed
