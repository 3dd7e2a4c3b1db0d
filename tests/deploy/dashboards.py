"""Grafana's dashboards and the queries in them."""

from __future__ import annotations

import json
from typing import Any

from tests.deploy.rules import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))


def boards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its file's name."""
    return {path.name: json.loads(path.read_text()) for path in FILES}


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Every panel that shows something, with its dashboard's file."""
    return [(name, panel) for name, board in boards().items() for panel in board["panels"] if panel["type"] != "row"]


def queries(*, rate_interval: str = "1m") -> list[tuple[str, str]]:
    """Every query, with where it stands; Grafana's variable for a range is filled in."""
    found = [
        (f"{name}: {panel['title']}", target["expr"].replace("$__rate_interval", rate_interval))
        for name, panel in panels()
        for target in panel["targets"]
    ]
    for name, board in boards().items():
        found += [(f"{name}: annotations", one["expr"]) for one in board["annotations"]["list"]]
    return found
