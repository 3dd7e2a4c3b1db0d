"""What the console costs: ``python -m benchmarks.console`` on a real loop, printed as the tables of docs/scaling.md.

A real Kafka, every room, a cut of many keys, a database with many cases, a steady stream of answers over HTTP; then the
same with many open pages that follow what changes. Said are the time to the first paint in Chromium, the size of a page
and of its updates, and what the pages do to the streams: their CPU and how far they are behind.

``KEYS`` (10,000), ``CASES`` (100,000), ``RATE`` (500 answers a second), ``TABS`` (50), ``SECONDS`` (60) set the sizes.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import insert

from benchmarks.machine import machine
from benchmarks.progress import Progress
from closeloop.ports import free_port
from schemas.database import open_database
from schemas.migrate import upgrade
from schemas.tables import CaseEventRow, CaseRow

ROOT = Path(__file__).parents[1]
CUT = "store"
VIEWS = tuple(
    f"{path}{'&' if '?' in path else '?'}language={language}"
    for path in (f"/now?cut={CUT}", "/now", f"/now?cut={CUT}&window=1h", "/now?window=7d", "/now?cut=region")
    for language in ("en", "ru")
)
"""What the tabs look at: ten views, so that five tabs share each."""

_LAG = re.compile(r"^closeloop_streams_lag_records\{.*\} (\S+)$", re.MULTILINE)


class Sizes(msgspec.Struct, frozen=True):
    """How much of everything."""

    keys: int = 10_000
    cases: int = 100_000
    rate: int = 500
    tabs: int = 50
    seconds: int = 60


class Seen(msgspec.Struct):
    """What went on during one stretch of time."""

    sent: int = 0
    streams_cpu: float = 0.0
    gateway_cpu: float = 0.0
    lag: list[float] = []
    updates: int = 0
    update_bytes: int = 0
    sizes: list[int] = []


def main() -> None:
    """Run it all and print the figures."""
    given = {name: int(os.environ[name.upper()]) for name in Sizes.__struct_fields__ if name.upper() in os.environ}
    sizes, progress = Sizes(**given), Progress()
    with tempfile.TemporaryDirectory(prefix="closeloop-console-") as made:
        folder = Path(made)
        progress.say(f"{sizes.cases:,} cases into the database")
        fill(folder / "closeloop.db", sizes.cases)
        with loop(folder) as url:
            progress.say(f"{sizes.keys:,} keys of a cut")
            fill_keys(url, sizes.keys)
            paint = first_paint(url, progress)
            quiet = stretch(url, folder, sizes, tabs=0)
            progress.say("without tabs: done")
            busy = stretch(url, folder, sizes, tabs=sizes.tabs)
        progress.end()
    print(report(sizes, paint, quiet, busy))


def fill(file: Path, cases: int) -> None:
    """A database with closed and open cases of the last month, one entry of history each."""
    url = f"sqlite:///{file}"
    upgrade(url)
    engine = open_database(url)
    chance, now = random.Random(7), datetime.now(UTC)
    states = ("resolved",) * 90 + ("dismissed",) * 5 + ("open", "open", "acknowledged", "contacted", "contacted")
    with engine.begin() as connection:
        for start in range(0, cases, 5000):
            rows = [case(number, chance, now, states) for number in range(start + 1, min(start + 5000, cases) + 1)]
            connection.execute(insert(CaseRow), rows)
            connection.execute(insert(CaseEventRow), [event(row) for row in rows])
    engine.dispose()


def case(number: int, chance: random.Random, now: datetime, states: tuple[str, ...]) -> dict[str, Any]:
    """A row of ``cases``."""
    opened = now - timedelta(seconds=chance.uniform(3600, 30 * 86_400))
    state = chance.choice(states)
    contacted = opened + timedelta(minutes=chance.uniform(5, 600)) if state not in ("open", "acknowledged") else None
    score = chance.randrange(7)
    return {
        "id": number,
        "version": 1,
        "subject": "customer",
        "customer_id": f"bench-{number}",
        "programme": "feedback",
        "state": state,
        "severity": chance.choice(("normal", "normal", "normal", "high", "critical")),
        "page": True,
        "receiver": chance.choice(("customer_care", "delivery", "billing", "support_desk")),
        "owner": chance.choice(("ana", "bruno", "samuel", "grace")),
        "opened_at": opened,
        "updated_at": opened,
        "contacted_at": contacted,
        "closed_at": contacted if state in ("resolved", "dismissed") else None,
        "acknowledge_by": opened + timedelta(days=40),
        "contact_by": opened + timedelta(days=40),
        "resolve_by": opened + timedelta(days=chance.choice((10, 40, 40, 40))),
        "business_seconds": 0.0,
        "seconds_on_hold": 0.0,
        "entered": {},
        "answer_count": 1,
        "latest_alert": {
            "id": f"bench-{number}",
            "rule": "detractor",
            "reason": f"NPS {score} is at or below 6.",
            "severity": "normal",
            "programme": "feedback",
            "customer_id": f"bench-{number}",
            "event_source": "/bench",
            "event_id": str(number),
            "event_time": opened.isoformat(),
            "detected_at": opened.isoformat(),
            "metric": "nps",
            "score": score,
            "scale_min": 0,
            "scale_max": 10,
            "touchpoint": "order.delivered",
            "comment": "Atrasou de novo e ninguém responde no chat." if number % 2 else None,
        },
        "touchpoint": "order.delivered",
        "attributes": {},
    }


def event(row: dict[str, Any]) -> dict[str, Any]:
    """The entry of its history that says that it was opened."""
    return {
        "id": f"bench-{row['id']}",
        "case_id": row["id"],
        "version": 1,
        "action": "opened",
        "to_state": "open",
        "at": row["opened_at"],
        "actor": "system",
        "via": "system",
        "detail": {"rule": "detractor"},
        "payload": {},
        "published_at": row["opened_at"],
    }


@contextmanager
def loop(folder: Path) -> Iterator[str]:
    """A whole loop on a local Kafka with the cut of many keys, over the database that is there."""
    example = (ROOT / "loop.yaml").read_text()
    config = folder / "loop.yaml"
    config.write_text(re.sub(r"^cuts:\n", f"cuts:\n  {CUT}: [attributes.{CUT}]\n", example, flags=re.MULTILINE))
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CLOSELOOP_", "SLACK_"))}
    environment |= {"DATABASE_URL": f"sqlite:///{folder / 'closeloop.db'}", "CLOSELOOP_SLACK_PACE": "1000"}
    command = [
        *(sys.executable, "-m", "closeloop", "up", "--broker", "local", "--port", str(port)),
        *("--sandbox-port", str(free_port()), "--data-dir", str(folder), "--config", str(config)),
    ]
    with (folder / "up.log").open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line.startswith("ready"):
                sys.exit((folder / "up.log").read_text()[-2000:])
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def answer(number: int, keys: int, chance: random.Random) -> dict[str, Any]:
    """An answer that flags nobody: what cases cost is not what is measured."""
    return {
        "specversion": "1.0",
        "id": f"console-{number}-{time.monotonic_ns()}",
        "source": "/bench/console",
        "type": "closeloop.response.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {
            "customer_id": f"c{number % 50_000}",
            "metric": "nps",
            "score": chance.choice((7, 8, 9, 10)),
            "touchpoint": "order.delivered",
            "attributes": {CUT: f"store {number % keys:05d}", "region": chance.choice(("SP", "RJ", "MG", "BA"))},
        },
    }


def fill_keys(url: str, keys: int) -> None:
    """One answer for each key, and wait until the page knows them all."""
    chance = random.Random(1)
    with httpx.Client(base_url=url, timeout=60) as http:
        for start in range(0, keys, 1000):
            http.post("/v1/events", json=[answer(n, keys, chance) for n in range(start, min(start + 1000, keys))])
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found = http.get("/v1/metrics", params={"metric": "nps", "window": "24h", "cut": CUT}).json()
            if len(found) >= keys:
                return
            time.sleep(1)
    sys.exit(f"only {len(found):,} of {keys:,} keys arrived")


def first_paint(url: str, progress: Progress) -> dict[str, list[float]]:
    """Milliseconds until the first byte and the first paint, and kB over the wire, five times each, by page."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    arguments = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]
    script = """() => {
      const paint = performance.getEntriesByName('first-contentful-paint')[0];
      const page = performance.getEntriesByType('navigation')[0];
      return [page.responseStart, paint ? paint.startTime : -1, page.encodedBodySize / 1000];
    }"""
    found: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for path in (f"/now?cut={CUT}", "/cases", "/pipeline"):
            runs: list[list[float]] = []
            for _ in range(5):
                page = browser.new_context().new_page()
                page.goto(url + path, wait_until="load")
                page.wait_for_timeout(300)
                runs.append(page.evaluate(script))
                page.context.close()
            found[path] = [statistics.median(column) for column in zip(*runs, strict=True)]
            progress.say(f"{path}: first paint {found[path][1]:.0f} ms")
        browser.close()
    return found


def stretch(url: str, folder: Path, sizes: Sizes, tabs: int) -> Seen:
    """Send answers at the rate for a while, with so many tabs open, and look at the processes."""
    seen, ended = Seen(), threading.Event()
    threads = [threading.Thread(target=tab, args=(url, VIEWS[n % len(VIEWS)], seen, ended)) for n in range(tabs)]
    for thread in threads:
        thread.start()
    time.sleep(5 if tabs else 1)
    seen.updates = seen.update_bytes = 0
    seen.sizes.clear()
    before = cpu(folder, "streams"), cpu(folder, "gateway")
    chance, began = random.Random(2), time.monotonic()
    health = health_port(folder, "streams")
    with httpx.Client(timeout=30) as http:
        while (passed := time.monotonic() - began) < sizes.seconds:
            due = int(sizes.rate * passed) - seen.sent
            if due > 0:
                batch = [answer(chance.randrange(sizes.keys), sizes.keys, chance) for _ in range(min(due, 500))]
                http.post(f"{url}/v1/events", json=batch).raise_for_status()
                seen.sent += len(batch)
            if len(seen.lag) < passed:
                text = http.get(f"http://127.0.0.1:{health}/metrics").text
                seen.lag.append(sum(map(float, _LAG.findall(text))))
            time.sleep(0.05)
    seen.streams_cpu = cpu(folder, "streams") - before[0]
    seen.gateway_cpu = cpu(folder, "gateway") - before[1]
    ended.set()
    for thread in threads:
        thread.join(30)
    return seen


def tab(url: str, path: str, seen: Seen, ended: threading.Event) -> None:
    """One open page: load it, then read what changes."""
    with httpx.Client(base_url=url, timeout=60) as http:
        html = http.get(path).text
        mark = re.search(r'name="closeloop-mark" content="([^"]+)"', html)
        where = f"/console/live{path}&mark={mark[1] if mark else ''}"
        with http.stream("GET", where) as stream:
            size = 0
            for line in stream.iter_lines():
                size += len(line.encode()) + 1
                if not line and size > len(": still here") + 2:
                    seen.updates += 1
                    seen.update_bytes += size
                    seen.sizes.append(size)
                    size = 0
                if ended.is_set():
                    return


def health_port(folder: Path, room: str) -> str:
    """Where a room that the supervisor started tells its metrics."""
    pid = (folder / "run" / f"{room}.pid").read_text().strip()
    environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return next(one.partition("=")[2] for one in environment if one.startswith("CLOSELOOP_HEALTH_PORT="))


def cpu(folder: Path, room: str) -> float:
    """Seconds of CPU that a room's process has used."""
    pid = (folder / "run" / f"{room}.pid").read_text().strip()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(sizes: Sizes, paint: dict[str, list[float]], quiet: Seen, busy: Seen) -> str:
    """The tables."""
    lines = [
        f"{machine()}; load averages {', '.join(f'{one:.1f}' for one in os.getloadavg())}",
        f"{sizes.keys:,} keys, {sizes.cases:,} cases, {sizes.rate} answers/s for {sizes.seconds} s, {sizes.tabs} tabs",
        "",
        "| page | first byte, ms | first paint, ms | kB |",
        "|---|---:|---:|---:|",
        *(f"| `{path}` | {row[0]:.0f} | {row[1]:.0f} | {row[2]:.0f} |" for path, row in paint.items()),
        "",
        "| | answers | streams CPU, us an answer | streams lag, records, median / most | gateway CPU, s a second |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, seen in (("no tab", quiet), (f"{sizes.tabs} tabs", busy)):
        lag = f"{statistics.median(seen.lag):.0f} / {max(seen.lag):.0f}" if seen.lag else "not known"
        each = 1e6 * seen.streams_cpu / max(1, seen.sent)
        lines.append(f"| {name} | {seen.sent:,} | {each:.0f} | {lag} | {seen.gateway_cpu / sizes.seconds:.2f} |")
    if busy.updates:
        each = statistics.median(busy.sizes) / 1000
        a_tab = busy.update_bytes / 1000 / sizes.seconds / sizes.tabs
        rate = busy.updates / sizes.seconds / sizes.tabs
        lines += ["", f"An update: {each:.1f} kB (median); a tab gets {rate:.2f} a second, {a_tab:.1f} kB/s."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
