"""E-mail over SMTP: one connection a message, because such messages are rare."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from consumers.slack.errors import LATER_S, Verdict

TIMEOUT_S = 15.0
_FOR_GOOD: dict[type[Exception], str] = {
    smtplib.SMTPNotSupportedError: "smtp_not_supported",
    ssl.SSLCertVerificationError: "smtp_certificate",
    UnicodeEncodeError: "smtp_login_not_ascii",
}


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
            server = self._connect()
            try:
                server.send_message(message)
            except BaseException:
                server.close()
                raise
        except (smtplib.SMTPException, OSError, UnicodeEncodeError) as error:
            return _verdict(error)
        # The server has taken the mail: what becomes of the connection is no news of it.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()
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


def _verdict(error: Exception) -> Verdict:
    """What an error means, in a code: its text can have addresses, and even the password in it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _by_code(max((code for code, _ in error.recipients.values()), default=550), "recipient")
    if isinstance(error, smtplib.SMTPResponseException):
        return _by_code(error.smtp_code, type(error).__name__.removeprefix("SMTP").lower())
    for kind, code in _FOR_GOOD.items():
        if isinstance(error, kind):
            return Verdict("divert", code)
    return Verdict("later", f"smtp_{type(error).__name__}", LATER_S)


def _by_code(code: int, what: str) -> Verdict:
    """4xx is for now, 5xx for good (RFC 5321, 4.2.1)."""
    return Verdict("divert" if code >= 500 else "later", f"smtp_{code}_{what}", LATER_S)
