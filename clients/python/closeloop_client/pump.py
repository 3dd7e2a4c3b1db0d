"""What moves events from the host's calls to their destination: one queue, one thread, and the counts of both."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from closeloop_client.destinations import Destination, Tried, all_again
from closeloop_client.lifetimes import end_with_multiprocessing, watch
from closeloop_client.notices import THREAD_NAME
from closeloop_client.outcomes import Delivery, DropReason, OnDelivery, Stats
from closeloop_client.outgoing import Outgoing, Queue
from closeloop_client.reporting import Reporter
from closeloop_client.transport import Patience

WhenFull = Literal["drop_newest", "drop_oldest", "block"]
BATCH_BYTES = 2 * 1024 * 1024
LOOK_FOR_ORPHANS = 30.0
"""Seconds between two looks for events of processes that died."""
_PATIENCE = Patience(first_pause=0.2, longest_pause=10.0)
_HELP_PAUSE = 10.0
"""Seconds between two tries of what needs somebody's help first."""
LONGEST_ASKED = 300.0
"""Seconds that are waited at most where the other end asks for a pause."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a pump works; the fields are described at :class:`closeloop_client.Emitter`."""

    when_full: WhenFull = "drop_newest"
    block_for: float = 1.0
    batch_events: int = 500
    linger: float = 0.2
    exit_flush: float = 5.0


class Pump:
    """Takes events without waiting, and sends them in their order until each is taken, rejected or dropped."""

    def __init__(self, queue: Queue, destination: Destination, pace: Pace, on_delivery: OnDelivery | None) -> None:
        self._queue = queue
        self._destination = destination
        self._most_bytes = getattr(destination, "batch_bytes", BATCH_BYTES)
        self._pace = pace
        self._reporter = Reporter(on_delivery)
        self._closed = False
        self._begin()
        self._unwatch = watch(self)

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._something = threading.Condition(self._lock)  # tells the thread that there is something to do
        self._room = threading.Condition(self._lock)  # tells who waits for room or for a flush
        self._thread: threading.Thread | None = None
        self._left: Sequence[Outgoing] = []  # of the batch under way, what is not at its end
        self._over = False
        self._idle = self._lingering = self._kicked = self._telling = False
        self._hurry = 0
        self._accepted = self._delivered = self._rejected = self._dropped = self._invalid = self._retries = 0
        self._problem = ""
        self._looked_for_orphans = -LOOK_FOR_ORPHANS

    def offer(self, item: Outgoing) -> None:
        """Take an event, or drop one as the policy says. Waits only where that is the policy."""
        given_up: list[Outgoing] = []
        reason: DropReason = "full"
        with self._lock:
            if self._closed:
                given_up, reason = [item], "closed"
            else:
                try:
                    taken = self._queue.put(item) or self._make_room(item, given_up)
                except OSError as error:
                    taken, reason = False, "spool"
                    text = f"closeloop: the spool takes no events ({error.strerror}); {{n}} dropped"
                    self._reporter.notices.warn("disk", text)
                if taken:
                    self._accepted += 1
                    self._wake()
                else:
                    given_up.append(item)
        if given_up:
            self._drop(given_up, reason)

    def refuse(self, delivery: Delivery, *, told: bool) -> None:
        """Count an event that is not fit to be sent; ``told``: whoever made it got an error."""
        with self._lock:
            self._invalid += 1
        if not told:
            self._reporter.invalid(delivery)

    @property
    def may_block(self) -> bool:
        """Whether :meth:`offer` waits for room."""
        return self._pace.when_full == "block"

    @property
    def stats(self) -> Stats:
        """The counts of this moment."""
        with self._lock:
            return Stats(
                accepted=self._accepted,
                delivered=self._delivered,
                rejected=self._rejected,
                dropped=self._dropped + getattr(self._queue, "lost", 0),
                invalid=self._invalid,
                retries=self._retries,
                recovered=getattr(self._queue, "recovered", 0),
                waiting=self._queue.waiting,
                waiting_bytes=self._queue.waiting_bytes,
                problem=self._problem,
            )

    def flush(self, timeout: float) -> bool:
        """Send what was taken before this call; False if some of it still waits after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._lock:
            if self._closed:
                return self._queue.waiting == 0
            target = self._accepted
            if self._queue.oldest < target:
                self._hurry = max(self._hurry, target)
                self._kicked = True
                self._start()
                if self._thread is None:
                    return False
                self._something.notify_all()
            while (self._queue.oldest < target or self._telling) and not self._closed:
                if threading.current_thread() is self._thread:  # a callback: nothing would come of waiting for itself
                    return False
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._room.wait(min(left, threading.TIMEOUT_MAX))
            return self._queue.oldest >= target or self._queue.waiting == 0

    def close(self, timeout: float) -> None:
        """Send what waits for at most about ``timeout`` seconds, and end."""
        self.flush(timeout)
        with self._lock:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
            self._something.notify_all()
            self._room.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(min(timeout, 1.0))
        with self._lock:
            self._over = True
            lost = self._queue.close()
        if lost:
            self._drop(lost, "closed")
        if thread is None:
            self._destination.close(0.0)
        self._unwatch()

    def at_exit(self) -> None:
        """The process ends: flush within the bound."""
        self.close(self._pace.exit_flush)

    def after_fork(self) -> None:
        """This is a forked child: what waits is the parent's, and so is its thread; begin with nothing."""
        self._begin()
        self._queue.forget()
        self._destination.forget()

    def _make_room(self, item: Outgoing, given_up: list[Outgoing]) -> bool:
        self._hurry = max(self._hurry, self._accepted)  # nobody lingers over a full buffer
        if self._lingering:
            self._something.notify()
        if self._pace.when_full == "drop_oldest":
            while dropped := self._queue.drop_oldest():
                given_up += dropped
                if self._queue.put(item):
                    return True
        elif self._pace.when_full == "block":
            deadline = time.monotonic() + self._pace.block_for
            while (left := deadline - time.monotonic()) > 0:
                self._wake()
                self._room.wait(left)
                if self._closed:
                    return False
                if self._queue.put(item):
                    return True
        return False

    def _wake(self) -> None:
        """Wake the thread only when it has to: each waking takes time from the host."""
        if self._thread is None:
            self._start()
        elif self._idle or (self._lingering and self._queue.waiting >= self._pace.batch_events):
            self._idle = self._lingering = False
            self._something.notify()

    def _start(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter ends: the next event tries again
            self._reporter.notices.warn("thread", "closeloop: no thread can be started to send events; they wait")
            return
        self._thread = thread
        end_with_multiprocessing(self)

    def _run(self) -> None:
        try:
            while not self._closed:
                try:
                    if self._left or self._next():
                        self._deliver()
                except Exception as error:  # noqa: BLE001 - a disk that cannot be read, say: what waits is tried again
                    text = f"closeloop: sending fails with {type(error).__name__} and goes on"
                    self._reporter.notices.warn("thread", text)
                    self._pause(1.0, 1.0)
        finally:
            if not self._closed:  # ended by the host, by a SystemExit in its callback, say: the next event begins anew
                self._thread = None
        self._destination.close(1.0)

    def _next(self) -> bool:
        """Wait for events to be sent, and take them; false when the pump is closed."""
        with self._lock:
            while not self._closed:
                orphans = self._look_for_orphans()
                if self._queue.waiting or orphans:
                    if orphans or self._linger():
                        self._hurry = max(self._hurry, self._accepted)  # who is left behind has lingered, too
                        self._left = self._queue.take(self._pace.batch_events, self._most_bytes)
                    if self._left:
                        return True
                    continue
                self._idle = True
                self._something.wait(LOOK_FOR_ORPHANS)
                self._idle = False
        return False

    def _linger(self) -> bool:
        """Wait for more events to go with the first, unless somebody waits for it; whether the pump is still open."""
        deadline = time.monotonic() + self._pace.linger
        self._lingering = True
        while (
            not self._closed
            and self._queue.waiting < self._pace.batch_events
            and self._queue.oldest >= self._hurry
            and (left := deadline - time.monotonic()) > 0
        ):
            self._something.wait(left)
            self._lingering = True
        self._lingering = False
        return not self._closed

    def _look_for_orphans(self) -> bool:
        adopt = getattr(self._queue, "adopt", None)
        if adopt is None:
            return False
        now = time.monotonic()
        if now - self._looked_for_orphans >= LOOK_FOR_ORPHANS:
            self._looked_for_orphans = now
            try:
                adopt()
            except OSError as error:
                text = f"closeloop: the spool cannot be looked through ({error.strerror})"
                self._reporter.notices.warn("adopt", text)
        return bool(getattr(self._queue, "has_orphans", False))

    def _deliver(self) -> None:
        """Send what is left of a batch until each of its events is at its end, or the pump is closed."""
        failures = 0
        while batch := self._left:
            try:
                tried = self._destination.deliver(batch)
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a destination does
                tried = all_again(batch, f"fails with {type(error).__name__}", needs_help=True)
            self._settle(batch, tried)
            if not self._left:
                continue
            failures = 1 if len(self._left) < len(batch) else failures + 1
            self._reporter.away(self._destination, tried.problem)
            pause = _PATIENCE.pause(failures, random.random())  # noqa: S311 - spreads load, hides nothing
            if tried.needs_help:
                pause = max(pause, _HELP_PAUSE)
            going_on, kicked = self._pause(pause, min(tried.pause, LONGEST_ASKED))
            if not going_on:
                return
            failures = 0 if kicked else failures
        self._reporter.back(self._destination)

    def _pause(self, pause: float, asked: float) -> tuple[bool, bool]:
        """Wait; whether to go on, and whether a flush cut the pause short. What was ``asked`` for is not cut."""
        began = time.monotonic()
        with self._lock:
            while not self._closed:
                waited = time.monotonic() - began
                if waited >= max(pause, asked):
                    return True, False
                if self._kicked and waited >= asked:
                    self._kicked = False
                    return True, True
                self._something.wait((asked if self._kicked else max(pause, asked)) - waited)
        return False, False

    def _settle(self, batch: Sequence[Outgoing], tried: Tried) -> None:
        """Count and tell what became of a try, and note the events to be sent again."""
        left = [item for item, result in zip(batch, tried.results, strict=True) if result is None]
        ended = [
            Delivery(item.id, item.type, "delivered")
            if result.accepted
            else Delivery(item.id, item.type, "rejected", result.reason, result.field, result.problem)
            for item, result in zip(batch, tried.results, strict=True)
            if result is not None
        ]
        with self._lock:
            if self._over:
                self._left = []
                return
            delivered = sum(delivery.status == "delivered" for delivery in ended)
            self._delivered += delivered
            self._rejected += len(ended) - delivered
            self._retries += bool(left)
            self._problem = tried.problem if left else ""
            self._queue.settle(left)
            self._left = left
            self._telling = True
            self._room.notify_all()
        try:
            self._reporter.tell(ended)
            self._reporter.rejected(ended)
        finally:
            with self._lock:
                self._telling = False
                self._room.notify_all()

    def _drop(self, items: Sequence[Outgoing], reason: DropReason) -> None:
        with self._lock:
            self._dropped += len(items)
        if reason == "full":
            self._reporter.full(len(items), self._problem)
        elif reason == "closed":
            text = "closeloop: {n} events dropped, for the emitter was closed"
            self._reporter.notices.warn("closed", text, len(items))
        self._reporter.tell([Delivery(item.id, item.type, "dropped", reason) for item in items])
