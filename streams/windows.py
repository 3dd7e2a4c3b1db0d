"""Windows and their panes."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A rolling window: its name in loop.yaml, its length and that of its panes, in seconds."""

    name: str
    length_s: int
    pane_s: int

    @classmethod
    def of(cls, name: str, length_s: int) -> Self:
        """The window of this length. Raises ValueError for a length that has no panes."""
        raise NotImplementedError
