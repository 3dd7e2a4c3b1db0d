"""What stands around every tab: where it looks, whether it is live, and the tabs themselves. Pure."""

from collections.abc import Callable
from datetime import datetime

from rich.text import Text

from closeloop.printing import in_time
from closeloop.watch.cases import cases_lines
from closeloop.watch.columns import fit
from closeloop.watch.known import Known
from closeloop.watch.now import now_lines
from closeloop.watch.pipeline import pipeline_lines
from gateway.console.catalogue import console_words

TABS = ("now", "cases", "pipeline")

Draw = Callable[[Known, str, int, datetime], list[Text]]

_DRAW: dict[str, Draw] = {
    "now": now_lines,
    "cases": lambda known, _window, width, at: cases_lines(known, width, at),
    "pipeline": lambda known, _window, width, _at: pipeline_lines(known, width),
}


def tab_lines(tab: str, known: Known, window: str, width: int, at: datetime) -> list[Text]:
    """The content of a tab."""
    return _DRAW[tab](known, window, width, at)


def title(tab: str) -> str:
    """A tab's name, as the console calls its page."""
    return console_words("en").say(f"page-{tab}")


def status(known: Known, url: str, at: datetime) -> Text:
    """The first line: where it looks, and how the link stands."""
    words = console_words("en")
    line = Text(no_wrap=True, overflow="ellipsis")
    state = known.link.state
    since = in_time((at - known.link.since).total_seconds())
    if state == "live":
        line.append("* ", style="green").append(words.say("link-live"), style="bold green")
    elif state == "connecting":
        line.append(f"~ {words.say('link-connecting')}", style="yellow")
    elif state == "refused":
        line.append("! ", style="red").append(f"Refused: {known.link.why}", style="bold red")
    else:
        line.append("! ", style="red").append(words.say("link-lost"), style="bold red")
        line.append(f": {known.link.why}; what you see is {since} old")
    line.append(f"  {fit(url, 60)}", style="dim")
    if known.configuration is not None and known.configuration.clock == "event":
        line.append(f"  {words.say('event-clock')}", style="yellow")
    line.append(f"  {at:%H:%M:%S} UTC", style="dim")
    return line
