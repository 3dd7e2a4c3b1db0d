"""A table of answers with its mapping, and an import of it in a folder of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from closeloop.importer import run_import
from tests.client.stub import StubGateway, running

MAPPING = """
type: response
source: /survey
fields: {id: answer, time: at, customer_id: customer, metric: {value: nps}, score: score, comment: text}
attributes: {region: region}
"""


@pytest.fixture
def gateway() -> Iterator[StubGateway]:
    with running(StubGateway()) as stub:
        yield stub


def a_table(folder: Path, rows: int, bad: frozenset[int] = frozenset()) -> tuple[Path, Path]:
    """A CSV of answers a1.., some with a score that no NPS has, and its mapping."""
    path, mapping = folder / "answers.csv", folder / "mapping.yaml"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["answer", "at", "customer", "score", "text", "region", "not used"])
        for n in range(1, rows + 1):
            writer.writerow([f"a{n}", "2026-11-20T10:00:00Z", f"c{n}", 99 if n in bad else n % 11, "=1+1", "SP", "x"])
    mapping.write_text(MAPPING)
    return path, mapping


def run_it(path: Path, url: str, folder: Path, mapping: Path | None, **more: Any) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    more = {"retry_for": 0.0, "batch": 10, **more}
    code = run_import(path, url, mapping=mapping, checkpoints=folder / "kept", out=out, err=err, **more)
    return code, out.getvalue(), err.getvalue()
