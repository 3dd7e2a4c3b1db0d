"""Text of others on its way to a terminal."""

import unicodedata


def clean(text: str) -> str:
    """The text without what could steer a terminal or turn its direction: others wrote it."""
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") else character for character in text
    )
