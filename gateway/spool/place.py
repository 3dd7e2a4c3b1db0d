"""Places of the spool: one directory a gateway, locked for as long as its process lives."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

PLACES = 64
"""Gateways that may share a directory."""


class Place:
    """A directory that is this process's alone. The lock ends with the process, however it ends."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self._lock = lock

    def leave(self) -> None:
        """Let others have it."""
        os.close(self._lock)


def claim(directory: Path) -> Place:
    """The first free place of this directory, made where there is none yet: only its owner can read it.

    Raises ``OSError``, also where all places are taken.
    """
    _make(directory)
    for number in range(PLACES):
        folder = directory / str(number)
        _make(folder)
        place = _locked(folder)
        if place is not None:
            return place
    raise OSError(f"all {PLACES} places are in use by other gateways")


def left_behind(directory: Path) -> Iterator[Place]:
    """The places that exist and that no process holds any more, each locked by us from here on."""
    for folder in sorted(directory.iterdir()):
        if folder.name.isdigit() and folder.is_dir():
            place = _locked(folder)
            if place is not None:
                yield place


def is_memory(directory: Path) -> bool:
    """Whether what is written to this directory, which need not exist yet, stays in memory alone. Linux only."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return filesystem_of(directory.resolve(), mounts) in ("tmpfs", "ramfs")


def filesystem_of(path: Path, mounts: str) -> str:
    """The type of the file system that a path lies on, by Linux's list of mounts; empty if unknown. Pure."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")  # a space is written as \040
        if path.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split()[0]
    return kind


def _locked(folder: Path) -> Place | None:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return Place(folder, lock)


def sync_folder(folder: Path) -> None:
    """See the names in a folder on the disk: a file in a forgotten directory is lost."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_folder(folder.parent)
