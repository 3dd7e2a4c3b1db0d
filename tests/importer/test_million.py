"""A large CSV into a whole loop on a real Kafka, its import stopped by Ctrl-C and by kill -9, and gone on with.

How many rows: `CLOSELOOP_IMPORT_ROWS`, 30,000 if it is not set; a million took some minutes by hand.
"""

from __future__ import annotations

import csv
import os
import random
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.loop.running import RunningLoop, running_loop, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.kafka, pytest.mark.timeout(3600)]

ROWS = int(os.environ.get("CLOSELOOP_IMPORT_ROWS") or 30_000)
MAPPING = """
type: response
source: /survey/old
fields: {id: answer, time: at, customer_id: customer, metric: {value: nps}, score: score, comment: text}
attributes: {region: region}
"""
REGIONS = ("SP", "RJ", "MG", "BA")
DAYS = 200
GROWTH_KB = 24 * 1024


def _write(path: Path, now: datetime) -> Counter[tuple[str, str, str]]:
    """The answers of the last months, older than a week; gives how many there are a day, region and score."""
    choose = random.Random(20261122)
    expected: Counter[tuple[str, str, str]] = Counter()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["answer", "at", "customer", "score", "text", "region"])
        for number in range(ROWS):
            at = now - timedelta(days=7) - timedelta(seconds=choose.randrange(DAYS * 86_400))
            score, region = choose.randrange(11), choose.choice(REGIONS)
            writer.writerow(
                [f"a{number}", at.isoformat(), f"c{number % 50_000}", score, "muito tarde, de novo", region]
            )
            expected[at.date().isoformat(), region, str(score)] += 1
    return expected


def _import(
    loop: RunningLoop, path: Path, mapping: Path, stop: Callable[[int], int | None]
) -> tuple[int, str, list[int]]:
    """Run the import and send it the signal that `stop` gives for a number of events sent.

    Gives its exit code, its output, and the most memory it had held at each line of progress, in KiB.
    """
    held: list[int] = []
    with subprocess.Popen(
        loop.import_command(path, "--mapping", str(mapping)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CLOSELOOP_DATA_DIR": str(loop.folder)},
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        signalled = False
        for line in process.stdout:
            said.append(line)
            found = re.match(r"([\d,]+) sent, ", line)
            if found is None:
                continue
            status = Path(f"/proc/{process.pid}/status").read_text()
            held += [int(size) for size in re.findall(r"VmHWM:\s+(\d+) kB", status)]
            wanted = None if signalled else stop(int(found[1].replace(",", "")))
            if wanted is not None:
                signalled = True
                process.send_signal(wanted)
    return process.returncode, "".join(said), held


def _days(loop: RunningLoop, now: datetime) -> Counter[tuple[str, str, str]]:
    """The history as the API tells it, in the shape of what is expected."""
    first, last = now - timedelta(days=DAYS + 9), now
    days: Counter[tuple[str, str, str]] = Counter()
    for row in loop.days("nps", "region", first.date().isoformat(), last.date().isoformat()):
        for score, count in row["counts"].items():
            if count:
                days[row["day"], row["key"]["attributes.region"], score] += count
    return days


def test_a_large_table_is_counted_exactly_although_its_import_is_interrupted_twice(
    tmp_path: Path, kafka: str, record_property: Callable[[str, object], None]
) -> None:
    del kafka  # asked for its skip, with its reason, where no real Kafka can be had
    path, mapping = tmp_path / "answers.csv", tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING)
    now = datetime.now(UTC)
    expected = _write(path, now)
    with running_loop(tmp_path, clock="wall", CLOSELOOP_ZONE="UTC") as loop:
        first, second = (ROWS // 3) // 10_000 * 10_000, (2 * ROWS // 3) // 10_000 * 10_000
        code, said, _ = _import(loop, path, mapping, lambda sent: signal.SIGINT if sent >= first else None)
        assert code == 1, said
        assert "stopped; run the same import again" in said
        code, said, _ = _import(loop, path, mapping, lambda sent: signal.SIGKILL if sent >= second else None)
        assert code == -signal.SIGKILL, said
        assert "goes on after line" in said
        code, said, held = _import(loop, path, mapping, lambda _: None)
        assert code == 0, said
        assert f"sent {ROWS:,}  accepted {ROWS:,}  rejected 0" in said
        wait_until(lambda: loop.totals()["responses"]["counted"] >= ROWS, 600, lambda: str(loop.totals()))
        books = loop.totals()["responses"]
        assert books["counted"] == ROWS
        assert books["late"] == 0
        assert books["dead_letters"] == {}
        assert books["duplicates"] <= 2 * 1000, "more than the two batches under way was sent twice"
        loop.wait_until_quiet(0)
        wait_until(lambda: _days(loop, now) == expected, 120, lambda: "the history differs from the file")
        assert loop.cases() == 0, "old answers opened cases"
        assert loop.totals()["alerts"] == {}
    assert held[-1] - held[0] < GROWTH_KB, f"the import's memory grew: {held} KiB"
    record_property("held_kb", held)
    print(f"{ROWS:,} rows, {books['duplicates']:,} duplicates, memory {held[0]:,} to {held[-1]:,} KiB")  # noqa: T201
