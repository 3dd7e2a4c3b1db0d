"""A whole worker with the counting state. Arguments: bootstrap, prefix, data folder, health port, JSON options."""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from schemas.settings import Settings
from streams.instruments import Instruments
from streams.logs import configure_logs
from streams.partition import Pace
from streams.process import serve
from streams.transport import FetchSettings
from streams.worker import Makers, Worker, WorkerSettings
from tests.streams.counting import CountingMerge, CountingSource


def main() -> int:
    bootstrap, prefix, folder, port, raw = sys.argv[1:]
    options = json.loads(raw)
    configure_logs("info")
    worker = Worker(
        WorkerSettings(
            bootstrap=bootstrap,
            data_dir=Path(folder),
            group=f"{prefix}streams",
            prefix=prefix,
            pace=Pace(interval=options.get("interval", 0.2)),
            fetch=FetchSettings(chunk_records=100, session_timeout_ms=6_000, heartbeat_ms=500, max_wait_ms=100),
            commit_interval=0.3,
        ),
        Makers(partial(CountingSource, crash=options.get("crash", False)), CountingMerge),
        Instruments(CollectorRegistry()),
    )
    return asyncio.run(serve(Settings(kafka=bootstrap, health_port=int(port)), worker))


if __name__ == "__main__":
    sys.exit(main())
