"""A gateway that takes events of a shop's pages, and the shop: another origin, with a policy of its own."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from gateway.process import make_parts
from schemas.config_gateway import Cors, Gateway
from schemas.database import open_database
from schemas.settings import Settings
from schemas.tables import Base
from tests.gateway.conftest import KeptRecords
from tests.gateway.examples import configuration
from tests.gateway.serving import serving
from tests.surveys.conftest import Asking, refuse, with_surveys


class Shop:
    """A shop's own server: each page has a policy and a script, both as the test says."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, tuple[str, str, str]] = {}

    def page(self, name: str, head: str, script: str = "", policy: str = "") -> str:
        """Put a page there; its address."""
        self.pages[name] = (policy, head, script)
        return f"{self.url}/{name}"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").split("?")[0]
            script = name.endswith(".js")
            policy, head, code = made.pages.get(name.removesuffix(".js"), ("", "", ""))
            body = code if script else (
                f'<!doctype html><html lang="en"><head><title>Shop</title>{head}</head><body>'
                f'<main><h1>Shop</h1><input id="search" aria-label="Search"><div id="here"></div></main>'
                f'<script src="/{name}.js"></script></body></html>'
            )  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html; charset=utf-8")
            if policy and not script:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Shop(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join(10)


class Listening(Asking):
    """A gateway on a port; ``url`` is where."""

    url: str

    def data(self) -> list[tuple[str, object]]:
        """Of each event its score and comment."""
        return [(event["data"]["score"], event["data"].get("comment")) for event in self.events()]


@pytest.fixture(scope="module")
def listening(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """One gateway for a module, which takes events of the shop's pages."""

    url = f"sqlite:///{tmp_path_factory.mktemp('listening')}/closeloop.db"
    engine = open_database(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    loop = msgspec.structs.replace(configuration(), gateway=Gateway(cors=Cors(origins=[shop.url])))
    kafka = KeptRecords()
    parts = with_surveys(make_parts(Settings(database=url, kafka="127.0.0.1:1"), loop, refuse), kafka)
    parts = dataclasses.replace(parts, producer=kafka)
    with serving(parts) as served:
        made = Listening(parts, kafka, None)  # type: ignore[arg-type] # nothing asks in this process
        made.url = served
        yield made
    parts.slack.close()
    parts.writers.kw["bind"].dispose()


@pytest.fixture
def gateway(listening: Listening) -> Listening:
    """The module's gateway, which has got nothing yet."""
    listening.kafka.records.clear()
    listening.kafka.away = False
    return listening
