"""The section `gateway` of loop.yaml: every mistake is named with its line and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.config_gateway import Cors, Gateway, SpoolConfig, size_bytes
from schemas.loop_yaml import ConfigError, parse

REST = """
people: {ana: {name: Ana, email: ana@shop.example}}
receivers: {desk: {person: ana, channel: "#cx"}}
route: {receiver: desk}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spool: {after: 20s}", "loop.yaml:1: gateway.spool.after: give at most 8s"),
        ("spool: {most: 10kB}", "loop.yaml:1: gateway.spool.most: give 1MB or more"),
        ("spool: {most: 10 MB}", "loop.yaml:1: gateway.spool.most:"),
        ("cors: {origins: [https://shop.example/]}", "loop.yaml:1: gateway.cors.origins[0]: not an origin"),
        ("cors: {origins: ['*', shop.example]}", "loop.yaml:1: gateway.cors.origins[1]: not an origin"),
        ("cors: {origins: ['https://Shop.example']}", "loop.yaml:1: gateway.cors.origins[0]: not an origin"),
        ("slow_clients: {body: 1h}", "loop.yaml:1: gateway.slow_clients.body: give at most 10m"),
        ("rate_limit: {events_per_second: 0}", "loop.yaml:1: gateway.rate_limit.events_per_second:"),
        ("rate_limit: {burst: 5s}", "loop.yaml:1: gateway.rate_limit.events_per_second:"),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        parse(f"gateway: {{{text}}}{REST}")
    (problem,) = wrong.value.problems
    assert problem.startswith(said), problem


def test_the_examples_of_the_page_are_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "emit" / "http.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        parse(block + REST)


def test_what_is_right_is_read() -> None:
    loop = parse(
        "gateway: {spool: {most: 2GB, after: 8s}, cors: {origins: ['*', 'http://127.0.0.1:3000', 'https://a-b.example']}}"
        + REST
    )
    assert loop.gateway.spool == SpoolConfig(most="2GB", after="8s")
    assert size_bytes("2GB") == 2_000_000_000
    assert parse("gateway: {spool: null}" + REST).gateway.spool is None
    assert parse(REST).gateway == Gateway(spool=SpoolConfig(most="256MB", after="2s"), cors=Cors(origins=[]))
