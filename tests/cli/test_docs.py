"""The documentation leads where it says, and its commands are ones that the command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from typer.main import get_command

from closeloop.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "clients/*/README.md", "benchmarks/*.md")
    for page in ROOT.glob(pattern)
)
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"(?:`|^ *)(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?closeloop ([a-z][^`\n]*)", re.MULTILINE)
COMMANDS: Any = get_command(app)


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCED.sub("", page.read_text()), re.MULTILINE)
    words = [re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", word.strip().lower()).replace(" ", "-") for word in words}


def broken_links(page: Path) -> list[str]:
    """The links of a page that lead to no file, or to no heading of one."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", _FENCED.sub("", page.read_text())):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    return broken


def wrong(said: str) -> str:
    """What the command line would not take of a command: an option that is not there, a word too many."""
    command = COMMANDS
    words = _words(said)
    if not words or words[0] not in command.commands:
        return ""  # prose about closeloop
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return f"{said}: no {words[0]}"
        command = command.commands[words.pop(0)]
    known = {name: parameter for parameter in command.params for name in parameter.opts}
    arguments = [one.nargs for one in command.params if one.param_type_name == "argument"]
    room = len(said) if -1 in arguments else sum(arguments)
    while words and not hasattr(command, "commands"):
        word = words.pop(0)
        if not word.startswith("-") or word == "-":
            room -= 1
            if room < 0:
                return f"{said}: {word} is too much"
            continue
        option = known.get(word.partition("=")[0])
        if option is None and word != "--help":
            return f"{said}: no {word}"
        if option is not None and not option.is_flag and "=" not in word:
            words = words[1:]
    return ""


def _words(said: str) -> list[str]:
    """The words of a command up to a pipe, a comment or what is left out."""
    try:
        words = shlex.split(re.split(r"  |[#|>&]|\.\.\.", said)[0].rstrip("\\"))
    except ValueError:  # a quotation that goes on in the next line
        return []
    return [word.strip("[],.:;") for word in words]


def test_the_links_of_every_page_lead_somewhere_and_its_commands_exist() -> None:
    found = {
        str(page.relative_to(ROOT)): [
            *broken_links(page),
            *(fault for said in _COMMAND.findall(page.read_text()) if (fault := wrong(said))),
        ]
        for page in PAGES
    }
    assert {page: faults for page, faults in found.items() if faults} == {}


def test_wrong_links_and_commands_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One *more*\n[a](#one-more) [b](page.md#none) [c](gone.md) [d](https://example.com)\n")
    assert broken_links(page) == ["page.md#none", "gone.md"]
    assert wrong("keys create shop emit") == "keys create shop emit: emit is too much"
    assert wrong("keys create shop --rôle emit") == "keys create shop --rôle emit: no --rôle"
    assert wrong("keys make shop") == "keys make shop: no make"
    assert wrong("keys create shop --role emit --source=/shop") == ""
    assert wrong("is one image") == ""
