"""A few worker threads that make calls and put what came of them into one queue."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

R = TypeVar("R")


class Crew(Generic[R]):
    """Runs jobs in daemon threads: a call that hangs never keeps the process from ending.

    A job returns its result, or ``None``. A job that raises is a fault: :meth:`results` raises it again.
    """

    def __init__(self, size: int, done: threading.Event) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], R | None] | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[R | BaseException | None] = queue.SimpleQueue()
        self._done = done
        self._threads = [
            threading.Thread(target=self._work, name=f"slack-{number}", daemon=True) for number in range(size)
        ]
        self.busy = 0
        for thread in self._threads:
            thread.start()

    def give(self, job: Callable[[], R | None]) -> None:
        """Have a job done as soon as a thread is free."""
        self.busy += 1
        self._jobs.put(job)

    def results(self) -> list[R]:
        """What has been finished since the last look."""
        found: list[R] = []
        while True:
            try:
                result = self._finished.get_nowait()
            except queue.Empty:
                return found
            self.busy -= 1
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                found.append(result)

    def dismiss(self) -> None:
        """End the threads once they are done with what they do."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                self._finished.put(job())
            except BaseException as error:  # noqa: BLE001 - raised again where the results are taken
                self._finished.put(error)
            self._done.set()
