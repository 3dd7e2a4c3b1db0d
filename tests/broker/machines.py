"""Pretend machines: a PATH with nothing on it but the programs a test puts there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

JAVA_17 = """
import sys
sys.stderr.write('openjdk version "17.0.15" 2025-04-15\\n')
"""


class Machine:
    """A folder that is the whole PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        folder.mkdir()
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("CLOSELOOP_CACHE", str(self.cache))
        monkeypatch.delenv("JAVA_HOME", raising=False)

    def install(self, name: str, body: str) -> None:
        """Put a program, written in Python, on the PATH."""
        path = self.folder / name
        path.write_text(f"#!{sys.executable}\n{body}", encoding="utf-8")
        path.chmod(0o755)
