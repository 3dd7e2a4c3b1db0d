"""The security of the connection to Kafka as the environment gives it, and what is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from schemas.kafka_link import PLAINTEXT, KafkaSecurity, Login, Tls, TokenClient
from schemas.kafka_settings import SECURITY_VARIABLES
from schemas.settings import SettingsError, from_environment
from tests.links.guarded import pkcs8

SCRAM = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "loop",
    "KAFKA_SASL_PASSWORD": "hunter2",
}
OAUTH = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "https://id.example.com/token",
    "KAFKA_SASL_OAUTHBEARER_CLIENT_ID": "loop",
    "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "hunter2",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, a certificate with its key, the key encrypted with "open", another key, and a file of no PEM."""
    folder = tmp_path_factory.mktemp("pem")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued, other = ca.issue_cert("127.0.0.1"), ca.issue_cert("127.0.0.1")
    (folder / "cert.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    (folder / "key.pem").write_bytes(pkcs8(issued, ""))
    (folder / "closed.pem").write_bytes(pkcs8(issued, "open"))
    (folder / "other.pem").write_bytes(pkcs8(other, ""))
    (folder / "both.pem").write_bytes(pkcs8(issued, "") + issued.cert_chain_pems[0].bytes())
    (folder / "none.pem").write_text("hello")
    return folder


def security(env: dict[str, str]) -> KafkaSecurity:
    return from_environment(env).kafka_security


def test_nothing_given_is_a_plain_connection() -> None:
    assert security({}) == PLAINTEXT
    assert security(dict.fromkeys(SECURITY_VARIABLES, "")) == PLAINTEXT


def test_scram() -> None:
    found = security(SCRAM)
    assert found == KafkaSecurity(sign_in=Login(mechanism="SCRAM-SHA-512", username="loop", password="hunter2"))
    assert (found.protocol, found.mechanism) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
    found = security(SCRAM | {"KAFKA_SECURITY_PROTOCOL": "sasl_ssl", "KAFKA_SASL_MECHANISM": "scram-sha-256"})
    assert (found.protocol, found.mechanism, found.tls) == ("SASL_SSL", "SCRAM-SHA-256", Tls())


def test_the_password_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter3\n")
    found = security(SCRAM | {"KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": str(file)})
    assert isinstance(found.sign_in, Login)
    assert found.sign_in.password == "hunter3"


def test_tokens(files: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter4")
    ca = files / "ca.pem"
    found = security(
        OAUTH
        | {
            "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "",
            "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE": str(secret),
            "KAFKA_SASL_OAUTHBEARER_SCOPE": "events",
            "KAFKA_SASL_OAUTHBEARER_CAFILE": str(ca),
        }
    )
    assert found.mechanism == "OAUTHBEARER"
    assert found.sign_in == TokenClient(
        endpoint="https://id.example.com/token", client_id="loop", client_secret="hunter4", scope="events", cafile=ca
    )


def test_mutual_tls(files: Path) -> None:
    env = {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CAFILE": str(files / "ca.pem"),
        "KAFKA_SSL_CERTFILE": str(files / "cert.pem"),
        "KAFKA_SSL_KEYFILE": str(files / "closed.pem"),
        "KAFKA_SSL_PASSWORD": "open",
        "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "none",
    }
    found = security(env)
    assert found.protocol == "SSL"
    assert found.tls == Tls(
        cafile=files / "ca.pem",
        certfile=files / "cert.pem",
        keyfile=files / "closed.pem",
        password="open",
        check_hostname=False,
    )
    both = security({"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CERTFILE": str(files / "both.pem")})
    assert both.tls is not None
    assert both.tls.check_hostname


REFUSED = [
    ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL: give PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
    ({"KAFKA_SSL_CAFILE": "ca.pem"}, "KAFKA_SSL_CAFILE: is given, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT; set that"),
    (SCRAM | {"KAFKA_SECURITY_PROTOCOL": ""}, "KAFKA_SASL_MECHANISM: is given, but KAFKA_SECURITY_PROTOCOL is PLAIN"),
    (SCRAM | {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "KAFKA_SECURITY_PROTOCOL is SSL; set that to SASL_SSL, or leave it"),
    (SCRAM | {"KAFKA_SSL_CAFILE": "ca.pem"}, "KAFKA_SSL_CAFILE: is given, but KAFKA_SECURITY_PROTOCOL is SASL_PLAIN"),
    (SCRAM | {"KAFKA_SASL_MECHANISM": ""}, "KAFKA_SASL_MECHANISM: is missing; SASL_PLAINTEXT wants PLAIN, SCRAM-"),
    (SCRAM | {"KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM: give PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or"),
    (SCRAM | {"KAFKA_SASL_USERNAME": ""}, "KAFKA_SASL_USERNAME: is missing; SCRAM-SHA-512 wants it"),
    (SCRAM | {"KAFKA_SASL_PASSWORD": ""}, "KAFKA_SASL_PASSWORD: is missing; SCRAM-SHA-512 wants it, or KAFKA_SASL_PA"),
    (SCRAM | {"KAFKA_SASL_PASSWORD_FILE": "nowhere"}, "KAFKA_SASL_PASSWORD_FILE: KAFKA_SASL_PASSWORD is given, too"),
    (SCRAM | {"KAFKA_SASL_OAUTHBEARER_SCOPE": "x"}, "KAFKA_SASL_OAUTHBEARER_SCOPE: is given, but KAFKA_SASL_MECHANISM"),
    (OAUTH | {"KAFKA_SASL_USERNAME": "x"}, "KAFKA_SASL_USERNAME: is given, but KAFKA_SASL_MECHANISM is OAUTHBEARER"),
    (OAUTH | {"KAFKA_SASL_OAUTHBEARER_CLIENT_ID": ""}, "KAFKA_SASL_OAUTHBEARER_CLIENT_ID: is missing"),
    (OAUTH | {"KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": ""}, "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: is missing"),
    (OAUTH | {"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": ""}, "TOKEN_ENDPOINT_URL: is missing"),
    (OAUTH | {"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "id.example.com"}, "TOKEN_ENDPOINT_URL: give the token end"),
    (
        OAUTH | {"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "http://id.example.com/token"},
        "TOKEN_ENDPOINT_URL: the client's secret would go unencrypted; give an https:// URL",
    ),
    (
        OAUTH | {"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "https://loop:hunter2@id.example.com/token"},
        "TOKEN_ENDPOINT_URL: give the token end point's URL",
    ),
    (SCRAM | {"CLOSELOOP_EMBEDDED_BROKER": "1"}, "KAFKA_SECURITY_PROTOCOL: the embedded broker speaks PLAINTEXT alone"),
]


@pytest.mark.parametrize(("env", "said"), REFUSED)
def test_what_makes_no_sense_is_refused_by_name_without_secrets(env: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        from_environment(env)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"KAFKA_SSL_CAFILE": "missing.pem"}, "KAFKA_SSL_CAFILE: {}/missing.pem cannot be read (No such file"),
        ({"KAFKA_SSL_CAFILE": "none.pem"}, "KAFKA_SSL_CAFILE: {}/none.pem holds no certificates in PEM"),
        ({"KAFKA_SSL_KEYFILE": "key.pem"}, "KAFKA_SSL_CERTFILE: is missing, but KAFKA_SSL_KEYFILE is given"),
        ({"KAFKA_SSL_PASSWORD": "open"}, "KAFKA_SSL_CERTFILE: is missing, but KAFKA_SSL_PASSWORD is given"),
        ({"KAFKA_SSL_CERTFILE": "none.pem"}, "KAFKA_SSL_CERTFILE: {}/none.pem holds no certificates in PEM"),
        ({"KAFKA_SSL_CERTFILE": "cert.pem"}, "KAFKA_SSL_CERTFILE: {}/cert.pem holds no private key in PEM"),
        (
            {"KAFKA_SSL_CERTFILE": "cert.pem", "KAFKA_SSL_KEYFILE": "missing.pem"},
            "KAFKA_SSL_KEYFILE: {}/missing.pem cannot be read",
        ),
        (
            {"KAFKA_SSL_CERTFILE": "cert.pem", "KAFKA_SSL_KEYFILE": "none.pem"},
            "KAFKA_SSL_KEYFILE: {}/none.pem holds no private key in PEM",
        ),
        (
            {"KAFKA_SSL_CERTFILE": "cert.pem", "KAFKA_SSL_KEYFILE": "other.pem"},
            "KAFKA_SSL_KEYFILE: {}/other.pem is not the key of KAFKA_SSL_CERTFILE",
        ),
        (
            {"KAFKA_SSL_CERTFILE": "cert.pem", "KAFKA_SSL_KEYFILE": "closed.pem"},
            "KAFKA_SSL_PASSWORD: is needed for {}/closed.pem",
        ),
        (
            {"KAFKA_SSL_CERTFILE": "cert.pem", "KAFKA_SSL_KEYFILE": "closed.pem", "KAFKA_SSL_PASSWORD": "hunter2"},
            "KAFKA_SSL_PASSWORD: does not open {}/closed.pem",
        ),
        (
            {"KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "maybe"},
            "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM: give https or none",
        ),
    ],
)
def test_files_that_cannot_be_used_are_named_at_the_start(files: Path, env: dict[str, str], said: str) -> None:
    named = {name: str(files / value) if name.endswith("FILE") else value for name, value in env.items()}
    with pytest.raises(SettingsError) as refused:
        from_environment({"KAFKA_SECURITY_PROTOCOL": "SSL", **named})
    assert said.format(files) in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("env", [SCRAM, OAUTH])
def test_no_secret_is_in_a_repr(env: dict[str, str]) -> None:
    settings = from_environment(env)
    shown = f"{settings!r} {settings.kafka_security!r} {settings.kafka_link!r} {settings.kafka_link}"
    assert "loop" in shown
    assert "hunter2" not in shown
    assert "hunter2" not in repr(Tls(password="hunter2"))
