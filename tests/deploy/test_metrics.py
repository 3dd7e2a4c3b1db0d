"""Every metric of every process: promtool likes its name, the page lists it, and nothing is on the page besides."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.deploy.exported import BEGIN, END, PAGE, ROOMS, by_name, exported, exposition, registries, table
from tests.deploy.promtool import promtool

PERSONAL = {"customer", "customer_id", "owner", "person", "user", "comment", "email", "id", "case", "case_id"}


@pytest.mark.parametrize("room", ROOMS)
def test_promtool_finds_nothing_to_say_about_names_units_and_help(room: str) -> None:
    checked = subprocess.run(
        [promtool(), "check", "metrics"], input=exposition(registries()[room]), capture_output=True, check=False
    )
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()


@pytest.mark.parametrize("room", ROOMS)
def test_a_process_says_what_it_is_and_what_it_takes(room: str) -> None:
    names = {metric.name for metric in exported(registries()[room])}
    wanted = {"closeloop_build_info", "closeloop_ready", "process_resident_memory_bytes", "process_cpu_seconds_total"}
    assert wanted <= names


def test_no_label_names_a_person() -> None:
    for name, (metric, _) in by_name().items():
        assert not PERSONAL & set(metric.labels), name


def test_every_help_is_a_sentence_that_ends() -> None:
    for name, (metric, _) in by_name().items():
        if name.startswith("closeloop_"):
            assert re.fullmatch(r"[A-Z0-9'\"][\s\S]{15,}\.", metric.help), f"{name}: {metric.help}"


def test_the_page_lists_exactly_what_the_processes_export() -> None:
    listed = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert listed.strip() == table().strip(), "run `python -m tests.deploy.exported`"
