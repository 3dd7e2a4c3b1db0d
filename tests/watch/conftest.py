"""A real gateway on a port of its own, whose live view is filled by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from gateway.parts import Parts
from gateway.process import make_parts
from schemas.metrics import Books, Metric
from schemas.settings import Settings
from schemas.topics import RESPONSES
from tests.gateway.examples import configuration, opened
from tests.gateway.serving import serving, wait_until
from tests.watch.examples import value


def _fail(why: str) -> None:
    raise AssertionError(why)


class Loop:
    """A gateway's port, the database behind it, and the news that its streams would have."""

    def __init__(self, database: str, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._database = database
        self._news: list[Metric | Books] = []
        self.parts = self._make()
        self.case = opened(self.parts.writers, 1, owner="ana")

    def _make(self) -> Parts:
        parts = make_parts(Settings(database=self._database, kafka="127.0.0.1:1"), configuration(), _fail)
        for row in self._news:
            parts.live.rows.take(row.record_key(), msgspec.json.encode(row))
        return parts

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve until the end of the block, when streams are ended as a stopping gateway does; may be done again."""
        with serving(self.parts, self.port) as url:
            yield url
            self.parts.hub.close()  # the next tick of the broadcast wakes the streams
            wait_until(lambda: not self.parts.hub)
        self.close()
        self.parts = self._make()

    def close(self) -> None:
        """End the connections to the database."""
        self.parts.slack.close()
        self.parts.writers.kw["bind"].dispose()

    def counts(self, version: int, **counts: int) -> None:
        """NPS of everything and of one touchpoint, as the streams would tell it."""
        for touchpoint in (None, "order.delivered"):
            scores = {name.removeprefix("of_"): number for name, number in counts.items()}
            self._tell(msgspec.structs.replace(value("nps", scores, touchpoint, "1h"), version=version))

    def books(self, received: int, counted: int) -> None:
        """The accounts of one source partition."""
        self._tell(
            Books(
                source=f"{RESPONSES}/0", version=received, watermark=None, received=received, counted=counted,
                duplicates=0, late=0, forwarded=0, dead_letters={"scale": received - counted}, alerts={},
            )
        )  # fmt: skip

    def _tell(self, row: Metric | Books) -> None:
        self._news.append(row)
        self.parts.live.rows.take(row.record_key(), msgspec.json.encode(row))


@pytest.fixture
def loop(sqlite_database: str, free_port: int) -> Iterator[Loop]:
    made = Loop(sqlite_database, free_port)
    made.counts(1, of_9=60, of_3=40)
    made.books(104, 100)
    yield made
    made.close()
