"""Dates in Slack's messages, which each reader sees in their own zone, and names of languages. Pure."""

from datetime import datetime

from babel import Locale, UnknownLocaleError

from schemas.words import safe_text as safe
from schemas.words.catalogue import Words

_NOT_SPOKEN_BY_SLACK = frozenset({"ru", "uk"})
"""Slack writes dates in the language of its own menus, and knows none of these: its words would be English there."""


def instant(words: Words, moment: datetime) -> str:
    """A date as a token of Slack's mrkdwn: ``tomorrow 14:00``, or in figures where Slack has no words for it."""
    if words.language in _NOT_SPOKEN_BY_SLACK:
        return safe.instant(moment, "{date_num} {time}")
    return safe.instant(moment)


def foreign_language(words: Words, tag: str | None) -> str:
    """The name of a language (a BCP 47 tag) that is not the reader's own; empty where there is nothing to say.

    The tag is the emitter's: what names no language comes out as it is, raw.
    """
    if not tag:
        return ""
    try:
        found = Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (UnknownLocaleError, ValueError):
        return tag
    if found.language == words.language:
        return ""
    return found.get_language_name(words.language) or tag
