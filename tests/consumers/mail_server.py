"""A real SMTP server (aiosmtpd) in a thread: TLS, a login, and refusals as told."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.fixtures.missing import lacking

USER, PASSWORD = "loop@shop.example", "s3cret/&pass"


@dataclass
class Post:
    """What the server has taken, and how it is to behave."""

    url: str = ""
    mails: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    rcpt: str | None = None
    """The answer to every recipient."""
    silent: str | None = None
    """The command that is never answered."""
    over: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        del server, session, options
        if self.rcpt is not None:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        del session
        self.mails.append(bytes(envelope.content))
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        await self._perhaps_silent("DATA")
        return "250 taken"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        del server, session, envelope
        await self._perhaps_silent("QUIT")
        return "221 bye"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, login: LoginPassword
    ) -> AuthResult:
        """The one user with the one password."""
        del server, session, envelope, mechanism
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=self.logins[-1] == (USER, PASSWORD), handled=False)

    async def _perhaps_silent(self, command: str) -> None:
        if self.silent == command:
            await asyncio.to_thread(self.over.wait, 20)


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        lacking("openssl", "install it (Debian: `apt install openssl`)")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    extensions = ("subjectAltName=IP:127.0.0.1", "basicConstraints=critical,CA:TRUE")
    added = [
        word for text in (*extensions, "keyUsage=critical,digitalSignature,keyCertSign") for word in ("-addext", text)
    ]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", *added, "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@contextmanager
def post_office(pair: tuple[Path, Path], *, starttls: bool = True, smtps: bool = False) -> Iterator[Post]:
    """Serve on a free port: with a login after STARTTLS, over TLS from the start, or without any TLS."""
    post = Post()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*map(str, pair))
    loop = asyncio.new_event_loop()

    def protocol() -> SMTP:
        secured = starttls and not smtps
        return SMTP(
            post,
            hostname="127.0.0.1",
            loop=loop,
            tls_context=context if secured else None,
            require_starttls=secured,
            auth_required=secured,
            auth_require_tls=secured,
            authenticator=post.authenticate,
        )

    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0, ssl=context if smtps else None))
    port = server.sockets[0].getsockname()[1]
    post.url = f"{'smtps' if smtps else 'smtp'}://{{user}}:{{password}}@127.0.0.1:{port}"
    thread = threading.Thread(target=loop.run_forever, name="post office")
    thread.start()
    try:
        yield post
    finally:
        post.over.set()
        asyncio.run_coroutine_threadsafe(_close(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _close(server: asyncio.Server) -> None:
    """End what is left of conversations, too."""
    server.close()
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.sleep(0)
