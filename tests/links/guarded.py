"""A real Kafka behind TLS, SASL and an authorizer, with its certificates, users and identity provider."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

import trustme
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from closeloop.broker.local import LocalKafka
from closeloop.broker.properties import Surroundings
from closeloop.ports import free_port

LOOP = "loop"
"""The principal that may do everything, whichever way it comes in."""
PASSWORD = "pass-w0rd!"
AUDIENCE = "kafka"
LISTENERS = {"TLS": "SSL", "MTLS": "SSL", "SCRAM": "SASL_SSL", "OAUTH": "SASL_SSL", "SCRAMPLAIN": "SASL_PLAINTEXT"}
_SECURITY = "org.apache.kafka.common.security"


def _text(number: int) -> str:
    return _base64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class IdentityProvider:
    """A token end point: client credentials against a JWT signed by RS256, whose subject is the client's id."""

    def __init__(self, folder: Path, ca: trustme.CA) -> None:
        self.requests: list[dict[str, list[str]]] = []
        self.lifetime_s = 300
        self.audience = AUDIENCE
        self.secret = "s3cret/of+the=client"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.jwks = folder / "jwks.json"
        public = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": _text(public.n), "e": _text(public.e)}
        self.jwks.write_text(json.dumps({"keys": [key]}))
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, body = provider._answer(self.headers.get("Authorization", ""), parse_qs(form))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Of the token end point."""
        return f"https://127.0.0.1:{self._server.server_address[1]}/token"

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, bytes]:
        self.requests.append(form)
        kind, _, credentials = authorization.partition(" ")
        client, _, secret = base64.b64decode(credentials).decode().partition(":")
        if kind != "Basic" or secret != self.secret or form.get("grant_type") != ["client_credentials"]:
            return 401, b'{"error": "invalid_client"}'
        answer = {"access_token": self.token(client), "token_type": "Bearer", "expires_in": self.lifetime_s}
        return 200, json.dumps(answer).encode()

    def token(self, subject: str) -> str:
        """A signed token."""
        now = int(time.time())
        head = {"alg": "RS256", "typ": "JWT", "kid": "one"}
        claims = {"sub": subject, "aud": self.audience, "iat": now, "exp": now + self.lifetime_s, "iss": "test"}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"


class GuardedKafka:
    """The broker. Its plain listener lets anybody do anything, for the tests; the others ask who is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = trustme.CA()
        self.stranger = trustme.CA()
        self._ports = {name: free_port() for name in LISTENERS}
        self.identities = IdentityProvider(folder, self.ca)
        self.cafile = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(str(self.cafile))
        self.stranger_cafile = folder / "stranger.pem"
        self.stranger.cert_pem.write_to_path(str(self.stranger_cafile))
        self.certfile, self.keyfile = self.certificate(LOOP)
        self._broker = LocalKafka(folder / "kafka", fast_start=True, around=self._around())

    def __enter__(self) -> Self:
        self._broker.start()
        self.add_user(LOOP)
        return self

    def __exit__(self, *_: object) -> None:
        self._broker.stop()
        self.identities.close()

    @property
    def plain(self) -> str:
        """``HOST:PORT`` of the listener that asks nobody."""
        return self._broker.bootstrap

    def servers(self, listener: str) -> str:
        """``HOST:PORT`` of one of :data:`LISTENERS`."""
        return f"127.0.0.1:{self._ports[listener]}"

    def environment(self, listener: str, user: str = LOOP) -> dict[str, str]:
        """The settings of one who comes in there."""
        found = {"KAFKA_BOOTSTRAP_SERVERS": self.servers(listener), "KAFKA_SECURITY_PROTOCOL": LISTENERS[listener]}
        if LISTENERS[listener].endswith("SSL"):
            found["KAFKA_SSL_CAFILE"] = str(self.cafile)
        if listener == "MTLS":
            found |= {"KAFKA_SSL_CERTFILE": str(self.certfile), "KAFKA_SSL_KEYFILE": str(self.keyfile)}
        if listener.startswith("SCRAM"):
            secret = self.folder / "password"
            secret.write_text(PASSWORD + "\n")
            found |= {
                "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
                "KAFKA_SASL_USERNAME": user,
                "KAFKA_SASL_PASSWORD_FILE": str(secret),
            }
        if listener == "OAUTH":
            found |= {
                "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
                "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": self.identities.url,
                "KAFKA_SASL_OAUTHBEARER_CLIENT_ID": user,
                "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": self.identities.secret,
                "KAFKA_SASL_OAUTHBEARER_SCOPE": "events",
                "KAFKA_SASL_OAUTHBEARER_CAFILE": str(self.cafile),
            }
        return found

    def certificate(self, name: str, password: str = "", *, of: trustme.CA | None = None) -> tuple[Path, Path]:
        """A certificate of this common name, and its key, encrypted if there is a password."""
        issued = (of or self.ca).issue_cert("127.0.0.1", common_name=name)
        stem = f"{name}.closed" if password else name
        certfile, keyfile = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        certfile.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        keyfile.write_bytes(pkcs8(issued, password))
        return certfile, keyfile

    def add_user(self, name: str, password: str = PASSWORD) -> None:
        """Make a user who signs in by SCRAM."""
        admin = KafkaAdminClient(bootstrap_servers=self.plain)
        try:
            for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
                told = admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, mechanism, password)])
                assert told == {name: None}, told
        finally:
            admin.close()

    def _around(self) -> Surroundings:
        store = self.folder / "broker.pem"
        issued = self.ca.issue_cert("127.0.0.1", common_name="broker")
        store.write_bytes(pkcs8(issued, "") + b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        scram = f"{_SECURITY}.scram.ScramLoginModule required;"
        bearer = f"{_SECURITY}.oauthbearer"
        settings: Mapping[str, Any] = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": store,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.cafile,
            "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
            "listener.name.mtls.ssl.client.auth": "required",
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.scram.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.scram.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.scramplain.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.scramplain.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.oauth.sasl.enabled.mechanisms": "OAUTHBEARER",
            "listener.name.oauth.oauthbearer.sasl.jaas.config": f"{bearer}.OAuthBearerLoginModule required;",
            "listener.name.oauth.oauthbearer.sasl.server.callback.handler.class": (
                f"{bearer}.OAuthBearerValidatorCallbackHandler"
            ),
            "listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url": self.identities.jwks.as_uri(),
            "listener.name.oauth.sasl.oauthbearer.expected.audience": AUDIENCE,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{LOOP}",
        }
        return Surroundings(
            listeners={name: (self._ports[name], protocol) for name, protocol in LISTENERS.items()},
            settings={name: str(value) for name, value in settings.items()},
            java=(f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.identities.jwks.as_uri()}",),
        )


def pkcs8(issued: trustme.LeafCert, password: str) -> bytes:
    """The private key as Kafka takes it."""
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    closed = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed)
