"""A sandbox in a thread, clients of it, and a clock that tests can move."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from closeloop.sandbox import SCOPES, Channel, Sandbox, Seed, Settings, ThreadedSandbox, User, in_thread

SEED = Seed(
    users=[
        User(id="U0ANA", name="ana", real_name="Ana Souza", email="Ana@shop.example", tz="America/Sao_Paulo"),
        User(id="U0BOB", name="bob", real_name="Bob Meyer", email="bob@shop.example", tz="Europe/Berlin"),
        User(id="U0GONE", name="gone", email="gone@shop.example", deleted=True),
    ],
    channels=[
        Channel(id="C0CARDS", name="unhappy-customers"),
        Channel(id="C0OLD", name="old", is_archived=True),
        Channel(id="C0OTHER", name="other", is_member=False),
        Channel(id="C0SECRET", name="secret", is_private=True, is_member=False),
    ],
)


class Clock:
    """Unix seconds that only tests move."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[ThreadedSandbox]:
    """A sandbox without pacing that creates no channels on demand."""
    settings = Settings(pace=0, channels_on_demand=False, scopes=SCOPES | {"im:read"})
    with in_thread(Sandbox(settings, SEED, clock)) as running:
        yield running


@pytest.fixture
def client(sandbox: ThreadedSandbox) -> WebClient:
    return WebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[], timeout=60)
