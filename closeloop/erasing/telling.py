"""What ``closeloop erase`` says: what there is, what has become of it, and what is left to time and to people.

The person's id is said by whoever runs the command, never by the command.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from closeloop.commands.shared import say
from closeloop.erasing.outlook import BY_HAND, Retention, retention
from closeloop.erasing.places import Found, Place
from closeloop.erasing.proof import Trace
from closeloop.erasing.sweep import Left
from closeloop.errors import UserError
from closeloop.printing import print_rows
from schemas.audit import WORD
from schemas.events import MAX_ID_BYTES

__all__ = ["Report", "check", "outlook", "plan", "result", "retention"]


class Report(Struct, frozen=True, kw_only=True):
    """What was found, what was done, and what is left: what ``--json`` prints."""

    dry_run: bool
    places: list[Place]
    kept: list[Retention]
    """Topics that drop their records by age alone."""
    word: str | None = None
    """What stands in the person's place now."""
    traces: list[Trace] = []
    """Columns in which the same text stands: none, or something else has the person's id for its name."""
    slack: Left | None = None
    told_elsewhere: int = 0
    """Messages by e-mail or webhook."""
    by_hand: tuple[str, ...] = BY_HAND

    def done(self) -> bool:
        """Whether nothing is under way to Slack that names the person."""
        return self.slack is None or not self.slack.under_way


def check(names: Sequence[str]) -> None:
    """Raise ``UserError`` for what no customer's id can be."""
    for name in names:
        whole = name.encode("utf-8", "ignore").decode() == name  # bytes that a terminal could not read are no text
        if not name or len(name.encode("utf-8", "ignore")) > MAX_ID_BYTES or "\0" in name or not whole:
            raise UserError(f"CUSTOMER: an id is text of 1 to {MAX_ID_BYTES} bytes, as apps send it")
        if name.startswith(WORD):
            raise UserError(f"CUSTOMER: {WORD}… is the word that stands for somebody who is erased already")


def plan(found: Found) -> None:
    """Say what there is."""
    rows = [(place.name, str(place.count), place.what, place.becomes) for place in found.places()]
    print_rows(("where", "there", "what", "what becomes of it"), rows, numbers=("there",))
    if not found.total():
        say("the database has nothing of this person; erasing still keeps what is left on the topics from coming back")


def outlook(now: datetime) -> None:
    """Say what time takes, and what people have to do."""
    say("what Kafka still has, which drops nothing before its time (records read again are not taken in):")
    for one in retention(now):
        say(f"  {one.topic}: {one.days} days, gone by {one.gone_by:%Y-%m-%d}")
    say("what is left to you:")
    for line in BY_HAND:
        say(f"  - {line}")


def result(report: Report, now: datetime) -> None:
    """Say what was done and what is left."""
    say(f"erased: {report.word} stands in the person's place; closeloop audit list --customer {report.word}")
    if report.traces:
        print_rows(("table", "column", "rows"), [(one.table, one.column, str(one.rows)) for one in report.traces])
        say("every table was searched: the same text stands there, for something else that is called so (an owner, a")
        say("score, a region), or because the person came again meanwhile: look")
    else:
        say("every table was searched: no value is the person's id any more")
    slack = report.slack
    if slack is not None and (slack.to_redraw or slack.to_delete):
        say(f"Slack: the consumers draw {slack.to_redraw} cards again and delete {slack.to_delete} messages")
    if slack is not None and slack.under_way:
        say(f"Slack: {slack.under_way} messages are under way at this moment; in a minute they can be taken back")
    if slack is not None and slack.cannot:
        say(f"Slack: {slack.cannot} messages cannot be deleted by the app: delete them by hand")
    if report.told_elsewhere:
        say(f"{report.told_elsewhere} messages went out by e-mail or webhook: their receivers have them")
    outlook(now)
