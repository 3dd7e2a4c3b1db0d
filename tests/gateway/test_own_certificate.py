"""The gateway speaks TLS itself: real connections, a certificate that is renewed, and files that cannot be used."""

from __future__ import annotations

import asyncio
import dataclasses
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog.testing
import trustme
import uvicorn
from trustme import KeyType

from closeloop.doctor.other_seen import look_at_gateway
from closeloop.supervisor import StartError
from closeloop.up import UpOptions, run_up
from gateway import own_certificate
from gateway.app import build_app
from gateway.keys import create_key
from gateway.own_certificate import OwnCertificate
from gateway.process import make_parts, run_gateway
from schemas.certificates import KeyPair
from schemas.setting_values import SettingsError
from schemas.settings import Settings, from_environment
from tests.gateway.conftest import KeptRecords, _fail
from tests.gateway.examples import configuration
from tests.gateway.serving import wait_until
from tests.gateway.test_process import folder, gateway
from tests.links.guarded import pkcs8

__all__ = ["folder"]
HEALTHCHECK = Path(__file__).parents[2] / "deploy" / "healthcheck.py"


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA(key_type=KeyType.ECDSA)


class Files:
    """A certificate and its key as files."""

    def __init__(self, folder: Path, ca: trustme.CA) -> None:
        self.cert, self.key, self.trust = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
        self._ca = ca
        ca.cert_pem.write_to_path(str(self.trust))
        self.write()

    def issue(self, kind: KeyType = KeyType.ECDSA) -> trustme.LeafCert:
        return self._ca.issue_cert("127.0.0.1", "localhost", key_type=kind)

    def write(self, kind: KeyType = KeyType.ECDSA) -> bytes:
        """A new pair; the certificate in DER, as a client gets it."""
        issued = self.issue(kind)
        self.cert.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        self.key.write_bytes(pkcs8(issued, ""))
        return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())

    @property
    def pair(self) -> KeyPair:
        return KeyPair(certfile=self.cert, keyfile=self.key)

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.trust))


@pytest.fixture
def files(tmp_path: Path, ca: trustme.CA) -> Files:
    return Files(tmp_path, ca)


class Serving:
    """A gateway over TLS: its port, its certificate, a key that reads, and the files of the certificate."""

    def __init__(self, port: int, certificate: OwnCertificate, key: str, files: Files) -> None:
        self.port, self.certificate, self.key, self.files = port, certificate, key, files


@pytest.fixture(scope="module")
def served(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, ca: trustme.CA) -> Iterator[Serving]:
    """One gateway for all tests: to start one takes longer than to ask it."""
    folder = tmp_path_factory.mktemp("served")
    files = Files(folder, ca)
    database = f"sqlite:///{shutil.copyfile(migrated_file, folder / 'closeloop.db')}"
    made = make_parts(Settings(database=database, kafka="127.0.0.1:1", tls=files.pair), configuration(), _fail)
    parts = dataclasses.replace(made, producer=KeptRecords())
    key = create_key(parts.writers, "eva", "read")
    certificate = OwnCertificate(files.pair)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(build_app(parts), log_config=None, ssl_context_factory=lambda *_: certificate.context)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield Serving(listener.getsockname()[1], certificate, key, files)
    server.should_exit = True
    thread.join(60)
    listener.close()
    parts.slack.close()
    parts.writers.kw["bind"].dispose()


@contextmanager
def connected(port: int, context: ssl.SSLContext, name: str = "localhost") -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        yield connection


def answers(connection: ssl.SSLSocket) -> bool:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status in (200, 503)  # nothing is read from Kafka here


def test_it_speaks_tls_alone_and_its_cookies_are_secure(served: Serving) -> None:
    files = served.files
    url = f"https://localhost:{served.port}"
    with httpx.Client(base_url=url, verify=files.trusting(), trust_env=False) as client:
        for path in ("/healthz", "/v1/totals", "/nowhere"):
            assert client.get(path).headers["strict-transport-security"] == "max-age=2592000", path
        assert client.post("/console/session", json={"key": served.key}).status_code == 204
        (cookie,) = [one for one in client.cookies.jar if one.name == "closeloop_session"]
        assert cookie.secure
        assert client.get("/v1/config").status_code == 200
    with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
        httpx.get(f"{url}/healthz", trust_env=False)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://localhost:{served.port}/healthz", trust_env=False)
    old = files.trusting()
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"(?i)version|alert|eof"), connected(served.port, old):
        pass


def test_without_it_browsers_are_told_nothing(gateway: Any) -> None:
    assert "strict-transport-security" not in gateway.client.get("/healthz").headers


def test_a_renewed_certificate_is_served_without_a_restart(served: Serving) -> None:
    """Also of another algorithm, by name and by address; connections that are open stay as they are."""
    trust = served.files.trusting()
    with connected(served.port, trust) as before:
        assert answers(before)
        seen = [before.getpeercert(True)]
        for kind in (KeyType.RSA, KeyType.ECDSA):
            written = served.files.write(kind)
            served.certificate.look()
            for name in ("localhost", "127.0.0.1"):
                with connected(served.port, trust, name) as after:
                    assert after.getpeercert(True) == written
                    assert answers(after)
            seen.append(written)
        assert len(set(seen)) == 3
        assert answers(before)


def test_what_cannot_be_used_is_told_and_the_old_one_served_on(served: Serving) -> None:
    files = served.files
    trust = files.trusting()
    good = ssl.PEM_cert_to_DER_cert(files.cert.read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n")
    key = files.key.read_bytes()
    with structlog.testing.capture_logs() as logs:
        files.key.write_bytes(pkcs8(files.issue(), ""))
        served.certificate.look()
        served.certificate.look()
        files.key.unlink()
        served.certificate.look()
        with connected(served.port, trust) as connection:
            assert connection.getpeercert(True) == good
        files.key.write_bytes(key)
        served.certificate.look()
    assert [one["event"] for one in logs] == ["certificate_not_loaded", "certificate_not_loaded", "certificate_loaded"]
    assert "CLOSELOOP_TLS_KEY" in logs[0]["why"]
    assert "is not the key of" in logs[0]["why"]


def test_the_files_are_looked_at_again_and_again(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_certificate, "LOOK_SECONDS", 0.01)
    certificate = OwnCertificate(files.pair)

    async def scenario() -> None:
        looked, running = asyncio.Event(), asyncio.get_running_loop()
        monkeypatch.setattr(OwnCertificate, "look", lambda _self: running.call_soon_threadsafe(looked.set))
        following = asyncio.create_task(certificate.follow())
        for _ in range(3):
            await looked.wait()
            looked.clear()
        following.cancel()

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_files_that_cannot_be_used_refuse_to_start(files: Files, sqlite_database: str, tmp_path: Path) -> None:
    closed, other, none = tmp_path / "closed.pem", tmp_path / "other.pem", tmp_path / "none.pem"
    issued = files.issue()
    files.cert.write_bytes(issued.cert_chain_pems[0].bytes())
    closed.write_bytes(pkcs8(issued, "open"))
    other.write_bytes(pkcs8(files.issue(), ""))
    none.write_text("hello")
    wrong = [
        (KeyPair(certfile=tmp_path / "gone.pem", keyfile=files.key), "CLOSELOOP_TLS_CERT: .*cannot be read"),
        (KeyPair(certfile=none, keyfile=files.key), "CLOSELOOP_TLS_CERT: .*no certificates"),
        (KeyPair(certfile=files.cert), "CLOSELOOP_TLS_CERT: .*no private key"),
        (KeyPair(certfile=files.cert, keyfile=none), "CLOSELOOP_TLS_KEY: .*no private key"),
        (KeyPair(certfile=files.cert, keyfile=other), "CLOSELOOP_TLS_KEY: .*not the key of CLOSELOOP_TLS_CERT"),
        (KeyPair(certfile=files.cert, keyfile=closed), "CLOSELOOP_TLS_KEY_PASSWORD: is needed for"),
        (KeyPair(certfile=files.cert, keyfile=closed, password="shut"), "CLOSELOOP_TLS_KEY_PASSWORD: does not open"),
    ]
    for pair, said in wrong:
        with pytest.raises(SettingsError, match=said) as refused:
            OwnCertificate(pair)
        assert "shut" not in str(refused.value)
    OwnCertificate(KeyPair(certfile=files.cert, keyfile=closed, password="open"))
    settings = Settings(database=sqlite_database, kafka="127.0.0.1:1", tls=wrong[4][0])
    with structlog.testing.capture_logs() as logs:
        assert run_gateway(settings, configuration()) == 2
    assert [(one["event"], "is not the key" in one["why"]) for one in logs] == [("refused_to_start", True)]


def test_the_settings(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("open\n")
    given = {
        "CLOSELOOP_TLS_CERT": "c.pem",
        "CLOSELOOP_TLS_KEY": "k.pem",
        "CLOSELOOP_TLS_KEY_PASSWORD_FILE": str(secret),
    }
    settings = from_environment(given)
    assert settings.tls == KeyPair(certfile=Path("c.pem"), keyfile=Path("k.pem"), password="open")
    assert settings.public_url == "https://127.0.0.1:8080"
    assert "open" not in repr(settings.tls)
    assert from_environment({"CLOSELOOP_TLS_CERT": "both.pem"}).tls == KeyPair(certfile=Path("both.pem"))
    nothing = dict.fromkeys(given, "")
    assert (from_environment(nothing).tls, from_environment(nothing).public_url) == (None, "http://127.0.0.1:8080")
    for wrong, said in [
        ({"CLOSELOOP_TLS_KEY": "k.pem"}, "CLOSELOOP_TLS_CERT: is missing, but CLOSELOOP_TLS_KEY is given"),
        ({"CLOSELOOP_TLS_KEY_PASSWORD": "x"}, "CLOSELOOP_TLS_CERT: is missing"),
        ({**given, "CLOSELOOP_PUBLIC_URL": "http://cx.example.com"}, "CLOSELOOP_PUBLIC_URL: begins with http://"),
    ]:
        with pytest.raises(SettingsError, match=said):
            from_environment(wrong)


def test_up_says_that_it_serves_without(monkeypatch: pytest.MonkeyPatch, files: Files, tmp_path: Path) -> None:
    monkeypatch.setenv("CLOSELOOP_TLS_CERT", str(files.cert))
    options = UpOptions(port=1, data_dir=tmp_path, config=Path("loop.yaml"), broker="embedded", clock="wall")
    with pytest.raises(StartError, match="CLOSELOOP_TLS_CERT"):
        run_up(options, lambda _line: None, lambda _addresses: None)


@pytest.mark.faults
def test_the_process_its_health_check_and_the_doctor(
    folder: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is deployed: the ready line, a renewal by itself, and a client that speaks no TLS troubles nobody."""
    environment = {"CLOSELOOP_TLS_CERT": str(files.cert), "CLOSELOOP_TLS_KEY": str(files.key)}
    trust = files.trusting()
    with gateway(folder, **environment) as running:
        url = running.address()
        assert url.startswith("https://127.0.0.1:")
        port = int(url.rpartition(":")[2])
        assert httpx.get(f"{url}/healthz", verify=trust, trust_env=False).status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
        looks = [
            subprocess.run(
                [sys.executable, "-I", str(HEALTHCHECK), str(port)],
                env={**os.environ, **environment, "CLOSELOOP_PORT": asked},
                capture_output=True,
                check=False,
            ).returncode
            for asked in (str(port), "9100")
        ]
        assert looks == [0, 1]
        monkeypatch.setenv("SSL_CERT_FILE", str(files.trust))
        seen = look_at_gateway(url, None)
        assert (seen.alive, seen.problem) == (True, "")
        written = files.write(KeyType.RSA)

        def renewed() -> bool:
            with connected(port, trust) as connection:
                return connection.getpeercert(True) == written

        wait_until(renewed)
        assert running.logged("certificate_loaded") is not None
        assert "Traceback" not in running.text()
