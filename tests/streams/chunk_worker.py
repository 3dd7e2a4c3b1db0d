"""A worker process for the transport's tests: writes down every record it got, releases chunks after a delay.

Arguments: bootstrap, group, topic, log file, JSON options. The log has one line a record: ``partition offset``.
"""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

import faust
from faust.types import TP
from mode.supervisors import CrashingSupervisor

from streams.kafka.chunks import Chunk
from streams.kafka.transport import ChunkApp, FetchSettings
from streams.lifecycle import WorkerCrash, run_app


async def main() -> int:
    bootstrap, group, topic, log, raw = sys.argv[1:]
    options = json.loads(raw)
    app = ChunkApp(
        group,
        broker=f"kafka://{bootstrap}",
        fetch=FetchSettings(
            chunk_records=options.get("chunk_records", 100),
            max_wait_ms=options.get("max_wait_ms", 100),
            session_timeout_ms=6_000,
            heartbeat_ms=500,
        ),
        broker_commit_interval=options.get("commit_interval", 0.3),
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
        datadir=options["datadir"],
    )
    held: list[Chunk] = []
    parked: set[TP] = set()  # chunks that an agent still has queued after the handover are not its own any more
    fail_at: int | None = options.get("fail_at")
    never_release: int | None = options.get("never_release")

    def release_all() -> None:
        while held:
            app.chunk_consumer.release(held.pop(0))

    with Path(log).open("a", buffering=1) as out:  # noqa: ASYNC230  a line-buffered log is all this worker does

        async def agent(stream: faust.StreamT[Chunk]) -> None:
            async for chunk in stream:
                if TP(chunk.topic, chunk.partition) in parked:
                    continue
                if fail_at is not None and chunk.first <= fail_at <= chunk.last:
                    raise RuntimeError("told to fail")
                lines = [f"{chunk.partition} {record.offset}\n" for record in chunk.records]
                out.write("".join(lines))
                if never_release is None or not chunk.first <= never_release <= chunk.last:
                    held.append(chunk)
                await asyncio.sleep(options.get("delay", 0.0))

        app.agent(app.chunk_topic(topic), supervisor_strategy=CrashingSupervisor)(agent)

        class Listener:
            def assigned(self, partitions: frozenset[TP]) -> None:
                parked.clear()
                for tp in partitions:
                    app.chunk_consumer.admit(tp)

            async def handover(self, partitions: frozenset[TP]) -> None:
                parked.update(partitions)
                release_all()

        app.listener = Listener()

        async def flusher() -> None:
            while True:
                await asyncio.sleep(options.get("flush_interval", 0.2))
                release_all()

        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        flushing = asyncio.create_task(flusher())
        try:
            await run_app(app, stop)
        except WorkerCrash as exc:
            sys.stderr.write(f"{exc}\n")
            return 3
        finally:
            flushing.cancel()
    return 0


if __name__ == "__main__":
    if "-v" in sys.argv[-1]:
        logging.basicConfig(level=logging.INFO)
    logging.basicConfig(level=logging.WARNING)
    sys.exit(asyncio.run(main()))
