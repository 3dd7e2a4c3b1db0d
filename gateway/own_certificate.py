"""TLS of the gateway's own, where no proxy stands before it: its certificate, and what browsers are told of it."""

import asyncio
import ssl

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from schemas.certificates import KeyPair, PairNames, load_pair
from schemas.setting_values import SettingsError

LOOK_SECONDS = 5.0
"""A certificate that was renewed is served within this time."""
STRICT_DAYS = 30
"""So long after each answer a browser asks this host by HTTPS alone."""
_NAMES = PairNames("CLOSELOOP_TLS_CERT", "CLOSELOOP_TLS_KEY", "CLOSELOOP_TLS_KEY_PASSWORD")
_STRICT = (b"strict-transport-security", f"max-age={STRICT_DAYS * 86_400}".encode())

_log = structlog.get_logger("gateway.tls")


class OwnCertificate:
    """The certificate as its files held it last. Raises :class:`SettingsError` where they cannot be used.

    ``context`` is what to listen with. Each connection gets the certificate that is newest as it begins.
    """

    def __init__(self, pair: KeyPair) -> None:
        self._pair = pair
        self._seen = self._state()
        self._newest = _loaded(pair)
        self.context = self._newest
        # A context into which another pair is loaded keeps the old one for clients of another algorithm (an ECDSA
        # certificate after an RSA one), so there is a new context each time.
        self.context.sni_callback = self._choose

    async def follow(self) -> None:
        """Load the files again whenever they change, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Load the files again if they changed. What cannot be used is told, and what was served is served on."""
        state = self._state()
        if state == self._seen:
            return
        try:
            self._newest = _loaded(self._pair)
        except (SettingsError, OSError) as error:  # a file may go while it is read
            _log.error("certificate_not_loaded", why=str(error))
        else:
            _log.info("certificate_loaded", certificate=str(self._pair.certfile))
        self._seen = state

    def _state(self) -> list[tuple[int, int, int] | None]:
        """What changes with the files, whether they are written anew or a link leads elsewhere."""
        found: list[tuple[int, int, int] | None] = []
        for path in (self._pair.certfile, self._pair.keyfile or self._pair.certfile):
            try:
                told = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((told.st_ino, told.st_mtime_ns, told.st_size))
        return found

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
        if connection.context is not self._newest:
            connection.context = self._newest


class StrictTransport:
    """Tells browsers to come by HTTPS alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the header to its answer."""

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], _STRICT]
            await send(message)

        await self._app(scope, receive, tell)


def _loaded(pair: KeyPair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_pair(context, pair, _NAMES)
    return context
