"""The console's pure modules, run where they live: in a browser. Expected values are computed by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import gateway.console
from tests.console.gateway_double import GatewayDouble

if TYPE_CHECKING:
    from playwright.sync_api import Page

STATIC = Path(gateway.console.__file__).parent / "static"
NPS = {"name": "nps", "kind": "nps", "minimum": 0, "maximum": 10, "higherIsBetter": True}
EFFORT = {"name": "effort", "kind": "mean", "minimum": 1, "maximum": 5, "higherIsBetter": False}


@pytest.fixture
def page(console: Page, double: GatewayDouble) -> Page:
    console.goto(f"{double.url}/console/favicon.svg")
    return console


def _run(page: Page, double: GatewayDouble, module: str, expression: str, *arguments: Any) -> Any:
    script = f"async (args) => {{ const m = await import('{double.url}/console/{module}'); return {expression}; }}"
    return page.evaluate(script, list(arguments))


@pytest.mark.browser
def test_events_are_found_however_the_bytes_are_cut(page: Page, double: GatewayDouble) -> None:
    text = (
        ': hello\r\n\r\nevent: metric\r\ndata: {"a":1}\r\n\r\ndata: one\ndata:two\n\nevent: totals\nid: 7\ndata: x\n\n'
    )
    expected = [["metric", '{"a":1}', ""], ["message", "one\ntwo", ""], ["totals", "x", "7"]]
    for size in (1, 2, 3, 7, len(text)):
        chunks = [text[start : start + size] for start in range(0, len(text), size)]
        code = "(() => { const got = []; args[0].forEach(m.eventParser((...e) => got.push(e))); return got; })()"
        assert _run(page, double, "stream.js", code, chunks) == expected, size


@pytest.mark.browser
def test_a_row_is_clearly_worse_only_when_its_interval_excludes_the_whole(page: Page, double: GatewayDouble) -> None:
    def row(value: float, low: float, high: float, **more: Any) -> dict[str, Any]:
        return {"value": value, "low": low, "high": high, "too_few": False} | more

    def worse(one: dict[str, Any], spec: dict[str, Any]) -> bool:
        return bool(_run(page, double, "statistics.js", "m.clearlyWorse(...args)", one, row(30, 28, 32), spec))

    assert worse(row(10, 0, 20), NPS)
    assert not worse(row(25, 15, 35), NPS)
    assert not worse(row(60, 50, 70), NPS)
    assert not worse(row(10, 0, 20, too_few=True), NPS)
    assert worse(row(60, 50, 70), EFFORT)
    assert not worse(row(10, 0, 20), EFFORT)


@pytest.mark.browser
def test_the_score_classes_are_those_of_the_field(page: Page, double: GatewayDouble) -> None:
    code = "m.histogram({counts: {'0': 2, '10': 5}}, args[0]).map(b => [b.score, b.count, b.tone])"
    bars = _run(page, double, "statistics.js", code, NPS)
    tones = {score: tone for score, _, tone in bars}
    assert [tones[score] for score in range(11)] == ["bad"] * 7 + ["middle"] * 2 + ["good"] * 2
    assert bars[0][:2] == [0, 2]
    assert bars[10][:2] == [10, 5]
    assert [score for score, _, _ in _run(page, double, "statistics.js", code, EFFORT)] == [5, 4, 3, 2, 1]


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_colours_keep_the_contrast_of_wcag_aa(scheme: str) -> None:
    css = (STATIC / "css" / "base.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0]))
    if scheme == "dark":
        tokens |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[1]))
    grounds = dict.fromkeys(("ink", "muted", "accent", "good", "warn", "bad"), ("paper", "surface", "sunken"))
    pairs = [(text, ground) for text, many in grounds.items() for ground in many]
    pairs += [("on-accent", "accent"), ("accent", "accent-soft"), ("warn", "warn-soft"), ("bad", "bad-soft")]
    pairs += [("surface", "ink"), ("paper", "ink")]
    failing = {pair: round(_contrast(tokens[pair[0]], tokens[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in failing.items() if value < 4.5} == {}


def test_no_module_parses_data_as_markup() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser")
    # patch.js puts in what the gateway has drawn: there every value was escaped (tests/gateway/test_pages.py).
    for file in set(STATIC.rglob("*.js")) - {STATIC / "script" / "patch.js"}:
        assert not forbidden.search(file.read_text()), file.name


def test_no_module_is_longer_than_300_lines() -> None:
    for file in STATIC.rglob("*.js"):
        assert len(file.read_text().splitlines()) < 300, file.name
