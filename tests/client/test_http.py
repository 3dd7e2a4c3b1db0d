"""Connections to the gateway: TLS, forks, and servers on the way that are no gateway."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from closeloop_client import Client, Delivery, Emitter
from closeloop_client.results import EventResult, read_results
from tests.client.stub import Fault, StubGateway, running
from tests.client.waiting import wait_until

Make = Callable[..., Emitter]


def _served_by(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_over_tls_the_system_s_certificates_are_read_once_and_again_when_they_do_not_fit(
    emitter: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    trusted = tmp_path / "trusted.pem"
    stranger.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    read: list[None] = []
    create = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        read.append(None)
        return create()

    monkeypatch.setattr(ssl, "create_default_context", counted)
    with running(StubGateway(), tls=_served_by(authority)) as gateway:
        client = emitter(f"https://127.0.0.1:{gateway.port}")
        client.touchpoint("c", "t", id="1")
        wait_until(lambda: client.stats.retries > 0)
        assert "certificate verify failed" in client.stats.problem
        authority.cert_pem.write_to_path(str(trusted))
        assert client.flush(30)
        before = len(read)
        gateway.faults = [Fault(reset=True), Fault(reset=True)]
        for number in (2, 3, 4):
            client.touchpoint("c", "t", id=str(number))
            assert client.flush(30)
        assert gateway.ids() == ["1", "2", "3", "4"]
        assert gateway.connections > 2
        assert len(read) == before


def test_a_forked_child_does_not_read_its_parent_s_answers(gateway: StubGateway) -> None:
    """A Client that has a kept connection, as in an app that gunicorn loads before it forks its workers."""
    client = Client(gateway.url)
    client.touchpoint("c", "t", id="parent 1")
    connections = gateway.connections
    child = os.fork()
    if child == 0:
        try:
            accepted = client.touchpoint("c", "t", id="child").accepted
        finally:
            os._exit(0 if accepted else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.touchpoint("c", "t", id="parent 2")
    client.close()
    assert sorted(gateway.ids()) == ["child", "parent 1", "parent 2"]
    assert gateway.connections == connections + 1  # the child's own; the parent kept its one


def test_a_400_of_another_server_rejects_no_event(
    gateway: StubGateway, emitter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As nginx says it to http:// on its port for https://, or an authority on the way to a host it does not know."""
    monkeypatch.setattr("closeloop_client.pump._HELP_PAUSE", 0.05)
    page = b"<html>The plain HTTP request was sent to HTTPS port</html>"
    gateway.faults = [Fault(400, body=page), Fault(422, body=page), Fault(400, body=b"[]")]
    told: list[Delivery] = []
    client = emitter(gateway.url, on_delivery=told.append, linger=5.0)
    ids = [client.touchpoint("c", "t") for _ in range(3)]
    assert client.flush(30)
    assert gateway.ids() == ids
    assert [row.status for row in told] == ["delivered"] * 3
    assert client.stats.retries == 3


def test_a_wrong_key_in_the_midst_of_halving_still_asks_for_help(
    gateway: StubGateway, emitter: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeloop_client.pump._HELP_PAUSE", 0.05)
    gateway.faults = [Fault(413), Fault(401)]
    client = emitter(gateway.url, linger=5.0)
    ids = [client.touchpoint("c", "t") for _ in range(4)]
    assert client.flush(30)
    assert gateway.ids() == ids
    assert "check the key" in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        '{"results": [null]}',
        '{"results": [["accepted"]]}',
        '{"results": []}',
        '{"results": {"status": "accepted"}}',
        "[]",
    ],
)
def test_what_is_no_list_of_results_is_none(answer: str) -> None:
    assert read_results(json.loads(answer), 1) is None


def test_results_of_other_types_are_texts() -> None:
    answer = {"results": [{"id": "1", "status": "rejected", "reason": None, "field": 7, "problem": ["x"]}]}
    assert read_results(answer, 1) == [EventResult("1", accepted=False, reason="", field="7", problem="['x']")]
