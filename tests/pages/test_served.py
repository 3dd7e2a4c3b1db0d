"""Pages over HTTP: what they show, what follows, who may see them."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from gateway.keys import create_key
from gateway.parts import Parts
from schemas.metrics import Metric
from tests.gateway.conftest import Served, gateway, make, serve  # noqa: F401 - fixtures
from tests.gateway.examples import opened
from tests.gateway.serving import serving, wait_until

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def row(key: str, *, n: int = 40, score: int = 9, version: int = 1, window: str = "1h") -> Metric:
    """An NPS of one region that everybody answered with the same score."""
    value = 100.0 if score >= 9 else -100.0
    return Metric(
        metric="nps",
        window=window,
        cut="region" if key else "all",
        key={"attributes.region": key} if key else {},
        value=value,
        low=value - 5,
        high=value + 5,
        n=n,
        counts={str(score): n},
        too_few=n < 10,
        as_of=datetime.now(UTC),
        version=version,
    )


def put(parts: Parts, record: Metric) -> None:
    parts.live.rows.take(record.record_key(), msgspec.json.encode(record))


def mark_of(html: str) -> str:
    found = re.search(r'name="closeloop-mark" content="([^"]+)"', html)
    assert found is not None
    return found[1]


@contextmanager
def followed(url: str, path: str, mark: str) -> Iterator[list[dict[str, object]]]:
    """The patches of a page, as they come in."""
    patches: list[dict[str, object]] = []
    with httpx.Client(timeout=httpx.Timeout(10, read=30)) as client:
        request = client.build_request("GET", f"{url}/console/live{path}{'&' if '?' in path else '?'}mark={mark}")
        answer = client.send(request, stream=True)
        assert answer.status_code == 200, answer.read()

        def read() -> None:
            mark = ""
            try:
                for line in answer.iter_lines():
                    if line.startswith("id: "):
                        mark = line[4:]
                    elif line.startswith("data: "):
                        patches.append({"mark": mark, **json.loads(line[6:])})
            except httpx.HTTPError:
                return

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        try:
            yield patches
        finally:
            # To close a socket does not wake a thread that reads from it; to shut it down does.
            answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            reading.join(30)
            assert not reading.is_alive()
            answer.close()


def test_the_first_page_is_whole_without_a_script_and_escapes_what_events_say(gateway: Served) -> None:  # noqa: F811
    put(gateway.parts, row(HOSTILE))
    put(gateway.parts, row(""))
    answer = gateway.client.get("/now", params={"window": "1h", "cut": "region"})
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "&lt;img src=x onerror=alert(1)&gt;" in answer.text
    assert "<img" not in answer.text
    assert "+100.0" in answer.text
    assert "95 %: +95.0 to +105.0" in answer.text
    assert 'style="' not in answer.text


def test_a_page_speaks_the_readers_language(gateway: Served) -> None:  # noqa: F811
    put(gateway.parts, row(""))
    russian = gateway.client.get("/now", params={"window": "1h"}, headers={"Accept-Language": "ru"}).text
    assert '<html lang="ru"' in russian
    assert "95 %: от +95,0 до +105,0" in russian


@pytest.mark.parametrize(
    ("query", "field"), [("window=2h", "window"), ("cut=nope", "cut"), ("rows=0", "rows"), ("sort=x", "sort")]
)
def test_what_cannot_be_shown_is_said_as_a_page(gateway: Served, query: str, field: str) -> None:  # noqa: F811
    answer = gateway.client.get(f"/now?{query}")
    assert answer.status_code == 400
    assert f"<b>{field}</b>" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_change_comes_as_the_parts_that_differ_and_a_cut_loses_none(
    make: Callable[..., Parts],  # noqa: F811
    sqlite_database: str,
) -> None:
    parts = make(sqlite_database)
    for key in ("", "SP", "RJ"):
        put(parts, row(key))
    put(parts, row("BA", score=1))  # the axis that all rows share stays as it is
    with serving(parts) as url:
        path = "/now?window=1h&cut=region"
        page = httpx.get(url + path).text
        with followed(url, path, mark_of(page)) as patches:
            put(parts, row("SP", score=3, version=2))
            wait_until(lambda: patches)
            changed = patches[0]["parts"]
            assert any("SP" in html and "−100.0" in html for html in changed.values())
            assert not any(">RJ<" in html for html in changed.values()), "a row that did not change was sent"
            mark = str(patches[0]["mark"])
        put(parts, row("RJ", score=2, version=2))
        put(parts, row("MG", score=1, version=2))
        with followed(url, path, mark) as patches:
            wait_until(lambda: any("RJ" in html for patch in patches for html in patch["parts"].values()))
            rows = [patch["lists"]["rows"] for patch in patches if "rows" in patch["lists"]]
            assert len(rows[-1]) == 4, "the new region is in the list"
            sent = {html for patch in patches for html in patch["parts"].values()}
            assert any("MG" in html for html in sent)
            assert not any(">SP<" in html and "<th" in html for html in sent), "what the browser had came again"
        with followed(url, path, "0.0") as patches:
            wait_until(lambda: patches)
            whole = patches[0]["parts"]
            assert sum("<th" in html and "row" in name for name, html in whole.items()) == 4


def test_a_case_that_opens_is_in_the_feed_and_counted(
    make: Callable[..., Parts],  # noqa: F811
    sqlite_database: str,
) -> None:
    parts = make(sqlite_database)
    with serving(parts) as url:
        page = httpx.get(f"{url}/now").text
        assert "C-1" not in page
        with followed(url, "/now", mark_of(page)) as patches:
            opened(parts.writers)
            wait_until(lambda: any("C-1" in html for patch in patches for html in patch["parts"].values()))
        assert "atrasou &lt;de&gt; novo" in httpx.get(f"{url}/now").text


def test_with_keys_a_browser_signs_in_and_its_cookie_is_for_our_own_pages_alone(
    make: Callable[..., Parts],  # noqa: F811
    sqlite_database: str,
) -> None:
    parts = make(sqlite_database)
    reading = create_key(parts.writers, "reports", "read")
    emitting = create_key(parts.writers, "shop", "emit")
    with serving(parts) as url, httpx.Client(base_url=url) as browser:
        asked = browser.get("/now")
        assert asked.status_code == 401
        assert "data-sign-in" in asked.text
        for wrong in ("clk_nothing", emitting):
            refused = browser.post("/console/session", json={"key": wrong})
            assert refused.status_code == 401
            assert wrong not in refused.text
        taken = browser.post("/console/session", json={"key": reading})
        assert taken.status_code == 204
        cookie = taken.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert reading.lower() not in cookie, "a session stands for the key"
        assert browser.get("/now").status_code == 200
        assert browser.get("/v1/metrics").status_code == 200
        foreign = {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}
        assert browser.get("/v1/metrics", headers=foreign).status_code == 401
        assert browser.post("/console/session/end").status_code == 204
        assert browser.get("/now").status_code == 401
