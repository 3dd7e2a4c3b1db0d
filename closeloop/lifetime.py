"""The end of a child process: it must not outlive the process that started it, even one that was killed."""

import os
import signal
import sys
import threading
import time

STOP_WITHIN = 10.0
"""Seconds a clean stop may take once the supervisor is gone; nobody else would end a process that hangs in it."""
WATCH_VARIABLE = "CLOSELOOP_SUPERVISED"
"""Set by the supervisor: standard input is a pipe whose end means that the supervisor is gone."""


def end_with_supervisor() -> None:
    """Stop this process cleanly when its supervisor is gone.

    The supervisor holds the other end of our standard input and never writes. The kernel closes it with the
    supervisor, however that ended, so reading the end of file needs no signal, no poll and no parent id.
    """
    if os.environ.get(WATCH_VARIABLE) != "1":
        return

    def wait_for_the_end() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_WITHIN)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait_for_the_end, name="supervisor-watch", daemon=True).start()
