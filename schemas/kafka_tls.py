"""TLS to Kafka for the clients written in Python. librdkafka reads the same files by itself."""

import ssl
from pathlib import Path

from schemas.certificates import KeyPair, PairNames, certificates, load_pair
from schemas.kafka_link import Tls

_NAMES = PairNames("KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE", "KAFKA_SSL_PASSWORD")


def tls_context(tls: Tls) -> ssl.SSLContext:
    """A context of the files as they are now. Raises :class:`SettingsError` for a file that cannot be used."""
    context = trusted(tls.cafile, "KAFKA_SSL_CAFILE")
    context.check_hostname = tls.check_hostname
    if tls.certfile is not None:
        load_pair(context, KeyPair(certfile=tls.certfile, keyfile=tls.keyfile, password=tls.password), _NAMES)
    return context


def trusted(cafile: Path | None, name: str) -> ssl.SSLContext:
    """A context that trusts the signers in a file, or whom the system trusts; ``name`` is the setting's.

    Raises :class:`SettingsError`.
    """
    return ssl.create_default_context(cafile=None if cafile is None else str(certificates(name, cafile)))
