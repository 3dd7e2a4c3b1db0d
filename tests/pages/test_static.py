"""What the pages load, read without running it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway.console

CONSOLE = Path(gateway.console.__file__).parent
SCRIPTS = sorted((CONSOLE / "static" / "script").glob("*.js"))
STYLES = sorted((CONSOLE / "static" / "style").glob("*.css"))
TEMPLATES = sorted((CONSOLE / "templates").glob("*.html"))


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_colours_keep_the_contrast_of_wcag_aa(scheme: int) -> None:
    css = (CONSOLE / "static" / "style" / "tokens.css").read_text()
    both = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", css)
    tokens = {name: colours[scheme] for name, *colours in both}
    grounds = dict.fromkeys(("ink", "muted", "accent", "good", "warn", "bad"), ("paper", "surface", "sunken"))
    pairs = [(text, ground) for text, many in grounds.items() for ground in many]
    pairs += [("on-accent", "accent"), ("ink", "accent-soft"), ("warn", "warn-soft"), ("bad", "bad-soft")]
    pairs += [("surface", "ink"), ("surface", "bad"), ("ink", "flash")]
    failing = {pair: round(_contrast(tokens[pair[0]], tokens[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in failing.items() if value < 4.5} == {}


def test_only_what_the_server_has_drawn_is_parsed_as_markup() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser")
    assert [file.name for file in SCRIPTS if forbidden.search(file.read_text())] == ["patch.js"]


def test_templates_hold_no_script_and_no_style_of_their_own() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:")
    assert {file.name: inline.findall(file.read_text()) for file in TEMPLATES if inline.search(file.read_text())} == {}
    assert not [file.name for file in TEMPLATES if "|safe" in file.read_text() or "autoescape" in file.read_text()]


def test_every_script_and_style_is_loaded_and_nothing_comes_from_elsewhere() -> None:
    texts = "\n".join(file.read_text() for file in [*SCRIPTS, *STYLES, *TEMPLATES])
    for file in [*SCRIPTS, *STYLES]:
        assert re.search(rf"""["'/.]{re.escape(file.name)}["')]""", texts), f"{file.name} is never loaded"
    assert re.findall(r"(?:src|href|url|from|import)[=(\s]+[\"']?(?:https?:)?//[^\s\"')]+", texts) == []


def test_no_script_is_longer_than_300_lines() -> None:
    assert {file.name: n for file in SCRIPTS if (n := len(file.read_text().splitlines())) > 300} == {}
