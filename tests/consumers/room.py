"""Runs the consumers process for tests: `python -m tests.consumers.room`, settings from the environment."""

from __future__ import annotations

import sys

from closeloop.logs import configure_logs
from consumers.process import run_consumers
from schemas.settings import from_environment
from tests.consumers.alerts import LOOP

if __name__ == "__main__":
    configure_logs("info")
    sys.exit(run_consumers(from_environment(), LOOP))
