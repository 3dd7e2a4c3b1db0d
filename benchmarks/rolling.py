"""Rolling windows of one cut key for the Python peers: panes by window with their running totals, in plain dicts."""

from collections.abc import Iterable

from benchmarks.spec import WINDOWS

Counts = dict[str, int]


class Windows:
    """The four windows of one cut key. ``panes`` maps a window to its panes' histograms, ``totals`` to their sum."""

    __slots__ = ("panes", "totals")

    def __init__(self) -> None:
        self.panes: dict[str, dict[int, Counts]] = {window: {} for window in WINDOWS}
        self.totals: dict[str, Counts] = {window: {} for window in WINDOWS}

    def add(self, minute: int, word: str, count: int) -> None:
        """Count answers of one minute (since the epoch) and one score."""
        for window, (_, pane_s) in WINDOWS.items():
            pane = minute * 60 // pane_s
            counts = self.panes[window].get(pane)
            if counts is None:
                counts = self.panes[window][pane] = {}
            counts[word] = counts.get(word, 0) + count
            total = self.totals[window]
            total[word] = total.get(word, 0) + count

    def expire(self, now: float) -> bool:
        """Let go of the panes that have left their window at ``now``, seconds UTC. True if there were any."""
        left = False
        for window, (length_s, pane_s) in WINDOWS.items():
            oldest = int(now // pane_s) - length_s // pane_s + 1
            panes, total = self.panes[window], self.totals[window]
            while panes and (first := next(iter(panes))) < oldest:  # in order of time, but for late answers
                for word, count in panes.pop(first).items():
                    total[word] -= count
                    if not total[word]:
                        del total[word]
                left = True
        return left

    @classmethod
    def of(cls, minutes: Iterable[tuple[int, Counts]]) -> "Windows":
        """The windows that follow from histograms by minute."""
        made = cls()
        for minute, counts in minutes:
            for word, count in counts.items():
                made.add(minute, word, count)
        return made
