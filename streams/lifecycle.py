"""Runs a Faust app inside our own event loop: no command line, no signal handlers, no logging or stdout of Faust's."""

import asyncio

from streams.kafka.transport import ChunkApp


class WorkerCrash(Exception):  # noqa: N818  it is what happened, and the supervisor's reason to start a new worker
    """The app stopped by itself. Nothing past what was durable has been committed; start a new process."""


async def run_app(app: ChunkApp, stop: asyncio.Event, stop_timeout: float = 8.0) -> None:
    """Run until ``stop`` is set or something in the app fails; then flush, commit and leave the group.

    Raises WorkerCrash with the reason as its cause if the app failed, or if it did not stop within ``stop_timeout``
    seconds.
    """
    starting = asyncio.create_task(app.start(), name="faust-start")
    asked = asyncio.create_task(stop.wait(), name="stop-asked")
    ended = asyncio.create_task(app.wait_until_stopped(), name="faust-ended")
    try:
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and not starting.cancelled() and (failed := starting.exception()) is not None:
            raise WorkerCrash(f"the streams app did not start: {failed!r}") from failed
    finally:
        asked.cancel()
        ended.cancel()
        starting.cancel()
        try:
            async with asyncio.timeout(stop_timeout):
                await app.stop()
        except TimeoutError:
            raise WorkerCrash(f"the streams app did not stop within {stop_timeout:g} s") from None
        await asyncio.gather(asked, ended, starting, return_exceptions=True)
    if app.crashed:
        raise WorkerCrash(f"the streams app failed: {app.crash_reason!r}") from app.crash_reason
