"""What the whole-loop tests share: the file to replay, and the database to keep it in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loop.generated import write_events
from tests.loop.running import RunningLoop, running_loop

ZONE = "America/Sao_Paulo"


def real_data() -> Path | None:
    """The folder of the real data: CLOSELOOP_REPLAY_DATA, or beside the checkout; None where there is none."""
    given = os.environ.get("CLOSELOOP_REPLAY_DATA")
    folder = Path(given) if given else Path(__file__).parents[3] / "shared" / "data" / "olist"
    return folder if (folder / "events.jsonl.gz").exists() else None


@pytest.fixture
def olist() -> Path:
    """The folder with the real orders and the totals computed from them elsewhere."""
    folder = real_data()
    if folder is None:
        pytest.skip("the real data are not on this machine; set CLOSELOOP_REPLAY_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of made-up events: a few months, with duplicates and every kind of score."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl.gz"
    write_events(path, orders=900, seed=20261121)
    return path


# The same on PostgreSQL takes another minute: it runs behind test-faults, so that the suite stays under ten.
@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.faults)])
def loop(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    kafka: str,  # asked for its skip, with its reason, where no real Kafka can be had
) -> Iterator[RunningLoop]:
    """A running loop on a real Kafka of its own, once with SQLite and once with PostgreSQL."""
    del kafka
    database = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    with running_loop(tmp_path, database=database, CLOSELOOP_ZONE=ZONE) as running:
        yield running
