"""A gateway with the shop's hooks on a real port; Kafka is kept in memory, the tools' APIs are played here."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete

from gateway.hooks.desk import HookDesk
from gateway.hooks.fetching import Fetcher
from gateway.instruments import Instruments
from gateway.parts import Parts, now
from gateway.process import make_parts
from schemas.settings import Settings
from schemas.tables import DeadLetterRow
from tests.gateway.conftest import KeptRecords
from tests.gateway.hooks import shop
from tests.gateway.serving import serving


class Api:
    """The APIs of Qualtrics and SurveyMonkey, on this machine."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                status, body = api.answers.get(self.path, (404, b"{}"))
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", body.decode())
                    body = b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


XM_PATH = "/API/v3/surveys/SV_1aB2cD3eF4gH5iJ/responses/R_2bC3dE4fG5hI6jK"
MONKEY_PATH = "/v3/surveys/123456789/responses/5007154402/details?simple=true"


class Shop:
    """The gateway under test."""

    def __init__(self, url: str, parts: Parts, kafka: KeptRecords, api: Api) -> None:
        self.parts = parts
        self.kafka = kafka
        self.api = api
        self.instruments = parts.instruments
        self.client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def send(self, name: str, body: bytes, secret: str | None = None) -> httpx.Response:
        """A delivery signed now, as the tool signs."""
        signed, headers = shop.signed(name, body, now(), secret)
        return self.client.post(f"/hooks/{name}", content=signed, headers=headers)

    def events(self) -> list[bytes]:
        return [record.value for record in self.kafka.records if record.topic != "cx.deadletters"]

    def letters(self) -> list[bytes]:
        return [record.value for record in self.kafka.records if record.topic == "cx.deadletters"]

    def count(self, name: str, outcome: str) -> float:
        sample = {"hook": name, "outcome": outcome}
        found = self.instruments.registry.get_sample_value("closeloop_gateway_hook_deliveries_total", sample)
        return found or 0.0


@pytest.fixture(scope="package")
def opened(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One gateway for all tests of the hooks: to start one takes longer than to ask it."""
    path = tmp_path_factory.mktemp("hooks") / "closeloop.db"
    shutil.copyfile(migrated_file, path)
    url = f"sqlite:///{path}"
    api, kafka, loop = Api(), KeptRecords(), shop.loop()
    made = make_parts(Settings(database=url, kafka="127.0.0.1:1"), loop, _fail)
    parts = dataclasses.replace(made, producer=kafka)
    with serving(parts) as served:
        opened = Shop(served, parts, kafka, api)
        yield opened
        opened.client.close()
    parts.slack.close()
    parts.writers.kw["bind"].dispose()
    api.close()


def _fail(why: str) -> None:
    raise AssertionError(why)


@pytest.fixture
def hooked(opened: Shop) -> Shop:
    """That gateway as if nothing had come in by it yet."""
    opened.api.asked.clear()
    opened.api.answers = {
        XM_PATH: (200, shop.payload("qualtrics-response.json")),
        MONKEY_PATH: (200, shop.payload("surveymonkey-response.json")),
    }
    parts, kafka = opened.parts, opened.kafka
    kafka.records.clear()
    kafka.room, kafka.away = True, False
    fresh = HookDesk(
        parts.loop, parts.words.metrics, parts.reader, shop.secrets(), Instruments(), Fetcher(opened.api.base, pause=0)
    )
    parts.hooks.__dict__.update(fresh.__dict__)
    opened.instruments = fresh._instruments
    with parts.writers.begin() as session:
        session.execute(delete(DeadLetterRow))
    return opened
