"""What the client's tests share: a stub of the gateway, and emitters that are closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from closeloop_client import Emitter
from tests.client.stub import StubGateway, running


@pytest.fixture
def gateway() -> Iterator[StubGateway]:
    with running(StubGateway()) as stub:
        yield stub


@pytest.fixture
def unused_url() -> str:
    """An address where nothing listens."""
    with running(StubGateway()) as stub:
        return stub.url


@pytest.fixture
def emitter() -> Iterator[Callable[..., Emitter]]:
    """Make emitters that hurry: no lingering, and a short end."""
    made: list[Emitter] = []

    def make(*to: Any, **options: Any) -> Emitter:
        made.append(Emitter(*to, **{"linger": 0.0, "exit_flush": 0.5, **options}))
        return made[-1]

    yield make
    for one in made:
        one.close(0.2)
