"""What customers write is shown as they wrote it: Slack formats none of it."""

import re

import pytest

from schemas.words.safe_text import escaped, quote
from tests.loop.text_attacks import ATTACKS

# By https://docs.slack.dev/messaging/formatting-message-text: a pair of marks around words, at the edges of words.
FORMATS = [
    re.compile(r"\*[^\s*][^*\n]*\*"),
    re.compile(r"~[^\s~][^~\n]*~"),
    re.compile(r"`"),
    re.compile(r"(?<![^\W_])_[^\s_][^\n]*?_(?![^\W_])"),
    re.compile(r":[a-z0-9_+'-]*[a-z_][a-z0-9_+'-]*:"),
    re.compile(r":([+-]1|100|1234):"),
]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("*never* again", "∗never∗ again"),
        ("~5~ 10 euros", "∼5∼ 10 euros"),
        ("_really_ bad", "ˍreallyˍ bad"),
        ("order A_10_42 at 10:30:45", "order A_10_42 at 10:30:45"),
        ("a:smile: b :+1:", "a꞉smile: b ꞉+1:"),
        ("2*3", "2∗3"),
    ],
)
def test_marks_are_shown_and_do_not_format(said: str, shown: str) -> None:
    assert escaped(said, 100, 200) == shown


def test_no_attack_formats_anything() -> None:
    def formatted(text: str) -> list[str]:
        return [found[0] for form in FORMATS for found in form.finditer(text)]

    attacks = [text for texts in ATTACKS.values() for text in texts]
    seen = [text for text in attacks if formatted(text)]
    assert len(seen) > 10, "the corpus has too few that would format"
    for text in attacks:
        assert formatted(escaped(text, 600, 1_200)) == [], text
        assert formatted(quote(text, None)) == [], text
