"""How many events of a file have the id of an earlier one, in memory that does not grow with the file.

A Bloom filter: an id that was there is always known; of ten million that were not, a few hundred are taken for known.
"""

_BITS = 1 << 28
_PLACES = 4


class Repeats:
    """Counts ids that come again; holds ``bits`` (32 MiB of them unless told)."""

    def __init__(self, bits: int = _BITS) -> None:
        self.count = 0
        """How many came again."""
        self._size = bits
        self._bits = bytearray(bits // 8)

    def add(self, source: str, number: str) -> None:
        """An event with this id."""
        first, step = hash((source, number)), hash((number, source)) | 1
        known = True
        for turn in range(_PLACES):
            place, bit = divmod((first + turn * step) % self._size, 8)
            if not self._bits[place] >> bit & 1:
                known = False
                self._bits[place] |= 1 << bit
        self.count += known
