"""promtool, Prometheus' own checker, and its server: Debian's package `prometheus` has both."""

from __future__ import annotations

import shutil

from tests.fixtures.missing import lacking


def promtool() -> str:
    """The path of promtool; the test is skipped without it."""
    return _found("promtool")


def prometheus() -> str:
    """The path of Prometheus' server; the test is skipped without it."""
    return _found("prometheus")


def _found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        lacking(name, "install it (Debian: `apt install prometheus`)")
    return path
