"""Customers' words in Slack's mrkdwn: escaped, cut to size, unable to ping, link, format or disguise anything. Pure.

Rules: https://docs.slack.dev/messaging/formatting-message-text (only ``&``, ``<`` and ``>`` are escaped).
"""

import re
import unicodedata
from datetime import UTC, datetime

ELLIPSIS = "…"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# A backtick would open a code block that swallows the rest; direction overrides make text read as another text.
_REPLACED = {"`": "\u02cb", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n"}
_DROPPED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn"})
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def tidy(raw: str) -> str:
    """Without control characters, lone surrogates, direction overrides and backticks; line breaks and tabs stay."""
    replaced = "".join(_REPLACED.get(character, character) for character in raw.replace("\r\n", "\n"))
    return "".join(
        character
        for character in replaced
        if character in "\n\t"
        or (unicodedata.category(character) not in _DROPPED_CATEGORIES and character not in _DIRECTION_CONTROLS)
    ).strip()


def one_line(raw: str) -> str:
    """Tidied, with every run of white space as one space."""
    return " ".join(tidy(raw).split())


# Slack makes bold of *words*, strikes ~words~ out, and has no escape for that. An underscore formats at the edge of a
# word alone, and stays elsewhere, because ids have them and are copied. A name between colons becomes a picture.
_LOOK_ALIKES = str.maketrans({"*": "\u2217", "~": "\u223c"})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
_EMOJI = re.compile(r":(?=(?:[\w+'-]*[^\W\d][\w+'-]*|[+-]1|100|1234):)")


def unformatted(text: str) -> str:
    """With characters that look the same in place of those that Slack would format by."""
    bare = _EDGE_UNDERSCORE.sub(lambda found: "\u02cd" * len(found[0]), text.translate(_LOOK_ALIKES))
    return _EMOJI.sub("\ua789", bare)


def escape(text: str) -> str:
    """Escape the three characters that mean something to Slack."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def cut(text: str, characters: int) -> str:
    """At most ``characters`` characters, with an ellipsis where something was cut."""
    return text if len(text) <= characters else text[: characters - 1].rstrip(" .…\n\t") + ELLIPSIS


def escaped(raw: str, characters: int, escaped_characters: int) -> str:
    """One line, at most ``characters`` long before and ``escaped_characters`` after escaping; no entity is ever cut."""
    return _fit(unformatted(cut(one_line(raw), characters)), escaped_characters)


def plain(raw: str, characters: int) -> str:
    """One line for a ``plain_text`` object, which knows no escapes: angle brackets become typographic ones."""
    return cut(one_line(raw).replace("<", "‹").replace(">", "›"), characters)


QUOTED_CHARACTERS = 600
QUOTED_ESCAPED = 2000
QUOTED_LINES = 12


def is_whole(raw: str) -> bool:
    """Whether :func:`quote` shows all of it."""
    shown = tidy(raw)
    lines = sum(bool(line.strip()) for line in shown.split("\n"))
    return len(shown) <= QUOTED_CHARACTERS and lines <= QUOTED_LINES and len(escape(shown)) <= QUOTED_ESCAPED


def quote(raw: str, language: str = "", marks: tuple[str, str] = ("“", "”")) -> str:
    """The words as a block quote, with the name of their language. Empty where nothing readable is left."""
    kept = [line.strip() for line in cut(tidy(raw), QUOTED_CHARACTERS).split("\n")]
    kept = [line for line in kept if line]
    if not kept:
        return ""
    if len(kept) > QUOTED_LINES:
        kept = [*kept[: QUOTED_LINES - 1], ELLIPSIS]
    body = _fit(unformatted("\n".join(kept)), QUOTED_ESCAPED)
    mark = f" _({escaped(language, 35, 60)})_" if language else ""
    return "\n".join(f">{line}" for line in f"{marks[0]}{body}{marks[1]}{mark}".split("\n"))


def instant(moment: datetime, form: str = "{date_short_pretty} {time}") -> str:
    """A date that Slack shows in each reader's own zone; elsewhere it reads as UTC. ``form`` is Slack's."""
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{form}|{utc:%Y-%m-%d %H:%M} UTC>"


def _fit(text: str, escaped_characters: int) -> str:
    whole = escape(text)
    if len(whole) <= escaped_characters:
        return whole
    kept: list[str] = []
    length = len(ELLIPSIS)
    for character in text:
        piece = _ESCAPES.get(character, character)
        if length + len(piece) > escaped_characters:
            break
        kept.append(piece)
        length += len(piece)
    return "".join(kept).rstrip() + ELLIPSIS
