"""The parts of the room: one thread each, one way to stop, and no part that dies unnoticed."""

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

Run = Callable[[], None]


@dataclass(slots=True)
class Backoff:
    """Waiting times in seconds that double from ``first`` to ``longest``."""

    first: float = 0.1
    longest: float = 5.0
    _next: float = field(init=False, default=0.0)

    def wait(self, stop: threading.Event) -> None:
        """Wait before the next attempt, or until the process is to stop."""
        self._next = min(self.longest, self._next * 2) if self._next else self.first
        stop.wait(self._next)

    def reset(self) -> None:
        """Begin again with the shortest wait: it worked."""
        self._next = 0.0


class Part:
    """A named thread. An exception that leaves it is kept in ``failed`` and ends the whole process."""

    def __init__(self, name: str, run: Run, ended: threading.Event) -> None:
        self.name = name
        self.failed = False
        self._run = run
        self._ended = ended
        self._thread = threading.Thread(target=self._guard, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds for the thread's end; whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _guard(self) -> None:
        try:
            self._run()
        except BaseException as error:  # noqa: BLE001 - the last line: the process ends because of it
            self.failed = True
            # The text of an exception may hold customers' data; its type and place do not.
            places = [
                f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
            structlog.get_logger().critical(
                "part failed", part=self.name, error=type(error).__name__, places=places[-12:]
            )
        finally:
            self._ended.set()
