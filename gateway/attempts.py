"""How often an address has failed to show who it is: after a bound it hears to wait, in place of why it failed."""

import math
from ipaddress import IPv6Address, ip_address

FAILURES = 10
"""Failures of an address within :data:`WINDOW_SECONDS` that are answered as such."""
WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 10_000
"""Remembered at once; the oldest make room."""


class Attempts:
    """Failures by address. Whoever shows a valid key is never held up: a secret of 256 bits cannot be guessed, and
    an app that shares its address with a broken one must get through. For one event loop."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[float, int]] = {}

    def failed(self, address: str, at: float) -> tuple[int, int]:
        """Count one more at this time of a monotonic clock. How many that makes in its window, and how many whole
        seconds to wait: 0 within the bound."""
        block = network_of(address)
        began, count = self._failed.pop(block, (at, 0))
        if at - began >= WINDOW_SECONDS:
            began, count = at, 0
        count += 1
        while len(self._failed) >= MOST_ADDRESSES:
            del self._failed[next(iter(self._failed))]
        self._failed[block] = (began, count)
        return count, math.ceil(began + WINDOW_SECONDS - at) if count > FAILURES else 0


def network_of(address: str) -> str:
    """What is counted as one sender: an IPv4 address, or the /64 that one machine has in IPv6."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Address(int(known) >> 64 << 64))
