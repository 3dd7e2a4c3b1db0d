"""One connection as each of the three libraries takes it."""

from __future__ import annotations

import ssl
from pathlib import Path

import faust
import pytest
import trustme
from confluent_kafka import Producer
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from schemas.kafka_link import PLAINTEXT, KafkaLink, KafkaSecurity, Login, Tls, TokenClient
from schemas.kafka_python import kafka_python
from streams.kafka.credentials import credentials
from tests.links.guarded import pkcs8

LOGIN = Login(mechanism="SCRAM-SHA-256", username="loop", password="secret")
TOKENS = TokenClient(endpoint="https://id/token", client_id="loop", client_secret="secret", scope="events")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("pem")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued = ca.issue_cert("127.0.0.1")
    (folder / "cert.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (folder / "key.pem").write_bytes(pkcs8(issued, "open"))
    files = (folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    return Tls(cafile=files[0], certfile=files[1], keyfile=files[2], password="open")


def test_a_plain_connection_sets_nothing_else() -> None:
    link = KafkaLink("a:1,b:2")
    assert link.librdkafka() == {"bootstrap.servers": "a:1,b:2"}
    assert kafka_python(link) == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"}
    assert credentials(PLAINTEXT) is None


def test_librdkafka_takes_a_login_over_tls(tls: Tls) -> None:
    found = KafkaLink("a:1", KafkaSecurity(tls=tls, sign_in=LOGIN)).librdkafka()
    assert found == {
        "bootstrap.servers": "a:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "loop",
        "sasl.password": "secret",
        "ssl.ca.location": str(tls.cafile),
        "ssl.certificate.location": str(tls.certfile),
        "ssl.key.location": str(tls.keyfile),
        "ssl.key.password": "open",
        "ssl.endpoint.identification.algorithm": "https",
    }
    Producer(found)  # it knows every name, and the files are what it wants


def test_librdkafka_asks_for_tokens_by_itself() -> None:
    found = KafkaLink("a:1", KafkaSecurity(sign_in=TOKENS)).librdkafka()
    assert found == {
        "bootstrap.servers": "a:1",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": "https://id/token",
        "sasl.oauthbearer.client.id": "loop",
        "sasl.oauthbearer.client.secret": "secret",
        "sasl.oauthbearer.scope": "events",
    }


def test_the_name_in_the_certificate_may_be_left_unchecked() -> None:
    link = KafkaLink("a:1", KafkaSecurity(tls=Tls(check_hostname=False)))
    assert link.librdkafka()["ssl.endpoint.identification.algorithm"] == "none"
    assert kafka_python(link)["ssl_context"].check_hostname is False


def test_kafka_python_checks_certificates_and_signs_in(tls: Tls) -> None:
    found = kafka_python(KafkaLink("a:1", KafkaSecurity(tls=tls, sign_in=LOGIN)))
    context = found.pop("ssl_context")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1, "the file's signers alone, not the system's"
    assert found == {
        "bootstrap_servers": ["a:1"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": "loop",
        "sasl_plain_password": "secret",
    }


def test_faust_and_aiokafka_get_the_same(tls: Tls) -> None:
    found = credentials_to_aiokafka_auth(credentials(KafkaSecurity(tls=tls, sign_in=LOGIN)), None)
    assert found.pop("ssl_context").check_hostname
    assert found == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": "loop",
        "sasl_plain_password": "secret",
    }
    assert isinstance(credentials(KafkaSecurity(tls=tls)), faust.SSLCredentials)
    assert credentials_to_aiokafka_auth(credentials(KafkaSecurity(tls=tls)), None)["security_protocol"] == "SSL"


def test_python_clients_ask_for_tokens_when_they_connect(tmp_path: Path) -> None:
    security = KafkaSecurity(sign_in=TOKENS)
    found = kafka_python(KafkaLink("a:1", security))
    assert (found["security_protocol"], found["sasl_mechanism"]) == ("SASL_PLAINTEXT", "OAUTHBEARER")
    assert found["sasl_oauth_token_provider"] is not None
    taken = credentials_to_aiokafka_auth(credentials(security), None)
    assert (taken["security_protocol"], taken["sasl_mechanism"]) == ("SASL_PLAINTEXT", "OAUTHBEARER")
