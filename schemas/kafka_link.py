"""The connection to Kafka: where it is, TLS, and who we are there. One struct, and what each library makes of it.

Every client of every room and command is opened through it; tests/schemas/test_kafka_clients.py refuses others.
"""

from pathlib import Path
from typing import Literal

from msgspec import Struct

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
PasswordMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class Tls(Struct, frozen=True, kw_only=True):
    """How the connection is encrypted. Files are PEM."""

    cafile: Path | None = None
    """Who may have signed the brokers' certificates; ``None``: whom the system trusts."""
    certfile: Path | None = None
    """Our own certificate with its chain, where brokers ask for one (mTLS)."""
    keyfile: Path | None = None
    """Its private key; ``None``: it stands in ``certfile``."""
    password: str | None = None
    """Opens the private key."""
    check_hostname: bool = True
    """Whether a broker's certificate has to name the host that was connected to."""

    def __repr__(self) -> str:
        return f"Tls(cafile={str(self.cafile)!r}, certfile={str(self.certfile)!r})"


class Login(Struct, frozen=True, kw_only=True, tag=True):
    """SASL by name and password."""

    mechanism: PasswordMechanism
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.mechanism}, username={self.username!r})"


class TokenClient(Struct, frozen=True, kw_only=True, tag=True):
    """SASL OAUTHBEARER: tokens come from an identity provider, by OAuth's client credentials."""

    endpoint: str
    """The token end point's URL."""
    client_id: str
    client_secret: str
    scope: str = ""
    cafile: Path | None = None
    """Who may have signed the end point's certificate; ``None``: whom the system trusts."""

    def __repr__(self) -> str:
        return f"TokenClient(endpoint={self.endpoint!r}, client_id={self.client_id!r})"


class KafkaSecurity(Struct, frozen=True, kw_only=True):
    """What stands between us and a plain connection. Nothing does by default."""

    tls: Tls | None = None
    sign_in: Login | TokenClient | None = None

    @property
    def protocol(self) -> Protocol:
        """Kafka's name of it."""
        if self.sign_in is not None:
            return "SASL_PLAINTEXT" if self.tls is None else "SASL_SSL"
        return "PLAINTEXT" if self.tls is None else "SSL"

    @property
    def mechanism(self) -> str | None:
        """Kafka's name of how we sign in; ``None`` where we do not."""
        if isinstance(self.sign_in, Login):
            return self.sign_in.mechanism
        return None if self.sign_in is None else "OAUTHBEARER"


PLAINTEXT = KafkaSecurity()


class KafkaLink(Struct, frozen=True):
    """Where Kafka is and how we get in."""

    servers: str
    """``HOST:PORT,..``"""
    security: KafkaSecurity = PLAINTEXT

    def librdkafka(self) -> dict[str, str]:
        """Its settings for confluent-kafka's clients, ``bootstrap.servers`` among them. Pure."""
        security = self.security
        found: dict[str, str | Path | None] = {"bootstrap.servers": self.servers}
        if security is PLAINTEXT:
            return {"bootstrap.servers": self.servers}
        found["security.protocol"] = security.protocol
        tls = security.tls
        if tls is not None:
            found |= {
                "ssl.ca.location": tls.cafile,
                "ssl.certificate.location": tls.certfile,
                "ssl.key.location": tls.keyfile or tls.certfile,
                "ssl.key.password": tls.password,
                "ssl.endpoint.identification.algorithm": "https" if tls.check_hostname else "none",
            }
        match security.sign_in:
            case Login(mechanism=mechanism, username=username, password=password):
                found |= {"sasl.mechanism": mechanism, "sasl.username": username, "sasl.password": password}
            case TokenClient() as tokens:
                found |= {
                    "sasl.mechanism": "OAUTHBEARER",
                    "sasl.oauthbearer.method": "oidc",
                    "sasl.oauthbearer.token.endpoint.url": tokens.endpoint,
                    "sasl.oauthbearer.client.id": tokens.client_id,
                    "sasl.oauthbearer.client.secret": tokens.client_secret,
                    "sasl.oauthbearer.scope": tokens.scope or None,
                    "https.ca.location": tokens.cafile,
                }
            case None:
                pass
        return {name: str(value) for name, value in found.items() if value is not None}
