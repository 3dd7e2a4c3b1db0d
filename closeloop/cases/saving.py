"""An export on its way into a file, which is there whole or not at all."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path


def save(content: Iterator[bytes], path: Path | None) -> None:
    """Write the content to ``path``, or to standard output without one.

    The file takes its place at the end: what breaks off leaves no half of it. Only its owner may read it, because it
    holds what customers said.
    """
    if path is None:
        for piece in content:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    unfinished = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for piece in content:
                file.write(piece)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
