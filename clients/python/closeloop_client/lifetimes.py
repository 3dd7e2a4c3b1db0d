"""The ends and the forks of a process: what an emitter has to do then, without being kept alive by it."""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Callable
from typing import Protocol


class Ending(Protocol):
    """What wants to know of exits and forks."""

    def at_exit(self) -> None:
        """The process ends in its regular way."""

    def after_fork(self) -> None:
        """This is the child of a fork."""


def watch(ending: Ending) -> Callable[[], None]:
    """Have an object told of the exit and of forks, as long as it lives; gives what ends that."""
    reference = weakref.ref(ending)

    def exit_() -> None:
        found = reference()
        if found is not None:
            found.at_exit()

    def forked() -> None:
        found = reference()
        if found is not None:
            found.after_fork()

    atexit.register(exit_)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forked)
    return lambda: atexit.unregister(exit_)


def end_with_multiprocessing(ending: Ending) -> None:
    """In a child of ``multiprocessing``, which ends without exit hooks: have the object told by its own.

    Called where the first event is handed over, since the child clears what was registered before it began.
    """
    process = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None:
        return
    from multiprocessing.util import Finalize

    reference = weakref.ref(ending)

    def finish() -> None:
        found = reference()
        if found is not None:
            found.at_exit()

    Finalize(None, finish, exitpriority=100)
