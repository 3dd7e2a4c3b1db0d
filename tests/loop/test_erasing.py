"""A person is erased while the whole loop runs: nothing of them is left, no figure moves, a restart changes nothing.

The component's test, with both databases and every door, is ``tests/consumers/test_erasing.py``. The restart takes as
long again, so it is asked for: ``CLOSELOOP_ERASE_RESTART=1``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from schemas.database import open_database
from tests.loop.running import RunningLoop, running_loop, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(600)]

MARK = "zebrafisk"
CUSTOMER = f"c-{MARK}"
OTHERS = 5
WITH_RESTART = bool(os.environ.get("CLOSELOOP_ERASE_RESTART"))


def event(number: int, kind: str, customer: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{customer}-{kind}-{number}",
        "source": "/shop",
        "type": f"closeloop.{kind}.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {"customer_id": customer, "attributes": {"region": "SP", "name": customer}, **data},
    }


def events() -> list[dict[str, Any]]:
    """A failed delivery and two bad answers of the person, and what others say."""
    said = f"it came late, says {MARK}"
    found = [
        event(1, "touchpoint", CUSTOMER, touchpoint="order.delivered", outcome="failed"),
        event(2, "response", CUSTOMER, metric="nps", score=2, touchpoint="order.delivered", comment=said),
        event(3, "response", CUSTOMER, metric="csat", score=1, touchpoint="order.delivered", comment=said),
    ]
    others = range(OTHERS)
    return found + [event(1, "response", f"c{one}", metric="nps", score=one, comment="late again") for one in others]


def figures(loop: RunningLoop) -> dict[str, Any]:
    """What must not move. Of a metric all but the moment of its last look."""
    totals = loop.totals()
    states = totals.pop("cases")
    today = datetime.now(UTC).date().isoformat()
    rows = [
        row for cut in ("all", "region") for row in [*loop.metrics("30d", cut), *loop.days("nps", cut, today, today)]
    ]
    counted = [
        {name: row[name] for name in ("metric", "cut", "key", "value", "n", "counts", "low", "high")}
        for row in rows
        if row["metric"] in ("nps", "csat", "outcome")
    ]
    order = sorted(counted, key=lambda row: json.dumps(row, sort_keys=True))
    return {"totals": totals, "cases": sum(states.values()), "metrics": order}


def columns_with_the_mark(database: str) -> list[str]:
    """Every column of every table there is, also of those that no model knows."""
    engine = open_database(database)
    found = []
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        for table in tables:
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).mappings()
            found += [f"{table}.{name}" for row in rows for name, value in row.items() if MARK in repr(value)]
    engine.dispose()
    return found


def shown(loop: RunningLoop) -> str:
    """Slack, the API and the console."""
    messages = loop.sandbox.get("/control/state").json()["messages"]
    there = [one for channel in messages.values() for one in channel if not one["deleted"]]
    paths = [
        "/v1/cases",
        "/v1/answers",
        "/v1/deadletters",
        "/v1/responses/export?comments=true&format=jsonl",
        "/",
        "/cases",
    ]
    paths += [f"/v1/cases/{number}" for number in range(1, loop.cases() + 1)]
    answers = [loop.http.get(path, follow_redirects=True) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return json.dumps(there) + "".join(answer.text for answer in answers)


def test_a_person_is_erased_while_everything_runs(tmp_path: Path, kafka: str) -> None:
    del kafka  # asked for its skip, with its reason, where no real Kafka can be had
    database = f"sqlite:///{tmp_path / 'closeloop.db'}"
    with running_loop(tmp_path, database=database, clock="wall") as loop:
        body = json.dumps(events())
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        assert loop.http.post("/v1/events", content=body, headers=kind).status_code == 202
        loop.wait_until_received(len(events()))
        wait_until(
            lambda: loop.cases() == OTHERS + 1 and loop.cards_behind() == 0, 120, lambda: f"{loop.cases()} cases"
        )
        wait_until(lambda: "timeline.customer_id" in columns_with_the_mark(database), 60, lambda: "no timeline")
        wait_until(lambda: figures(loop)["metrics"] != [], 60, lambda: "no metrics")
        assert MARK in shown(loop)
        before = figures(loop)

        command = [
            sys.executable,
            "-m",
            "closeloop",
            "erase",
            CUSTOMER,
            "--yes",
            "--config",
            str(tmp_path / "loop.yaml"),
        ]
        done = subprocess.run(
            command, env={**os.environ, "DATABASE_URL": database}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert columns_with_the_mark(database) == []
        wait_until(lambda: MARK not in shown(loop), 60, lambda: "Slack still names the person")
        wait_until(lambda: figures(loop) == before, 30, lambda: f"{before}\n{figures(loop)}")
    logs = [path for path in tmp_path.rglob("*.log") if "kafka" not in str(path.relative_to(tmp_path))]
    assert [path for path in logs if path.is_file() and MARK.encode() in path.read_bytes()] == []
    if not WITH_RESTART:
        return
    with running_loop(tmp_path, database=database, clock="wall") as loop:
        wait_until(lambda: figures(loop) == before, 60, lambda: f"{before}\n{figures(loop)}")
        assert MARK not in shown(loop)
        assert columns_with_the_mark(database) == []
