"""The way straight to Kafka, without one: portions, headers, sockets, tokens, and the environment's variables."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from closeloop_client import Emitter, Kafka
from closeloop_client.environment import read_environment
from closeloop_client.kafka_destination import PORTION_BYTES
from closeloop_client.kafka_tokens import ClientCredentials, TokenError
from closeloop_client.outgoing import Outgoing

SECRET = "s3cret/of+the=client"


class Done:
    """A future of an acknowledged record."""

    exception = None

    def succeeded(self) -> bool:
        return True


class Producer:
    """Takes what it is given, and adds to the headers as OpenTelemetry's instrumentation of kafka-python does."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, list[Any]]] = []
        self.said: list[int | float] = []

    def send(self, topic: str, *, value: bytes, key: bytes, headers: list[Any]) -> Done:
        headers.append(("traceparent", b"00-..."))
        self.sent.append((value, headers))
        self.said.append(len(value))
        return Done()

    def flush(self, timeout: float) -> None: ...


def _batch(*sizes: int) -> list[Outgoing]:
    return [Outgoing("closeloop.touchpoint.v1", str(n), b"c", bytes([n % 256]) * size) for n, size in enumerate(sizes)]


def _over(producer: Producer) -> Kafka:
    kafka = Kafka("127.0.0.1:1")
    kafka._producer = producer
    return kafka


def test_what_adds_to_the_headers_of_one_event_adds_to_no_other() -> None:
    producer = Producer()
    _over(producer).deliver(_batch(10, 10, 10))
    assert [len(headers) for _, headers in producer.sent] == [2, 2, 2]
    assert {headers[0][0] for _, headers in producer.sent} == {"content-type"}


def test_events_are_handed_over_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = Producer()
    monkeypatch.setattr(time, "sleep", producer.said.append)
    batch = _batch(*[700] * 20, 9000, 9000, 300, 300)
    tried = _over(producer).deliver(batch)
    assert [value for value, _ in producer.sent] == [item.value for item in batch]
    assert all(result is not None and result.accepted for result in tried.results)
    portions, size = [], 0
    for number in producer.said:
        size += int(number) if number >= 1 else 0
        if number < 1:  # a pause
            portions.append(size)
            size = 0
    assert len(portions) > 4
    assert all(portion <= max(PORTION_BYTES, 9000) for portion in portions)
    assert sum(portion > PORTION_BYTES for portion in portions) == 2  # an event larger than one goes alone


def test_a_producer_that_cannot_be_made_leaves_no_socket_open() -> None:
    closed: list[str] = []

    class Client:
        def __init__(self, **_: Any) -> None:
            self._manager = self
            self.broker_version_data = None

        def bootstrap(self, _: float) -> None:
            raise ConnectionRefusedError

        def close(self) -> None:
            closed.append("closed")

    tried = Kafka("127.0.0.1:1", kafka_client=Client).deliver(_batch(10))
    assert list(tried.results) == [None]
    assert closed == ["closed"]


class TokenEndpoint:
    """Gives a token for the right secret; ``answer`` is what it says otherwise."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.given = 0
        self.life: object = 300
        self.answer: tuple[int, bytes] | None = None
        self.url = ""

    def say(self, authorization: str, form: str) -> tuple[int, bytes]:
        self.asked.append(parse_qs(form))
        if self.answer is not None:
            return self.answer
        if authorization != "Basic " + base64.b64encode(f"shop:{SECRET}".encode()).decode():
            return 401, b'{"error": "invalid_client"}'
        self.given += 1
        return 200, json.dumps({"access_token": f"t{self.given}", "expires_in": self.life}).encode()


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    tokens = TokenEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["content-length"])).decode()
            status, body = tokens.say(self.headers["authorization"], form)
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tokens.url = f"http://127.0.0.1:{server.server_address[1]}/token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield tokens
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_token_is_used_for_most_of_its_life(endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    tokens = ClientCredentials(endpoint.url, "shop", SECRET, scope="events")
    assert [tokens.token(), tokens.token()] == ["t1", "t1"]
    now += 239.0
    assert tokens.token() == "t1"
    now += 2.0  # over 80 % of 300 s
    assert tokens.token() == "t2"
    assert endpoint.asked == [{"grant_type": ["client_credentials"], "scope": ["events"]}] * 2
    endpoint.life = None
    now += 300.0
    assert [tokens.token(), tokens.token()] == ["t3", "t4"]  # whose end is not known is used once


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((401, b'{"error": "invalid_client"}'), "it answers 401"),
        ((302, b""), "it answers 302"),
        ((200, b"<html>"), "no access_token"),
        ((200, b'{"token": "x"}'), "no access_token"),
        ((200, b'{"access_token": ""}'), "no access_token"),
        ((200, b'[{"access_token": "x"}]'), "no access_token"),
    ],
)
def test_no_token_is_said_without_the_secret(endpoint: TokenEndpoint, answer: tuple[int, bytes], why: str) -> None:
    endpoint.answer = answer
    with pytest.raises(TokenError, match=why) as refused:
        ClientCredentials(endpoint.url, "shop", SECRET).token()
    assert len(endpoint.asked) == 1
    assert SECRET not in str(refused.value)


KAFKA = {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9093", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
SCRAM = {**KAFKA, "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_USERNAME": "shop", "KAFKA_SASL_PASSWORD": SECRET}
OAUTH = {
    **KAFKA,
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "https://id.example.com/token",
    "KAFKA_SASL_OAUTHBEARER_CLIENT_ID": "shop",
    "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": SECRET,
}


def test_the_environment_may_ask_for_tokens(endpoint: TokenEndpoint, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    environ = OAUTH | {
        "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": endpoint.url,
        "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "",
        "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "KAFKA_SASL_OAUTHBEARER_SCOPE": "events",
        "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "none",
    }
    said = read_environment(environ).destination
    assert isinstance(said, Kafka)
    assert said._options["sasl_oauth_token_provider"].token() == "t1"
    assert said._options["sasl_mechanism"] == "OAUTHBEARER"
    assert said._options["ssl_check_hostname"] is False
    assert endpoint.asked[0]["scope"] == ["events"]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        (KAFKA, "KAFKA_SASL_MECHANISM"),
        (SCRAM | {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "KAFKA_SASL_MECHANISM"),
        (SCRAM | {"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL"),
        (SCRAM | {"KAFKA_SASL_MECHANISM": "SCRAM"}, "KAFKA_SASL_MECHANISM"),
        (SCRAM | {"KAFKA_SASL_PASSWORD": ""}, "KAFKA_SASL_PASSWORD"),
        (SCRAM | {"KAFKA_SSL_CAFILE": "/no/such"}, "KAFKA_SSL_CAFILE"),
        (SCRAM | {"KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "no"}, "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM"),
        (OAUTH | {"KAFKA_SASL_OAUTHBEARER_CLIENT_ID": ""}, "KAFKA_SASL_OAUTHBEARER_CLIENT_ID"),
        (
            OAUTH | {"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "http://id"},
            "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL",
        ),
        (OAUTH | {"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "id"}, "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL"),
        (OAUTH | {"KAFKA_SASL_OAUTHBEARER_CAFILE": "/no/such"}, "KAFKA_SASL_OAUTHBEARER_CAFILE"),
    ],
)
def test_a_wrong_variable_of_kafka_is_named(environ: dict[str, str], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: ") as refused:
        Emitter.from_environment(environ)
    assert SECRET not in str(refused.value)
