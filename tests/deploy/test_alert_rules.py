"""The alert rules: promtool accepts and tests them, each has its page, and each asks for what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from closeloop.cli import app
from tests.deploy.exported import ROOMS, by_name, series_names
from tests.deploy.promtool import promtool
from tests.deploy.rules import PROMETHEUS, ROOT, RULE_FILES, TEST_FILES, alerts, asked, recorded, rules

RUNBOOKS = ROOT / "docs" / "runbooks"
HEADINGS = ["What it means to customers", "First look", "Fix", "Command"]


def run(*words: str | Path) -> None:
    done = subprocess.run([promtool(), *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_configuration() -> None:
    run("check", "config", PROMETHEUS / "prometheus.yml")


def test_promtool_accepts_the_configuration_for_kubernetes(tmp_path: Path) -> None:
    # Debian builds Prometheus without the discovery of Kubernetes: all but that part is checked.
    written = yaml.safe_load((PROMETHEUS / "prometheus-kubernetes.yml").read_text())
    for job in written["scrape_configs"]:
        assert [sd["role"] for sd in job.pop("kubernetes_sd_configs")] == ["pod"]
    written["rule_files"] = [str(path) for path in RULE_FILES]
    copy = tmp_path / "prometheus.yml"
    copy.write_text(yaml.safe_dump(written))
    run("check", "config", copy)


def test_every_room_of_the_composition_is_scraped_where_it_serves_its_metrics() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    scraped = {
        name: (job["job_name"], found["port"])
        for job in jobs
        for found in job.get("dns_sd_configs", ())
        for name in found["names"]
    }
    assert set(scraped) == set(ROOMS)
    for room, (job, port) in scraped.items():
        assert job == f"closeloop-{room}"
        # The probe asks /healthz on the port that serves /metrics, too.
        assert str(port) in services[room]["healthcheck"]["test"], room


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_promtool_tests_the_rules(path: Path) -> None:
    run("test", "rules", path)


def test_every_alert_is_tested_to_fire_to_stay_silent_and_to_clear() -> None:
    fires: set[str] = set()
    clears: set[str] = set()
    silent: set[str] = set()
    for path in TEST_FILES:
        for test in yaml.safe_load(path.read_text())["tests"]:
            checks = test["promql_expr_test"]
            (name,) = {_named(check["expr"]) for check in checks}
            fired = [bool(check["exp_samples"]) for check in checks]
            (fires if any(fired) else silent).add(name)
            if any(fired) and not fired[-1]:
                clears.add(name)
    assert fires == clears == silent == set(alerts())


def _named(expression: str) -> str:
    found = re.search(r'alertname="(\w+)"', expression)
    assert found is not None
    assert 'alertstate="firing"' in expression
    return found[1]


@pytest.mark.parametrize(("name", "rule"), alerts().items(), ids=str)
def test_an_alert_says_how_bad_it_is_and_leads_to_its_page(name: str, rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    assert said["description"].endswith(".")
    page = ROOT / said["runbook_url"]
    assert page.parent == RUNBOOKS
    text = page.read_text()
    assert f"`{name}`" in text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


def test_no_page_is_left_over_and_the_index_has_all() -> None:
    pages = {Path(rule["annotations"]["runbook_url"]).name for rule in alerts().values()}
    assert pages == {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    index = (RUNBOOKS / "README.md").read_text()
    for name, rule in alerts().items():
        assert f"| `{name}` |" in index
        assert f"({Path(rule['annotations']['runbook_url']).name})" in index


def test_every_link_of_a_page_leads_somewhere() -> None:
    for page in [*RUNBOOKS.glob("*.md"), ROOT / "docs" / "monitoring.md"]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for block in re.findall(r"^```\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("closeloop "):
                _check_command(line)


def _check_command(line: str) -> None:
    command: Any = get_command(app)
    for word in shlex.split(line)[1:]:
        if hasattr(command, "commands"):
            assert word in command.commands, line
            command = command.commands[word]
        elif word.startswith("--"):
            assert any(word in option.opts for option in command.params), line


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_only_for_what_some_process_exports(rule: dict[str, Any]) -> None:
    names = asked(rule["expr"])
    assert names
    assert names <= series_names() | recorded()


def test_pages_name_only_metrics_that_there_are() -> None:
    known = series_names() | set(by_name()) | recorded()
    for page in RUNBOOKS.glob("*.md"):
        for name in re.findall(r"(?:[a-z_]+:)?closeloop[:_][a-z0-9_:]+", page.read_text()):
            assert name in known, f"{page.name}: {name}"


def test_what_a_query_asks_for_is_found() -> None:
    expression = (
        'max by (topic) (rate(a_total{b="c_total"}[5m])) '
        "/ on (d) group_left (e) (f:g:h offset 1d > 0) and x_seconds > 1e3"
    )
    assert asked(expression) == {"a_total", "f:g:h", "x_seconds"}
