"""What was done with a case, as sentences in the reader's language: one line for the feed and for its history. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.case_shapes import HistoryEntry
from gateway.console.catalogue import console_words, moment
from gateway.console.figures import sentence
from gateway.console.reader import ConsoleLanguage
from schemas.alerts import Subject
from schemas.words.catalogue import Words, words_in

_ON_METRICS = ("joined", "acknowledge", "dismiss", "lease_expired")


class Teller(Struct, frozen=True, kw_only=True):
    """How a story is told: the language, the zone of its times, the reader's now, and the names of people by key."""

    language: ConsoleLanguage
    zone: str
    now: datetime
    people: Mapping[str, str]

    def when(self, text: object) -> str:
        """A time that stands in a detail as RFC 3339; as it is, where it is none."""
        try:
            return moment(datetime.fromisoformat(str(text)), self.zone, self.now, self.language)
        except ValueError:
            return str(text)

    def name(self, key: object) -> str:
        """A person's name."""
        return self.people.get(str(key), str(key))


class Line(Struct, frozen=True, kw_only=True):
    """One entry: who (empty where the loop itself did it), what, whence, and the note that was left."""

    who: str
    did: str
    via: str
    note: str
    at: datetime


def line(entry: HistoryEntry, subject: Subject, teller: Teller) -> Line:
    """An entry of a case's history as a line."""
    words = console_words(teller.language)
    detail = entry.detail or {}
    by_itself = entry.via == "system" and entry.actor == "system"
    someone = entry.actor == entry.via  # a caller without a name, where no key is asked for
    via = ""
    if not by_itself:
        via = words.say(f"via-{entry.via}") if words.has(f"via-{entry.via}") else entry.via
        if detail.get("key"):
            via = words.say("via-key", via=via, key=str(detail["key"]))
    did = _did(entry, subject, detail, words, teller)
    return Line(
        who="" if by_itself else words.say("someone") if someone else entry.actor_name,
        did=did[:1].upper() + did[1:] if by_itself else did,
        via=via,
        note=str(detail.get("note") or ""),
        at=entry.at,
    )


def _did(entry: HistoryEntry, subject: Subject, detail: Mapping[str, Any], words: Words, teller: Teller) -> str:
    if entry.action in ("reminded", "escalated"):
        return _notice(entry.action, subject, detail, words, teller)
    if detail.get("recovered") and subject == "metric":
        return words.say("did-metric-recovered")
    message = f"did-{entry.action}"
    if subject == "metric" and entry.action in _ON_METRICS:
        message = f"did-metric-{entry.action}"
    did = words.say(message) if words.has(message) else sentence(entry.action).lower()
    return "".join([did, *_manner(entry.action, entry.actor, detail, words, teller)])


def _manner(action: str, actor: str, detail: Mapping[str, Any], words: Words, teller: Teller) -> list[str]:
    """What was said with it, as the rest of the sentence."""
    if action == "recovered":
        return []
    if action == "linked":
        return [" ", words.say("manner-incident", incident=str(detail.get("incident")))]
    said: list[str] = []
    if action == "unsilenced":
        said.append(f" S-{detail.get('silence')}")
    if rule := detail.get("rule"):
        said.append(f": {rule}")
    if (owner := detail.get("owner")) and owner != actor:
        said += [" ", words.say("manner-owner", owner=teller.name(owner))]
    if channel := detail.get("channel"):
        how = words_in(teller.language)
        said += [" (", how.say(f"how-{channel}").lower() if how.has(f"how-{channel}") else str(channel), ")"]
    if until := detail.get("until"):
        said += [" ", words.say("manner-until", when=teller.when(until))]
    if cause := detail.get("root_cause"):
        causes = words_in(teller.language)
        said += [": ", causes.say(f"cause-{cause}") if causes.has(f"cause-{cause}") else str(cause)]
    if detail.get("incident"):
        said += ["; ", words.say("manner-part-of", incident=str(detail["incident"]))]
    if detail.get("silenced_until"):
        said += ["; ", words.say("manner-silenced", when=teller.when(detail["silenced_until"]))]
    return said


def _notice(action: str, subject: Subject, detail: Mapping[str, Any], words: Words, teller: Teller) -> str:
    """Who was told, and of what; it changed nothing."""
    told = str(detail.get("told", ""))
    who = teller.name(told.removeprefix("person:")) if told.startswith("person:") else told
    of = str(detail.get("of", ""))
    message = f"notice-{action}-{of}"
    if subject == "metric" and words.has(f"notice-metric-{action}-{of}"):
        message = f"notice-metric-{action}-{of}"
    why = words.say(message) if words.has(message) else of
    return words.say(f"did-{action}", who=who, why=why)
