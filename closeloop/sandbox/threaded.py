"""A sandbox in its own thread, for tests and programs that are not asynchronous."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from closeloop.sandbox.control import inspect
from closeloop.sandbox.faults import Fault
from closeloop.sandbox.model import Json
from closeloop.sandbox.server import Sandbox

Result = TypeVar("Result")


class ThreadedSandbox:
    """A running sandbox in its own thread, for tests and programs that are not asynchronous."""

    def __init__(self, sandbox: Sandbox, loop: asyncio.AbstractEventLoop) -> None:
        self.sandbox = sandbox
        self._loop = loop

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.sandbox.url

    @property
    def api_url(self) -> str:
        """The base URL for Slack clients."""
        return self.sandbox.api_url

    def run(self, work: Coroutine[Any, Any, Result], seconds: float = 30.0) -> Result:
        """Run a coroutine in the sandbox's loop, for example `run(sandbox.people.click(Click(..)))`."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def add_fault(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._loop.call_soon_threadsafe(self.sandbox.core.faults.add, fault, self.sandbox.core.clock())

    def state(self, channel: str | None = None) -> Json:
        """What `GET /control/state` answers."""

        async def look() -> Json:
            return inspect(self.sandbox.core, self.sandbox.sockets, channel=channel)

        return self.run(look())


@contextlib.contextmanager
def in_thread(sandbox: Sandbox) -> Iterator[ThreadedSandbox]:
    """Run a sandbox in a thread for the length of a `with` block.

    Raises:
        OSError: the port is taken.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result(30)
        try:
            yield ThreadedSandbox(sandbox, loop)
        finally:
            asyncio.run_coroutine_threadsafe(sandbox.stop(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
