"""Ports on 127.0.0.1: free ones, taken ones."""

import random
import socket

LOOPBACK = "127.0.0.1"
_CHOICE = range(10_000, 15_000)
"""Below what a kernel gives to connections and to who asks for any port, and below what the local Kafka takes for
itself: a port that is named now and bound seconds later is still free then."""


def free_port() -> int:
    """A port that nobody listens on at this moment. Raises ``OSError`` when there is none."""
    for port in random.SystemRandom().sample(_CHOICE, k=500):
        if is_free(port):
            return port
    raise OSError(f"no free port found on {LOOPBACK}")


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
