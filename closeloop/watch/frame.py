"""What stands around every tab: where it looks, whether it is live, and the tabs themselves. Pure."""

from collections.abc import Callable
from datetime import datetime

from rich.text import Text

from closeloop.watch.cases import cases_lines
from closeloop.watch.columns import fit
from closeloop.watch.known import Known
from closeloop.watch.now import now_lines
from closeloop.watch.pipeline import pipeline_lines
from closeloop.watch.speech import Speech

TABS = ("now", "cases", "pipeline")

Draw = Callable[[Known, str, int, datetime, Speech], list[Text]]

_DRAW: dict[str, Draw] = {
    "now": now_lines,
    "cases": lambda known, _window, width, at, speech: cases_lines(known, width, at, speech),
    "pipeline": lambda known, _window, width, _at, speech: pipeline_lines(known, width, speech),
}


def tab_lines(tab: str, known: Known, window: str, width: int, at: datetime, speech: Speech) -> list[Text]:
    """The content of a tab."""
    return _DRAW[tab](known, window, width, at, speech)


def title(tab: str, speech: Speech) -> str:
    """A tab's name, as the console calls its page."""
    return speech.say(f"page-{tab}")


def status(known: Known, url: str, at: datetime, speech: Speech) -> Text:
    """The first line: where it looks, and how the link stands."""
    line = Text(no_wrap=True, overflow="ellipsis")
    state = known.link.state
    said = why(known.link.why, known.link.status, speech)
    since = speech.span((at - known.link.since).total_seconds())
    if state == "live":
        line.append("* ", style="green").append(speech.say("link-live"), style="bold green")
    elif state == "connecting":
        line.append(f"~ {speech.say('link-connecting')}", style="yellow")
    elif state == "refused":
        line.append("! ", style="red").append(f"{speech.say('watch-refused')}: {said}", style="bold red")
    else:
        line.append("! ", style="red").append(speech.say("link-lost"), style="bold red")
        line.append(f": {said}; {speech.say('watch-old', span=since)}")
    line.append(f"  {fit(url, 60)}", style="dim")
    if known.configuration is not None and known.configuration.clock == "event":
        line.append(f"  {speech.say('event-clock')}", style="yellow")
    line.append(f"  {at:%H:%M:%S} UTC", style="dim")
    return line


def why(reason: str, status: int, speech: Speech) -> str:
    """Why a gateway is not to be had, where the reason has words; else as it came."""
    return speech.say(f"why-{reason}", status=status) if speech.has(f"why-{reason}") else reason
