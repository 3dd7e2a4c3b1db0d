"""Which partition a key belongs to, as Java's clients, kafka-python and our own producers place it (murmur2)."""

from aiokafka.partitioner import murmur2

CACHE_LIMIT = 100_000
"""Keys remembered by a :class:`Placement`: about 20 MB at the longest customer ids, 10 MB at usual ones."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key on a topic with this many partitions."""
    hashed: int = murmur2(key)
    return (hashed & 0x7FFFFFFF) % partitions


class Placement:
    """The same with a bounded memory, because hashing in Python costs more than all else that is done to an event."""

    __slots__ = ("_known", "partitions")

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._known: dict[str, int] = {}

    def of(self, key: str) -> int:
        """The partition of a key given as text (UTF-8 on the wire)."""
        partition = self._known.get(key)
        if partition is None:
            if len(self._known) >= CACHE_LIMIT:
                self._known.clear()
            partition = self._known[key] = partition_of(key.encode(), self.partitions)
        return partition
