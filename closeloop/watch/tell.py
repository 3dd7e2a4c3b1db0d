"""Small phrases that several tabs share: a case in a line, a span, a number. Pure."""

from datetime import datetime

from rich.text import Text

from closeloop.cases.words import what
from closeloop.printing import in_time
from closeloop.watch.columns import fit
from gateway.case_shapes import Case
from schemas.cases import CLOSED_STATES

STYLES = {"critical": "bold red", "high": "yellow", "normal": ""}


def case_line(case: Case, width: int, at: datetime) -> Text:
    """When it changed last, its number, severity and state, and what it is about."""
    ago = in_time((at - case.updated_at).total_seconds())
    line = Text(f"{ago:>6}  C-{case.id:<6} ", no_wrap=True)
    line.append(f"{case.severity:<8}", style=STYLES[case.severity])
    line.append(f" {case.state:<12} ")
    said = f"{what(case.latest_alert)} {case.touchpoint or ''}"
    if width >= 90:
        said = f"{fit(case.owner_name or 'nobody', 18):<20}{said}"
    line.append(fit(said, max(width - line.cell_len, 4)))
    return line


def promise(case: Case, at: datetime) -> tuple[str, bool]:
    """The next promise in words, and whether it is broken."""
    if case.state in CLOSED_STATES:
        return "", False
    if case.state == "snoozed" and case.snoozed_until is not None:
        return f"asleep for {in_time((case.snoozed_until - at).total_seconds())}", False
    if case.recovered_at is not None:
        return "back to normal", False
    waiting = [
        (until, name)
        for name, until, done in (
            ("take", case.acknowledge_by, case.acknowledged_at or case.contacted_at),
            ("contact", case.contact_by, case.contacted_at),
            ("resolve", case.resolve_by, case.closed_at),
        )
        if until is not None and done is None
    ]
    if not waiting:
        return "", False
    until, name = min(waiting)
    left = (until - at).total_seconds()
    return (f"{name} overdue {in_time(-left)}", True) if left < 0 else (f"{name} in {in_time(left)}", False)
