"""A whole worker, with the counting state or, if asked, the real one.

Arguments: bootstrap, prefix of the topics, data folder, health port, JSON options.
"""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from closeloop.logs import configure_logs
from schemas.kafka_link import KafkaLink
from schemas.loop_yaml import load
from schemas.settings import Settings
from streams.instruments import Instruments
from streams.kafka.transport import FetchSettings
from streams.partition import Pace
from streams.plan import compile_plan
from streams.process import makers, serve
from streams.worker import Makers, Worker, WorkerSettings
from tests.streams.counting import CountingMerge, CountingSource

ROOT = Path(__file__).parents[2]


def main() -> int:
    bootstrap, prefix, folder, port, raw = sys.argv[1:]
    options = json.loads(raw)
    configure_logs("info")
    if options.get("real"):
        states = makers(compile_plan(load(ROOT / "loop.yaml"), "wall"))
    else:
        states = Makers(partial(CountingSource, crash=options.get("crash", False)), CountingMerge)
    worker = Worker(
        WorkerSettings(
            kafka=KafkaLink(bootstrap),
            data_dir=Path(folder),
            group=f"{prefix}streams",
            prefix=prefix,
            pace=Pace(interval=options.get("interval", 0.2)),
            fetch=FetchSettings(chunk_records=100, session_timeout_ms=6_000, heartbeat_ms=500, max_wait_ms=100),
            commit_interval=0.3,
        ),
        states,
        Instruments(CollectorRegistry()),
    )
    return asyncio.run(serve(Settings(kafka=bootstrap, health_port=int(port)), worker))


if __name__ == "__main__":
    sys.exit(main())
