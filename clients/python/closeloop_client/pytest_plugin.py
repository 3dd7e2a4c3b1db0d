"""What closeloop-client brings to pytest."""

from __future__ import annotations

import pytest

from closeloop_client.testing import FakeEmitter


@pytest.fixture
def fake_emitter() -> FakeEmitter:
    """An emitter that keeps what it is given: ``fake_emitter.touchpoints``, ``fake_emitter.responses``."""
    return FakeEmitter()
