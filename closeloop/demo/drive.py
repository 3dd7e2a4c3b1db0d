"""Drives the simulated shop in real time: sends its events, and tells it which cases were resolved."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from closeloop.demo.shop import Shop
from closeloop.demo.world import TROUBLED
from closeloop_client import Client, Event, UnavailableError

STEP = 0.25
"""Seconds between two looks at what falls due."""
LOOK_AT_CASES = 2.0
"""Seconds between two looks at which cases were resolved."""
PAST_ANSWERS = 2400
"""Answers of the past month, so that the longer windows and the history have something to show at once."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def drive(url: str, customers: int, seed: int, over: threading.Event, say: Callable[[str], None]) -> None:
    """Run the shop against the gateway at ``url`` until ``over`` is set."""
    shop = Shop(customers, seed)
    with Client(url, retry_for=0) as client:
        past = list(shop.history(datetime.now(UTC), PAST_ANSWERS))
        for start in range(0, len(past), 500):
            _send(client, past[start : start + 500], over)
        began = time.monotonic()
        looked = 0.0
        trouble_said = recovery_said = False
        while not over.wait(STEP):
            elapsed = time.monotonic() - began
            _send(client, shop.advance(elapsed, datetime.now(UTC)), over)
            if elapsed - looked >= LOOK_AT_CASES:
                looked = elapsed
                for case in _resolved(url):
                    shop.case_resolved(case["id"], case["customer_id"], elapsed)
            if shop.troubled(elapsed) and not trouble_said:
                trouble_said = True
                say(f"{datetime.now():%H:%M:%S}  deliveries in {TROUBLED} go wrong now")  # noqa: DTZ005 - for the reader's clock
            if shop.recovered and not recovery_said:
                recovery_said = True
                say(f"{datetime.now():%H:%M:%S}  deliveries in {TROUBLED} are right again")  # noqa: DTZ005 - as above


def _send(client: Client, events: list[Event], over: threading.Event) -> None:
    if not events or over.is_set():
        return
    try:
        client.send(events)
    except UnavailableError:
        # A gateway that is being restarted; the shop's customers do not wait for it.
        over.wait(1)


def _resolved(url: str) -> list[dict[str, Any]]:
    try:
        with _direct.open(f"{url}/v1/cases?state=resolved&limit=200", timeout=5) as answer:
            cases: list[dict[str, Any]] = json.load(answer)["cases"]
            return cases
    except (urllib.error.URLError, OSError, ValueError):
        return []
