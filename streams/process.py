"""The process behind ``closeloop streams``."""

import asyncio
import gc
import signal

import structlog
from prometheus_client import CollectorRegistry

from schemas.config import Loop
from schemas.settings import Settings
from schemas.topics import CASES
from schemas.tracing import start_tracing
from streams.counting.case_state import CasePartition
from streams.counting.merge import Merge
from streams.counting.source_state import SourcePartition
from streams.health import Health
from streams.instruments import Instruments
from streams.intake_processor import SourceState
from streams.kafka.changelog import WriterSettings
from streams.kafka.cluster import ClusterError
from streams.kafka.transport import FetchSettings
from streams.lifecycle import WorkerCrash
from streams.plan import Plan, compile_plan
from streams.worker import Makers, Worker, WorkerSettings

GC_THRESHOLDS = (50_000, 20, 100)
"""When Python looks for cyclic garbage, by objects made and kept. Nearly all state lives long and none of it lies in
cycles: at the default of 700 a worker spends much of its time looking through it in vain, most of all while it
recovers."""

EXIT_FAILED = 1
"""Something failed: a new process takes over from what is durable."""


def worker_settings(settings: Settings) -> WorkerSettings:
    """How a worker runs on the broker that the settings name."""
    if settings.embedded_broker:
        # No transactions and no members beside us; a fetch that waits is not woken by data.
        return WorkerSettings(
            kafka=settings.kafka_link,
            data_dir=settings.data_dir / "streams",
            fetch=FetchSettings(max_wait_ms=10, session_timeout_ms=6_000, heartbeat_ms=1_000),
            writing=WriterSettings(fencing=False),
        )
    return WorkerSettings(kafka=settings.kafka_link, data_dir=settings.data_dir / "streams")


def makers(plan: Plan) -> Makers:
    """The states of every partition that a worker can have."""

    def source(topic: str, partition: int, partitions: int) -> SourceState:
        if topic == CASES:
            return CasePartition(partition, plan)
        return SourcePartition(topic, partition, partitions, plan)

    return Makers(source, lambda: Merge(plan))


def run_streams(settings: Settings, loop: Loop) -> int:
    """Run a worker until SIGTERM or SIGINT. Returns the process's exit code."""
    gc.set_threshold(*GC_THRESHOLDS)
    (settings.data_dir / "streams").mkdir(parents=True, exist_ok=True)  # Faust makes no parents
    plan = compile_plan(loop, settings.clock)
    tracing = start_tracing(settings.traces, "streams")
    worker = Worker(worker_settings(settings), makers(plan), Instruments(CollectorRegistry()), tracing)
    try:
        import uvloop
    except ImportError:  # not made for every platform
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        with runner:
            return runner.run(serve(settings, worker))
    finally:
        tracing.close()


async def serve(settings: Settings, worker: Worker) -> int:
    """Run a worker with its health server until SIGTERM or SIGINT. Returns the exit code."""
    log = structlog.get_logger("streams")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    health = Health(worker.registry, lambda: worker.alive, lambda: worker.ready)
    await health.start(settings.health_host, settings.health_port)
    log.info("serving", host=settings.health_host, port=health.port)
    try:
        await worker.run(stop)
    except (ClusterError, WorkerCrash) as exc:
        log.critical("ended", reason=str(exc))
        return EXIT_FAILED
    finally:
        await health.stop()
    log.info("stopped")
    return 0
