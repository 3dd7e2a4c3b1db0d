"""Progress of long work: a moving line on a terminal, plain lines otherwise."""

import time

from rich.console import Console

_EVERY_S = 5.0


class Progress:
    """Says what is being measured. Results are lines that stay; what goes on meanwhile is a line that moves."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._status = self._console.status("")
        self._began = time.monotonic()
        self._said = 0.0

    def say(self, text: str) -> None:
        """A line that stays, with the minutes and seconds since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        self._console.print(f"[{minutes:02}:{seconds:02}] {text}", markup=False)

    def now(self, text: str) -> None:
        """What goes on at this moment; without a terminal it is said every few seconds at most."""
        if self._console.is_terminal:
            self._status.update(text)
            self._status.start()
        elif time.monotonic() - self._said > _EVERY_S:
            self._said = time.monotonic()
            self.say(f"  {text}")

    def end(self) -> None:
        """Take the moving line away."""
        self._status.stop()
