"""What librdkafka 2.16 says of connections that end, and the setting that is then named. The texts are its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.kafka_link import PLAINTEXT, KafkaSecurity, Login, Tls, TokenClient
from schemas.kafka_refusals import hint, why_certificate, why_refused

SCRAM = KafkaSecurity(tls=Tls(), sign_in=Login(mechanism="SCRAM-SHA-512", username="loop", password="hunter2"))
OAUTH = KafkaSecurity(
    tls=Tls(), sign_in=TokenClient(endpoint="https://id/token", client_id="loop", client_secret="hunter2")
)
MTLS = KafkaSecurity(tls=Tls(certfile=Path("cert.pem")))
_NO_TOKEN = "Failed to acquire SASL OAUTHBEARER token: "
_ALERT = "Receive failed: error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42 (after 0ms)"


@pytest.mark.parametrize(
    ("security", "code", "text", "named"),
    [
        (
            SCRAM,
            "_AUTHENTICATION",
            "SASL authentication error: Authentication failed during authentication due to invalid credentials",
            "KAFKA_SASL_PASSWORD: the broker does not take it from loop;",
        ),
        (
            SCRAM,
            "_AUTHENTICATION",
            "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms:"
            " SCRAM-SHA-256,OAUTHBEARER (after 301ms in state AUTH_HANDSHAKE)",
            "KAFKA_SASL_MECHANISM: the broker does not take SCRAM-SHA-512; give SCRAM-SHA-256 or OAUTHBEARER",
        ),
        (
            SCRAM,
            "_AUTHENTICATION",
            "SASL SCRAM-SHA-512 mechanism handshake failed: Broker: Request not valid in current SASL state: broker's"
            " supported mechanisms:  (after 1ms)",
            "KAFKA_SECURITY_PROTOCOL: nobody signs in at this listener; give SSL,",
        ),
        (
            OAUTH,
            "_AUTHENTICATION",
            'SASL authentication error: {"status":"invalid_token"} (after 309ms in state AUTH_REQ)',
            "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: the broker does not take this provider's tokens;",
        ),
        (
            OAUTH,
            "_AUTHENTICATION",
            _NO_TOKEN + '{"error": "invalid_client"}',
            "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: the token end point does not take it;",
        ),
        (
            OAUTH,
            "_AUTHENTICATION",
            _NO_TOKEN + "SSL certificate OpenSSL verify result: unable to get local issuer certificate (20)",
            "KAFKA_SASL_OAUTHBEARER_CAFILE: ",
        ),
        (
            SCRAM,
            "_SSL",
            "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could"
            " not be verified, verify that ssl.ca.location is correctly configured",
            "KAFKA_SSL_CAFILE: the broker's certificate cannot be verified;",
        ),
        (SCRAM, "_TRANSPORT", _ALERT, "KAFKA_SSL_CERTFILE: the broker asks for a certificate;"),
        (MTLS, "_TRANSPORT", _ALERT, "KAFKA_SSL_CERTFILE: the broker does not take our certificate;"),
    ],
)
def test_the_setting_is_named(security: KafkaSecurity, code: str, text: str, named: str) -> None:
    refusal = why_refused(security, code, text)
    assert refusal is not None
    assert refusal.startswith(named)
    assert "hunter2" not in refusal


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("_TRANSPORT", "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)"),
        ("_TRANSPORT", "SSL handshake failed: Disconnected: SSL connection closed by peer"),
        ("_ALL_BROKERS_DOWN", "1/1 brokers are down"),
        ("_AUTHENTICATION", _NO_TOKEN + "Failed to connect to 127.0.0.1:1 after 0 ms: Could not connect to server"),
        ("_AUTHENTICATION", _NO_TOKEN + "HTTP response code 503"),
    ],
)
def test_what_may_pass_is_no_refusal(code: str, text: str) -> None:
    assert why_refused(OAUTH, code, text) is None


def test_a_listener_of_another_protocol_is_hinted_at() -> None:
    assert "KAFKA_SECURITY_PROTOCOL is SASL_SSL" in hint(SCRAM, "connecting to a PLAINTEXT broker listener?")
    assert "KAFKA_SECURITY_PROTOCOL is PLAINTEXT" in hint(PLAINTEXT, "")
    assert hint(PLAINTEXT, "Connection refused") == ""


def test_what_is_wrong_with_a_certificate() -> None:
    assert "does not name kafka.example" in (why_certificate(62, "kafka.example") or "")
    assert "has expired" in (why_certificate(10, "kafka.example") or "")
    assert why_certificate(20, "kafka.example") is None
