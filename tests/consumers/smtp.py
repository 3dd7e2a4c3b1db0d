"""A small SMTP server in a thread: keeps what it is given, and refuses as told."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default


class MailServer:
    """Mails that arrived; `refusals` are answers to RCPT TO, `hang_up` ends connections after DATA without a word."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refusals: list[str] = []
        self.hang_up = 0
        self.url = ""


@contextmanager
def receiving_mail() -> Iterator[MailServer]:
    """Serve on a free port."""
    kept = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            for line in self.rfile:
                word = line[:4].upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    body = b""
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        body += part
                    kept.mails.append(message_from_bytes(body, policy=default))
                    if kept.hang_up:
                        kept.hang_up -= 1
                        return
                    self.wfile.write(b"250 taken\r\n")
                elif word == b"RCPT" and kept.refusals:
                    self.wfile.write(kept.refusals.pop(0).encode() + b"\r\n")
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 fine\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        kept.url = f"smtp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
