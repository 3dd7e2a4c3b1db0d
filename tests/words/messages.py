"""What the catalogues hold, and what the code asks of them, read without running either."""

from __future__ import annotations

import ast as python
import re
from pathlib import Path

from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from schemas.config_owners import Language
from schemas.words.catalogue import source

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "consumers", "gateway")


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.plurals: list[set[str]] = []

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - Fluent's visitor
        self.names.add(node.id.name)

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802 - Fluent's visitor
        keys = {variant.key.name for variant in node.variants if isinstance(variant.key, ast.Identifier)}
        counted = isinstance(node.selector, ast.VariableReference) and node.selector.id.name == "n"
        self.plurals += [keys] if counted else []
        self.generic_visit(node)


def messages(language: Language) -> dict[str, ast.Message]:
    """Every message of a catalogue by its id."""
    body = FluentParser().parse(source(language)).body
    return {entry.id.name: entry for entry in body if isinstance(entry, ast.Message)}


def ids(language: Language) -> list[str]:
    """The ids as they stand in the file, doubled ones twice."""
    body = FluentParser().parse(source(language)).body
    return [entry.id.name for entry in body if isinstance(entry, ast.Message)]


def variables(message: ast.Message) -> set[str]:
    """What has to be given to say it."""
    found = _Variables()
    found.visit(message)
    return found.names


def plurals(message: ast.Message) -> list[set[str]]:
    """The categories of each choice by number."""
    found = _Variables()
    found.visit(message)
    return found.plurals


class Asked:
    """One call of ``say``: which message, as a pattern, and with which values (``None`` where they are unpacked)."""

    def __init__(self, where: str, pattern: str, values: set[str] | None) -> None:
        self.where = where
        self.pattern = re.compile(pattern)
        self.gaps = "[" in pattern
        self.values = values


def _files(room: str) -> list[Path]:
    """The modules of a room, without those of the console: its catalogues are its own (tests/pages/test_words.py)."""
    return [file for file in sorted((ROOT / room).rglob("*.py")) if ROOT / "gateway" / "console" not in file.parents]


def asked() -> list[Asked]:
    """Every call of ``say`` in the rooms that speak."""
    found: list[Asked] = []
    for room in ROOMS:
        for file in _files(room):
            for node in python.walk(python.parse(file.read_text())):
                if isinstance(node, python.Call) and _is_say(node.func) and node.args:
                    where = f"{file.relative_to(ROOT)}:{node.lineno}"
                    values = {word.arg for word in node.keywords if word.arg is not None}
                    unpacked = any(word.arg is None for word in node.keywords)
                    found += [
                        Asked(where, pattern, None if unpacked else values) for pattern in _patterns(node.args[0])
                    ]
    return found


def _is_say(called: python.expr) -> bool:
    return isinstance(called, python.Attribute) and called.attr == "say"


def _patterns(given: python.expr) -> list[str]:
    """The ids that an expression can be: a text, a text with gaps, one of two; a name could be any."""
    if isinstance(given, python.Constant):
        return [re.escape(str(given.value))]
    if isinstance(given, python.IfExp):
        return _patterns(given.body) + _patterns(given.orelse)
    if isinstance(given, python.JoinedStr):
        return [
            "".join(re.escape(str(p.value)) if isinstance(p, python.Constant) else "[a-z0-9_-]+" for p in given.values)
        ]
    return []


def named() -> set[str]:
    """Every text in the rooms that could be a message's id, for calls whose message is in a variable."""
    found: set[str] = set()
    for room in ROOMS:
        for file in _files(room):
            for node in python.walk(python.parse(file.read_text())):
                if isinstance(node, python.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found
