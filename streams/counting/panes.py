"""The panes of one source partition: what it has counted, by window, pane and series. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from schemas.metrics import DAY, EVER, Partial
from streams.counting.series import Dimensions, SeriesIndex, Tally
from streams.counting.windows import Calendar, WindowSpec

GRACE_PANES = 1
"""Panes kept longer than their window, so that a merge whose clock is behind by less never sees a hole."""

PREFIX = b"[["
"""How the keys of pane rows begin."""

ALL_TIME = -1
"""The minute of what is counted of all time: in one pane that never leaves, and in no window."""

Group = tuple[str, str, Dimensions, int, str]
"""What events have in common that are counted together: metric, scale label, dimensions, minute, score or outcome."""


class PartialRow(NamedTuple):
    """A record of ``cx.partials``. ``place`` is the key that chooses its partition, None sends it to every one."""

    key: bytes
    value: bytes | None
    place: bytes | None


class _Bucket:
    """All series' counts of one pane of one window, and those that changed since the last flush."""

    __slots__ = ("changed", "counts", "pane", "window")

    def __init__(self, window: str, pane: int) -> None:
        self.window = window
        self.pane = pane
        self.counts: dict[Tally, dict[str, int]] = {}
        self.changed: set[Tally] = set()


class _Minute(NamedTuple):
    """The panes that hold a minute, and what a fold adds to each of them: summed up once, not once a pane."""

    buckets: list[_Bucket]
    added: defaultdict[Tally, defaultdict[str, int]]


def _counts() -> defaultdict[str, int]:
    return defaultdict(int)


class PaneStore:
    """Counts by window, pane and series. Memory: about 0.4 KB for each pane that a series has.

    A series has at most 96 + 2 panes a window and one a day of the history: with the four standard windows and 800
    days, 0.5 MB at the very most, for a series that never rests for two years; a series with one answer costs 2 KB.
    """

    def __init__(self, source: str, windows: tuple[WindowSpec, ...], calendar: Calendar, index: SeriesIndex) -> None:
        self._source = source
        self._source_json = msgspec.json.encode(source)
        self._windows = [(window.name, window.pane_s // 60) for window in windows]
        self._calendar = calendar
        self._index = index
        self._buckets: dict[str, dict[int, _Bucket]] = {name: {} for name in (EVER, DAY, *(w.name for w in windows))}
        self._order: dict[str, list[int]] = {name: [] for name in self._buckets if name != EVER}
        self._changed: list[_Bucket] = []
        self._encode = msgspec.json.Encoder().encode

    def fold(self, groups: Mapping[Group, int], oldest: Mapping[str, int]) -> int:
        """Count groups of events. Returns how often a cut counted an event under its ``other`` key.

        Panes before ``oldest`` (of each window, and ``day``) less the grace are passed over: they have left.
        """
        overflowed = 0
        minutes: dict[int, _Minute] = {}
        resolve = self._index.resolve
        for (metric, scale, dimensions, minute, word), count in groups.items():
            found = minutes.get(minute)
            if found is None:
                found = minutes[minute] = _Minute(self._buckets_of(minute, oldest), defaultdict(_counts))
            buckets, added = found
            if not buckets:
                continue
            tallies, others = resolve(metric, scale, dimensions)
            overflowed += others * count
            for tally in tallies:
                added[tally][word] += count
        for buckets, added in minutes.values():
            for bucket in buckets:
                self._add(bucket, added)
        return overflowed

    def _add(self, bucket: _Bucket, added: Mapping[Tally, Mapping[str, int]]) -> None:
        held = bucket.counts
        for tally, words in added.items():
            counts = held.get(tally)
            if counts is None:
                held[tally] = {word: count for word, count in words.items() if count > 0}
                tally.panes += 1
            else:
                for word, count in words.items():
                    now = counts.get(word, 0) + count
                    if now > 0:
                        counts[word] = now
                    else:  # taken back
                        counts.pop(word, None)
        if not bucket.changed:
            self._changed.append(bucket)
        bucket.changed.update(added)

    def expire(self, oldest: Mapping[str, int]) -> Iterator[PartialRow]:
        """Let go of the panes that have left, as tombstones. The cost follows from what leaves alone."""
        for window, order in self._order.items():
            while order and order[0] < oldest[window] - GRACE_PANES:
                bucket = self._buckets[window].pop(heappop(order))
                for tally in bucket.counts:
                    yield PartialRow(self._key(tally, bucket), None, tally.key)
                    tally.panes -= 1
                    if not tally.panes:
                        self._index.release(tally)

    def changed(self, version: int) -> Iterator[PartialRow]:
        """The panes that changed since the last call, as totals that stand at this source offset."""
        encode = self._encode
        for bucket in self._changed:
            for tally in bucket.changed:
                counts = bucket.counts.get(tally)
                if counts is not None:
                    partial = Partial(tally.series, self._source, bucket.window, bucket.pane, counts, version)
                    yield PartialRow(self._key(tally, bucket), encode(partial), tally.key)
            bucket.changed = set()
        self._changed.clear()

    def restore(self, partial: Partial) -> bool:
        """Take back a pane. False if loop.yaml no longer has its window."""
        if partial.window not in self._buckets:
            return False
        tally = self._index.adopt(partial.series)
        tally.panes += 1
        self._bucket(partial.window, partial.pane).counts[tally] = partial.counts
        return True

    def _buckets_of(self, minute: int, oldest: Mapping[str, int]) -> list[_Bucket]:
        if minute == ALL_TIME:
            return [self._bucket(EVER, 0)]
        panes = [(name, minute // length) for name, length in self._windows]
        panes.append((DAY, self._calendar.day(minute * 60)))
        return [self._bucket(name, pane) for name, pane in panes if pane >= oldest[name] - GRACE_PANES]

    def _bucket(self, window: str, pane: int) -> _Bucket:
        buckets = self._buckets[window]
        bucket = buckets.get(pane)
        if bucket is None:
            bucket = buckets[pane] = _Bucket(window, pane)
            if window != EVER:
                heappush(self._order[window], pane)
        return bucket

    def _key(self, tally: Tally, bucket: _Bucket) -> bytes:
        """The bytes of :func:`schemas.metrics.partial_key`, put together from parts that are known already."""
        return b'[%b,%b,"%b",%d]' % (tally.key, self._source_json, bucket.window.encode(), bucket.pane)
