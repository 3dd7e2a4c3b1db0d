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


def language_name(words: Words, tag: str | None) -> str | None:
    """The name of a language (a BCP 47 tag), as readers of these words call it.

    The tag is the emitter's: what names no language comes out as it is, raw.
    """
    found = _language(tag)
    return tag if found is None else found.get_language_name(words.language) or tag


def foreign_language(words: Words, tag: str | None) -> str:
    """The name of a language that is not the reader's own; empty where there is nothing to say."""
    found = _language(tag)
    own = found is not None and found.language == words.language
    return "" if own else language_name(words, tag) or ""


def _language(tag: str | None) -> Locale | None:
    if not tag:
        return None
    try:
        return Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (UnknownLocaleError, ValueError):
        return None
