"""Ports for servers that are started a little later."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from closeloop import ports


def test_a_free_port_is_none_that_the_kernel_gives_away_meanwhile() -> None:
    """Another process's connection would take it between the choice and the bind."""
    told = Path("/proc/sys/net/ipv4/ip_local_port_range")
    lowest = int(told.read_text().split()[0]) if told.exists() else 32_768
    assert all(1024 <= ports.free_port() < lowest for _ in range(50))


def test_a_port_that_is_taken_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        monkeypatch.setattr(ports, "_CHOICE", [port] * 500)
        with pytest.raises(OSError, match="no free port found"):
            ports.free_port()
