"""Small phrases that several tabs share: a case in a line, a span, a number. Pure."""

from datetime import datetime

from rich.text import Text

from closeloop.watch.columns import fit
from closeloop.watch.speech import Speech
from gateway.case_shapes import Case
from schemas.cases import CLOSED_STATES

STYLES = {"critical": "bold red", "high": "yellow", "normal": ""}


def case_line(case: Case, width: int, at: datetime, speech: Speech) -> Text:
    """When it changed last, its number, severity and state, and what it is about."""
    ago = speech.span((at - case.updated_at).total_seconds())
    line = Text(f"{ago:>6}  C-{case.id:<6} ", no_wrap=True)
    line.append(f"{speech.say(f'severity-{case.severity}'):<8}", style=STYLES[case.severity])
    line.append(f" {fit(speech.state(case), 14):<14} ")
    said = f"{speech.what(case)} {case.touchpoint or ''}"
    if width >= 90:
        said = f"{fit(case.owner_name or speech.say('nobody-yet'), 18):<20}{said}"
    line.append(fit(said, max(width - line.cell_len, 4)))
    return line


def promise(case: Case, at: datetime, speech: Speech) -> tuple[str, bool]:
    """The next promise in words, and whether it is broken."""
    if case.state in CLOSED_STATES:
        return "", False
    if case.state == "snoozed" and case.snoozed_until is not None:
        return speech.say("watch-asleep", span=speech.span((case.snoozed_until - at).total_seconds())), False
    if case.recovered_at is not None:
        return speech.say("what-recovered"), False
    waiting = [
        (until, name)
        for name, until, done in (
            ("acknowledge", case.acknowledge_by, case.acknowledged_at or case.contacted_at),
            ("contact", case.contact_by, case.contacted_at),
            ("resolve", case.resolve_by, case.closed_at),
        )
        if until is not None and done is None
    ]
    if not waiting:
        return "", False
    until, name = min(waiting)
    left = (until - at).total_seconds()
    if left < 0:
        return speech.say(f"watch-late-{name}", span=speech.span(-left)), True
    return speech.say(f"watch-within-{name}", span=speech.span(left)), False
