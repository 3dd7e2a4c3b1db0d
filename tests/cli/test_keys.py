"""``closeloop keys`` and ``closeloop audit``: a key is printed once and alone, and the trail says who did it."""

from __future__ import annotations

import getpass
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas import migrate
from tests.cli.asking import Answer, ask, refused


@pytest.fixture
def url(tmp_path: Path) -> str:
    migrate.upgrade(address := f"sqlite:///{tmp_path}/loop.db")
    return address


def keys(url: str, *words: str) -> Answer:
    return ask("keys", *words, DATABASE_URL=url)


def listed(url: str) -> list[dict[str, object]]:
    return list(json.loads(keys(url, "list", "--json").out))


def test_a_key_over_its_life(url: str) -> None:
    made = keys(url, "create", "shop", "--role", "emit", "--source", "/shop/", "--expires", "90d")
    assert re.fullmatch(r"clk_[0-9a-f]{12}_[\w-]{43}\n", made.out)
    turned = keys(url, "rotate", "shop", "--overlap", "12h")
    assert (turned.code, turned.out.startswith("clk_"), turned.out != made.out) == (0, True, True)
    first, second = listed(url)
    ends = datetime.fromisoformat(str(first["expires_at"]))
    assert timedelta(hours=11) < ends - datetime.now(UTC) <= timedelta(hours=12)
    assert (second["name"], second["roles"], second["sources"], second["last_used_at"]) == (
        "shop", ["emit"], ["/shop/"], None,
    )  # fmt: skip
    everything = keys(url, "list").out + keys(url, "list", "--json").out
    for secret in (made.out, turned.out):
        assert secret.strip()[17:] not in everything
        assert secret[4:16] in everything
    assert keys(url, "revoke", str(second["id"])).code == 0
    assert [one["revoked_at"] is None for one in listed(url)] == [True, False]
    assert "never" in keys(url, "list").out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("create", "shop", "--role", "emit", "--expires", "3 months"), "--expires 3 months"),
        (("create", "shop", "--role", "act", "--source", "/shop/"), "source"),
        (("rotate", "nobody"), "closeloop keys list"),
        (("rotate", "nobody", "--overlap", "soon"), "--overlap soon"),
    ],
)
def test_what_cannot_be_is_said(url: str, words: tuple[str, ...], named: str) -> None:
    refused(keys(url, *words), named)


def test_the_trail_says_who_did_it(url: str, tmp_path: Path) -> None:
    keys(url, "create", "shop", "--role", "read", "--role", "emit")
    keys(url, "rotate", "shop", "--overlap", "0")
    (turned, made) = json.loads(ask("audit", "list", "--json", DATABASE_URL=url).out)
    assert (made["action"], made["subject"], made["actor"], made["kind"], made["detail"]["role"]) == (
        "key_created", "shop", getpass.getuser(), "command", "emit,read",
    )  # fmt: skip
    assert turned["action"] == "key_rotated"
    assert len(ask("audit", "list", "--action", "key_rotated", DATABASE_URL=url).out.splitlines()) == 1
    file = tmp_path / "audit.jsonl"
    assert ask("audit", "export", "--output", str(file), DATABASE_URL=url).code == 0
    assert [json.loads(line) for line in file.read_text().splitlines()] == [turned, made]
    refused(ask("audit", "list", "--action", "walked", DATABASE_URL=url), "key_created")
    refused(ask("audit", "list", "--since", "yesterday", DATABASE_URL=url), "--since")
    assert "nothing" in ask("audit", "list", "--customer", "c1", DATABASE_URL=url).err
