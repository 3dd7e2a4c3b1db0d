"""An export on its way into a file, which is there whole or not at all."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO, NoReturn

from closeloop.errors import UserError


def save(content: Iterator[bytes], path: Path | None) -> None:
    """Write the content to ``path``, or to standard output without one or for ``-``.

    Raises :class:`UserError` where it cannot be written.
    """
    if path is not None and path != Path("-"):
        with new_file(path) as file:
            for piece in content:
                file.write(piece)
        return
    try:
        for piece in content:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # whoever reads has enough
    except OSError as error:
        raise UserError(f"standard output cannot be written ({_in_words(error)})") from None


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes its place at the end: what breaks off or is ended leaves no half of it.

    Only its owner may read it, because it holds what customers said. A pipe or a device is written as it is. Raises
    :class:`UserError` where it cannot be written.
    """
    if path.is_dir():
        raise UserError(f"--output: {path} is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise UserError(f"--output: there is no folder {path.parent}")
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        # By its own name: two exports to one file at once must not write into each other.
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
        with _ended_as_broken_off():
            try:
                descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"--output: {path} cannot be written ({_in_words(error)}); nothing of it is kept") from None


@contextmanager
def _ended_as_broken_off() -> Iterator[None]:
    """SIGTERM ends the body as Ctrl-C does, with all that it has to put away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _in_words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
