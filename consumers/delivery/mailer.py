"""E-mail over SMTP: one connection a message, because such messages are rare."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from consumers.slack.errors import LATER_S, Verdict

TIMEOUT_S = 15.0


class Mailer:
    """Sends over the server of ``SMTP_URL``: ``smtp://`` (STARTTLS where it is offered) or ``smtps://``.

    A password never travels without TLS.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._timeout_s = timeout_s

    def send(self, message: EmailMessage) -> Verdict | None:
        """Send; ``None`` when the server took it. A lost answer means later: the same Message-ID goes out again."""
        try:
            with self._connect() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            return _by_code(max((code for code, _ in error.recipients.values()), default=550), "recipient")
        except smtplib.SMTPNotSupportedError:
            return Verdict("divert", "smtp_not_supported")
        except smtplib.SMTPResponseException as error:
            return _by_code(error.smtp_code, type(error).__name__.removeprefix("SMTP").lower())
        except ssl.SSLCertVerificationError:
            return Verdict("divert", "smtp_certificate")
        except (smtplib.SMTPException, OSError) as error:
            return Verdict("later", f"smtp_{type(error).__name__}", LATER_S)
        return None

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)
        try:
            server.ehlo()
            # With a password there is no way without TLS: then a server that offers none is an error.
            if not self._tls and (self._user or server.has_extn("starttls")):
                server.starttls(context=context)
                server.ehlo()
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


def _by_code(code: int, what: str) -> Verdict:
    """4xx is for now, 5xx for good (RFC 5321, 4.2.1)."""
    return Verdict("divert" if code >= 500 else "later", f"smtp_{code}_{what}", LATER_S)
