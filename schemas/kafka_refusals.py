"""What a connection to Kafka ends with, in terms of our settings. Pure."""

import re

from schemas.kafka_link import KafkaSecurity, Login


class KafkaUnreachable(Exception):  # noqa: N818  named for what was found
    """Nobody answered in time, which may pass. The text says where and why."""


class KafkaRefused(Exception):  # noqa: N818  named for what was found
    """Kafka does not let us in, or is not who it should be: no use to try again. The text names the setting."""


_TOKEN_REFUSED = re.compile(r"invalid_client|unauthorized_client|invalid_scope|invalid_grant|HTTP code 40[13]")
_OUR_CERTIFICATE = re.compile(r"alert (bad certificate|certificate required|unknown ca|certificate (unknown|expired))")


def why_refused(security: KafkaSecurity, code: str, text: str) -> str | None:
    """Which setting has to be mended and how, ``None`` for what may pass by itself.

    ``code`` and ``text`` are those of the error that a connection ended with, such as ``_AUTHENTICATION``.
    """
    if code == "_SSL" and "certificate verify failed" in text:
        return (
            "KAFKA_SSL_CAFILE: the broker's certificate cannot be verified;"
            " give the file with the certificate of who signed it"
        )
    if _OUR_CERTIFICATE.search(text):
        asked = "asks for a certificate" if _without_certificate(security) else "does not take our certificate"
        return f"KAFKA_SSL_CERTFILE: the broker {asked}; give one that is signed by whom it trusts"
    if code != "_AUTHENTICATION":
        return None
    if "Failed to acquire SASL OAUTHBEARER token" in text:
        return _why_no_token(text)
    return _why_not_signed_in(security, text)


def why_certificate(verify_code: int, host: str) -> str | None:
    """More exactly, by OpenSSL's code of what is wrong with a broker's certificate; ``None`` where there is no more."""
    match verify_code:
        case 62 | 64:
            return (
                f"KAFKA_BOOTSTRAP_SERVERS: the broker's certificate does not name {host}; give a name that it has"
                " (KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM=none takes any)"
            )
        case 9 | 10:
            return f"the certificate of {host} has expired or is not valid yet; the broker needs a new one"
        case _:
            return None


def hint(security: KafkaSecurity, text: str) -> str:
    """What to look at where a connection ends without a reason, or an empty text."""
    if "PLAINTEXT broker listener" in text or not text:
        return f"; KAFKA_SECURITY_PROTOCOL is {security.protocol}: is that what this listener speaks?"
    return ""


def _without_certificate(security: KafkaSecurity) -> bool:
    return security.tls is None or security.tls.certfile is None


def _why_no_token(text: str) -> str | None:
    if "certificate" in text:
        return (
            "KAFKA_SASL_OAUTHBEARER_CAFILE: the certificate of the token end point cannot be verified;"
            " give the file with the certificate of who signed it"
        )
    if _TOKEN_REFUSED.search(text):
        return (
            "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: the token end point does not take it;"
            " give the secret of KAFKA_SASL_OAUTHBEARER_CLIENT_ID, and a KAFKA_SASL_OAUTHBEARER_SCOPE that it may have"
        )
    return None


def _why_not_signed_in(security: KafkaSecurity, text: str) -> str | None:
    if "not valid in current SASL state" in text:
        other = "PLAINTEXT" if security.tls is None else "SSL"
        return f"KAFKA_SECURITY_PROTOCOL: nobody signs in at this listener; give {other}, or the address of another"
    if "Unsupported SASL mechanism" in text:
        taken = re.search(r"supported mechanisms: *([A-Z0-9,-]+)", text)
        instead = f"give {' or '.join(taken[1].split(','))}" if taken else "give one that it takes"
        return f"KAFKA_SASL_MECHANISM: the broker does not take {security.mechanism}; {instead}"
    if "authentication error" not in text.lower():
        return None
    if isinstance(security.sign_in, Login):
        return (
            f"KAFKA_SASL_PASSWORD: the broker does not take it from {security.sign_in.username};"
            " give that user's password, or another KAFKA_SASL_USERNAME"
        )
    return (
        "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: the broker does not take this provider's tokens; compare issuer,"
        " audience and KAFKA_SASL_OAUTHBEARER_SCOPE with what the broker expects"
    )
