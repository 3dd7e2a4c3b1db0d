"""The rules of deploy/prometheus and the names that a query asks for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yaml"))
TEST_FILES = sorted((PROMETHEUS / "tests").glob("*.yaml"))

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACES = re.compile(r"\{[^}]*\}")
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAMES = re.compile(r"(?<![\w:])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()")
_WORDS = frozenset({"and", "or", "unless", "offset", "bool", "by", "on", "inf", "e"})


def rules() -> list[dict[str, Any]]:
    """Every rule of every file."""
    return [
        rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerting rules by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> set[str]:
    """The names that recording rules give."""
    return {rule["record"] for rule in rules() if "record" in rule}


def asked(expression: str) -> set[str]:
    """The metrics that an expression of PromQL asks for: its names that are no function, label, duration or keyword."""
    bare = _STRINGS.sub('""', expression)
    bare = _LABELS.sub(" ", _BRACES.sub(" ", bare))
    bare = re.sub(r"\[[^\]]*\]", " ", bare)
    return {name for name in _NAMES.findall(bare) if name not in _WORDS}
