"""What a person is told when something did not happen as the button promised: why, and what now. Pure.

The sentences are mrkdwn: names in them are escaped.
"""

from datetime import datetime

from msgspec import UNSET, Struct

from gateway.case_shapes import Case, HistoryEntry
from schemas.case_ledger import Refusal
from schemas.config import Loop
from schemas.permissions import REOPEN_WITHIN, Deed, circle, situation, who_may
from schemas.words import about
from schemas.words import safe_text as safe
from schemas.words.catalogue import Words

MAX_NAMED = 4
_DEEDS = ("acknowledge", "contact", "resolve", "reassign", "snooze", "wake", "reopen", "dismiss")


class Denied(Exception):  # noqa: N818 - an answer to a person, not a fault
    """The case's state would allow it, and this person may not, or not any more."""

    def __init__(self, deed: Deed) -> None:
        super().__init__(deed)
        self.deed: Deed = deed


class Reader(Struct, frozen=True, kw_only=True):
    """Who is told: their language, the key under which they act, and their Slack id."""

    words: Words
    actor: str
    user: str

    @property
    def known(self) -> bool:
        """Whether loop.yaml has them."""
        return not self.actor.startswith("slack:")


def refusal_notice(reader: Reader, refusal: Refusal, case: Case | None, other_case: int | None, now: datetime) -> str:
    """For the person whose action the ledger refused: what happened instead, and when."""
    words = reader.words
    if case is None:
        return words.say("gone")
    if refusal == "other_open_case" and other_case is not None:
        message = "other-open-metric-case" if case.subject == "metric" else "other-open-case"
        return words.say(message, case=f"C-{other_case}")
    history = case.events if case.events is not UNSET else []
    last = next((entry for entry in reversed(history) if entry.version is not None), None)
    told = {"case": f"C-{case.id}"}
    if refusal == "not_allowed":
        told["state"] = about.state_name(words, case.state, case.subject)
    if last is not None:
        told["happened"] = happened(reader, case, last, now)
    messages = ("not-allowed", "not-allowed-since") if refusal == "not_allowed" else ("stale-unsaid", "stale")
    return words.say(messages[last is not None], **told)


def denial_notice(reader: Reader, loop: Loop, case: Case, deed: Deed, now: datetime) -> str:
    """For the person who may not: who may, and what now."""
    words, name = reader.words, f"C-{case.id}"
    if not reader.known:
        return words.say("refused-stranger", user=safe.escape(reader.user))
    if deed == "reopen" and case.closed_at is not None and now - case.closed_at > REOPEN_WITHIN:
        return words.say("refused-closed-long", case=name, n=REOPEN_WITHIN.days)
    where = situation(case.state, case.acknowledge_by, now)
    able = who_may(deed, where, circle(loop, case.receiver, case.owner))
    names = [safe.escaped(loop.people[key].name, 60, 120) for key in able if key in loop.people][:MAX_NAMED]
    if not names:
        return words.say("refused-nobody", case=name, state=about.state_name(words, case.state, case.subject))
    if len(names) == 1:
        return words.say("refused-one", people=names[0], case=name)
    return words.say("refused-only", people=words.either(names), case=name)


def happened(reader: Reader, case: Case, last: HistoryEntry, now: datetime) -> str:
    """The last step of a case: ``Ana took it 2 min ago``."""
    words, metric = reader.words, case.subject == "metric"
    ago = about.ago(words, now - last.at)
    if last.via == "system" or last.action not in _DEEDS:
        return _event(words, last, ago, metric=metric)
    name = words.say("colleague") if last.actor.startswith("slack:") else safe.escaped(last.actor_name, 60, 120)
    by = "you" if last.actor == reader.actor else "other"
    if metric and last.action == "dismiss":
        return words.say("did-metric-dismiss", by=by, who=name, ago=ago)
    return words.say(f"did-{last.action}", by=by, who=name, ago=ago)


def _event(words: Words, last: HistoryEntry, ago: str, *, metric: bool) -> str:
    if last.detail.get("recovered"):
        return words.say("event-recovered", ago=ago)
    if last.action == "joined":
        return words.say("event-metric-joined", ago=ago) if metric else words.say("event-joined", ago=ago)
    message = {"opened": "event-opened", "lease_expired": "event-lease-expired", "wake": "event-woke"}
    return words.say(message.get(last.action, "event-other"), ago=ago)
