"""Becomes another program that the kernel ends when the process that started it dies, however it dies.

Run as a script: `python die_with_parent.py PARENT_PID PROGRAM ARGUMENT...`. It sets PR_SET_PDEATHSIG on itself and
then executes PROGRAM in its own place, so the process id stays the same. A script, not a `preexec_fn`: nothing of
Python may safely run between fork and exec in a process with threads.

PR_SET_PDEATHSIG follows the *thread* that forked: start it from a thread that lives as long as the program should.
Where the call does not exist (it is Linux's) the program runs without this protection; a clean stop of the parent
ends it all the same.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set the parent-death signal, make sure the parent still lives, become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel knew what to do about it
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - the program is our own argument, no shell is involved


if __name__ == "__main__":
    main()
