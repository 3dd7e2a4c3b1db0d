"""Silences that name a person: in what they match, as a value, in a list or in a pattern, or in their reason. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from schemas.matching import ATTRIBUTE
from schemas.tables import SilenceRow

_PERSONAL = ("customer_id", "comment")
"""What a silence can match that may name somebody, besides attributes."""


def named_by(row: SilenceRow, names: Iterable[str]) -> bool:
    """Whether it names one of them."""
    names = list(names)
    return renamed(row.matchers, names, "") != row.matchers or _pattern(names).search(row.reason) is not None


def renamed(matchers: dict[str, Any], names: Iterable[str], word: str) -> dict[str, Any]:
    """The matchers with the word in place of the names."""
    pattern = _pattern(names)

    def left(node: Any) -> Any:
        if isinstance(node, str):
            return pattern.sub(word, node)
        if isinstance(node, dict):
            return {name: left(held) for name, held in node.items()}
        return [left(held) for held in node] if isinstance(node, list) else node

    return {
        field: left(wanted) if field in _PERSONAL or field.startswith(ATTRIBUTE) else wanted
        for field, wanted in matchers.items()
    }


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Each name as a whole: ``c4`` is not in ``c42``. The longest first, as one may be the beginning of another."""
    longest = sorted(set(names), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")
