"""The quick rules are the real ones with every time divided, and with nothing else changed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.promtool import promtool
from tests.deploy.quick_rules import TIMES, quick, quicker
from tests.deploy.rules import RULE_FILES


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_only_numbers_change(path: Path, tmp_path: Path) -> None:
    before, after = yaml.safe_load(path.read_text()), quick(path)
    for old_group, new_group in zip(before["groups"], after["groups"], strict=True):
        assert old_group["name"] == new_group["name"]
        for old, new in zip(old_group["rules"], new_group["rules"], strict=True):
            assert set(old) == set(new)
            changing = {"expr", "for"}
            assert {k: v for k, v in old.items() if k not in changing} == {
                k: v for k, v in new.items() if k not in changing
            }
            assert _without_numbers(old["expr"]) == _without_numbers(new["expr"])
    copy = tmp_path / "rules.yaml"
    copy.write_text(yaml.safe_dump(after))
    done = subprocess.run([promtool(), "check", "rules", copy], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _without_numbers(expression: str) -> str:
    return re.sub(r"\d+(\.\d+)?(ms|[smhd])?\b", "#", expression)


def test_ranges_offsets_and_ages_are_divided_and_other_thresholds_are_not() -> None:
    assert TIMES == 20
    assert quicker("max(closeloop_waiting_timer_seconds) > 300") == "max(closeloop_waiting_timer_seconds) > 15"
    assert quicker("increase(a_total[10m] offset 1h) > 5") == "increase(a_total[30000ms] offset 180000ms) > 5"
    assert quicker("abs(closeloop_clock_skew_seconds) > 2") == "abs(closeloop_clock_skew_seconds) > 2"
