"""The one rule of how a rolling window is cut into panes: loop.yaml is checked by it and streams count by it."""

from collections.abc import Mapping

MIN_PANES = 60
MAX_PANES = 96
_MINUTE = 60
_HOUR = 3600
_HOURLY_S = 3 * _HOUR


def pane_seconds(window_seconds: int) -> int | None:
    """The length of a pane in seconds: whole minutes, 60 to 96 of them to the window, as short as that allows.

    ``None`` where no such length divides the window: the window cannot be used.
    """
    for panes in range(MAX_PANES, MIN_PANES - 1, -1):
        length, rest = divmod(window_seconds, panes)
        if rest == 0 and length >= _MINUTE and length % _MINUTE == 0:
            return length
    return None


def usable_windows_near(window_seconds: int) -> tuple[int, int]:
    """The longest usable window below and the shortest above, seconds; both at least an hour."""
    minute = window_seconds // _MINUTE
    below = next((m for m in range(minute, MIN_PANES, -1) if pane_seconds(m * _MINUTE)), MIN_PANES)
    above = next(m for m in range(max(minute + 1, MIN_PANES), 2 * (minute + MAX_PANES)) if pane_seconds(m * _MINUTE))
    return below * _MINUTE, above * _MINUTE


def hourly_window(windows: Mapping[str, int]) -> str | None:
    """The window that tells one hour from the next for longest: its panes divide an hour and it holds three at least.

    ``windows`` maps names to lengths in seconds. None if there is no such window.
    """
    found = [
        (length, name)
        for name, length in windows.items()
        if length >= _HOURLY_S and (pane := pane_seconds(length)) is not None and _HOUR % pane == 0
    ]
    return max(found)[1] if found else None
