"""Every route asks for a right, or is known to need none; and docs/access.md says so."""

from __future__ import annotations

from typing import Any

from litestar.enums import HttpMethod

from gateway.access import same_origin
from tests.gateway.access_table import guarded, table, written
from tests.gateway.conftest import Served

OPEN = (
    "/",  # leads to the first page
    "/healthz",
    "/readyz",
    "/metrics",  # for Prometheus, without customers or people
    "/schema",  # the OpenAPI document
    "/slack/",  # signed by Slack
    "/console/session",  # the sign-in itself
    "/console/{path:path}",  # the console's own files
    "/console/vendor/",
    "/hooks/",  # signed by the tool, or by a key in the address
    "/s/",  # sealed links
    "/client/",  # what browsers load
    "/contract",  # what there is to send and read
)


def test_every_route_asks_for_a_right_or_is_known_to_need_none(gateway: Served) -> None:
    app: Any = gateway.client.app
    without = sorted(path for (path, _), right in guarded(app).items() if right is None)
    assert [path for path in without if path != "/" and not path.startswith(OPEN[1:])] == []


def test_what_changes_something_takes_no_other_sites_request(gateway: Served) -> None:
    app: Any = gateway.client.app
    handlers = [(route.path, handler) for route in app.routes for handler in getattr(route, "route_handlers", [])]
    posts = [(path, handler) for path, handler in handlers if handler.http_methods & {"POST", HttpMethod.POST}]
    assert [path for path, _ in posts if path.startswith("/v1/cases/")] != []
    assert [path for path, handler in posts if same_origin not in handler.resolve_guards()] == [
        "/v1/events",  # of known pages alone: `from_known_page`
        "/hooks/{name:str}", "/slack/interactions", "/slack/events",  # signed
        "/s/{token:str}",  # sealed links
    ]  # fmt: skip


def test_the_page_says_what_the_routes_ask_for(gateway: Served) -> None:
    app: Any = gateway.client.app
    assert written() == table(guarded(app)), "python -m tests.gateway.access_table writes it"
