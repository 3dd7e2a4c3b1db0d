"""Who owns which part of a spool's folder: each process a folder of its own, under a lock that ends with it.

A folder appears complete, with its lock held: nobody can take a new one for an orphan. A folder whose lock can be had
belongs to no living process, and whoever has the lock now owns it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

try:
    import fcntl
except ImportError as missing:  # Windows
    raise ImportError("the spool on disk needs file locks as POSIX has them; it is not there on Windows") from missing

_LOCK = "lock"


class Life:
    """A folder of the spool that this process owns. Closed without :meth:`remove`, it can be taken over."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock

    def segments(self) -> list[Path]:
        """The files of events, oldest first."""
        return sorted(self.folder.glob("*.events"))

    def close(self) -> None:
        """Give the lock away. In a forked child, the parent keeps it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def remove(self) -> None:
        """Delete the folder, which holds no events any more, and its lock at last."""
        with contextlib.suppress(OSError):
            (self.folder / _LOCK).unlink()
            self.folder.rmdir()
        self.close()


def begin(root: Path) -> Life:
    """A new folder, owned by this process. Raises ``OSError``."""
    name = f"{os.getpid()}-{uuid4().hex[:12]}"
    hidden = root / f".{name}"
    hidden.mkdir(mode=0o700)
    lock = os.open(hidden / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    hidden.rename(root / name)
    return Life(root / name, lock)


def orphans(root: Path) -> Iterator[Life]:
    """The folders of processes that are no more; they are this process's own from here on."""
    for folder in sorted(root.iterdir()):
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # another process is just removing it
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        if os.fstat(lock).st_nlink == 0:  # its last owner removed it before the lock came to us
            os.close(lock)
            continue
        yield Life(folder, lock)
