"""Grafana's dashboards, checked without Grafana: their shape, their queries, and that they are found by it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.dashboards import GRAFANA, boards, panels, queries
from tests.deploy.exported import series_names
from tests.deploy.promtool import promtool
from tests.deploy.rules import ROOT, asked, recorded

UNITS = {"short", "s", "bytes", "percentunit", "reqps", "eps", "wps", "ops"}
"""Those of Grafana's units that the dashboards use."""
COLUMNS = 24


def test_there_are_two_with_names_of_their_own() -> None:
    assert {(board["uid"], board["title"]) for board in boards().values()} == {
        ("closeloop-loop", "The loop"),
        ("closeloop-pipeline", "The pipeline"),
    }


@pytest.mark.parametrize(("name", "board"), boards().items(), ids=boards())
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name: str, board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    cells: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= COLUMNS
        mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not mine & cells, f"{name}: {panel['title']}"
        cells |= mine


@pytest.mark.parametrize("panel", [panel for _, panel in panels()], ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert re.fullmatch(r"[A-Z].{20,}[.]", panel["description"]), panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert all(target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize(("place", "query"), queries(), ids=lambda value: value)
def test_a_query_asks_only_for_what_some_process_exports(place: str, query: str) -> None:
    assert asked(query)
    assert asked(query) <= series_names() | recorded(), place


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    # Prometheus has no command that parses a query alone; a rule has to be one.
    rules = [{"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(queries())]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run([promtool(), "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_finds_the_dashboards_and_their_prometheus() -> None:
    volumes = {
        volume.split(":")[1]: ROOT / volume.split(":")[0]
        for volume in yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]["volumes"]
        if volume.startswith("./")
    }
    assert volumes["/etc/grafana/provisioning"] == GRAFANA / "provisioning"
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/closeloop.yaml").read_text())["providers"]
    assert volumes[provider["options"]["path"]] == GRAFANA / "dashboards"
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"


def test_a_link_to_a_dashboard_leads_to_one_that_there_is() -> None:
    known = {board["uid"] for board in boards().values()}
    for board in boards().values():
        for link in board["links"]:
            assert link["url"].removeprefix("/d/") in known
