"""The JavaScript client without a browser: what is generated is fresh, small, and works in Node."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from jsonschema import Draft202012Validator

from tests.fixtures.missing import lacking
from tests.gateway.conftest import KeptRecords, make  # noqa: F401 - fixtures
from tests.gateway.serving import serving

CLIENT = Path(__file__).parents[2] / "clients" / "js"
DOCS = Path(__file__).parents[2] / "docs" / "emit" / "javascript.md"
CONTRACT = Path(__file__).parents[2] / "docs" / "contract"
LIMIT = 10_000
"""Bytes that a page loads for the survey, gzipped: the client, the survey and a language."""


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("clients_js_build", CLIENT / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None:
        lacking("Node", "node is not on PATH; install it (Debian: `apt install nodejs`)")
    return found


def test_what_is_generated_is_fresh(build: ModuleType) -> None:
    assert build.stale() == [], "make client writes them"
    there = {str(path.relative_to(CLIENT)) for path in (CLIENT / "dist").rglob("*.js")}
    assert there == {name for name in build.generated() if name.startswith("dist/")}


def test_no_bundler_shakes_the_labels_off() -> None:
    """A language is imported for its effect alone: what `sideEffects` does not name is left out of a bundle."""
    named = json.loads((CLIENT / "package.json").read_text())["sideEffects"]
    # A bundler's * stays within a folder.
    rules = [re.compile(re.escape(one).replace(r"\*", "[^/]*")) for one in named]
    for path in (CLIENT / "dist").rglob("*.js"):
        name = f"./{path.relative_to(CLIENT)}"
        assert any(rule.fullmatch(name) for rule in rules), name


def test_a_change_of_the_contract_makes_the_types_stale(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TouchpointEvent", "ResponseEvent"):
        schema = json.loads((CONTRACT / f"{name}.json").read_text())
        schema["properties"]["mood"] = {"type": "string"}
        (tmp_path / f"{name}.json").write_text(json.dumps(schema))
    monkeypatch.setattr(build, "CONTRACT", tmp_path)
    assert build.stale() == ["types/events.d.ts"]
    assert "  mood?: string;" in build.generated()["types/events.d.ts"]


def test_the_survey_with_any_language_is_under_ten_kilobytes() -> None:
    core = _loaded(CLIENT / "dist" / "closeloop.min.js")
    languages = {path.stem: _loaded(path) for path in (CLIENT / "dist" / "labels").glob("*.js")}
    assert len(languages) == 19  # English is part of the core
    assert core + max(languages.values()) < LIMIT


def _loaded(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def _blocks(page: Path) -> list[str]:
    """The JavaScript of a guide."""
    return re.findall(r"^```js\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_it_works_in_node(node: str) -> None:
    ran = subprocess.run(
        [node, "--test", str(CLIENT / "test")], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert "# skipped 0" in ran.stdout


def test_node_sends_to_a_gateway_what_the_contract_says(node: str, make, sqlite_database: str) -> None:  # noqa: F811
    import dataclasses

    kafka = KeptRecords()
    parts = dataclasses.replace(make(sqlite_database), producer=kafka)
    source = (CLIENT / "src" / "index.js").as_uri()
    (guide,) = (block for block in _blocks(DOCS) if "client.close()" in block)
    more = """
        const second = new Closeloop({ url: process.argv[1], source: "/node" });
        second.response({ customer_id: "c42", metric: "nps", score: 3, comment: "atrasou de novo — é" });
        second.response({ customer_id: "c42", metric: "nps", score: 11 });
    """
    with serving(parts) as url:
        script = guide.replace("./clients/js/src/index.js", source).replace("http://127.0.0.1:8080", url)
        # The second client is neither flushed nor closed: the process ends once what it emitted is sent.
        ran = _run([node, "--input-type=module", "--eval", script + more, url])
    assert ran.returncode == 0, ran.stderr
    assert "rejected: data.score: outside its scale 0..10" in ran.stderr
    touchpoint, response = (json.loads(record.value) for record in kafka.records)
    assert (ran.stdout, touchpoint["id"]) == ("1\n", "order-17:delivered")
    assert response["data"]["comment"] == "atrasou de novo — é"
    for name, event in (("TouchpointEvent", touchpoint), ("ResponseEvent", response)):
        schema = json.loads((CONTRACT / f"{name}.json").read_text())
        Draft202012Validator(schema).validate(event)
