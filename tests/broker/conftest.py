"""Fixtures of the broker's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.broker.machines import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without any program, with an empty cache."""
    return Machine(tmp_path / "machine", monkeypatch)
