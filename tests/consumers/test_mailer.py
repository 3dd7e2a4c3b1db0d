"""E-mail against a real server: TLS and login, what is refused for good or for now, and no secret anywhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from closeloop.sandbox import ThreadedSandbox
from consumers.delivery.elsewhere import Elsewhere
from consumers.delivery.mailer import Mailer
from consumers.measures import Measures
from schemas.database import readers
from tests.consumers.alerts import an_alert
from tests.consumers.conftest import running
from tests.consumers.mail_server import PASSWORD, USER, Post, a_certificate, post_office
from tests.consumers.test_fallbacks import WITH_ALL, no_channel_takes_anything, sender_with, steps
from tests.consumers.test_sender import open_cases, states
from tests.consumers.waiting import until

WORDS = "Zebra-Quartz, my name is Wilhelmina Oyelaran"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return a_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts the server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))


def mailer(post: Post, password: str = PASSWORD, timeout_s: float = 5.0) -> Mailer:
    return Mailer(post.url.format(user=quote(USER, safe=""), password=quote(password, safe="")), timeout_s)


def a_mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "loop@shop.example", "ana@shop.example", "C-1"
    message["Message-ID"] = "<o-1@shop.example>"
    message.set_content(WORDS)
    return message


@pytest.mark.parametrize("smtps", [False, True], ids=["STARTTLS", "TLS from the start"])
@pytest.mark.usefixtures("trusted")
def test_a_mail_goes_over_tls_after_a_login(pair: tuple[Path, Path], smtps: bool) -> None:
    with post_office(pair, smtps=smtps) as post:
        assert mailer(post).send(a_mail()) is None
    assert (post.logins, post.encrypted) == ([(USER, PASSWORD)], [True])
    assert WORDS.encode() in post.mails[0]


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_refused_for_good(pair: tuple[Path, Path]) -> None:
    with post_office(pair) as post:
        verdict = mailer(post, "wr0ng").send(a_mail())
    assert verdict is not None
    assert (verdict.kind, verdict.code, post.mails) == ("divert", "smtp_535_authenticationerror", [])


@pytest.mark.parametrize("smtps", [False, True], ids=["STARTTLS", "TLS from the start"])
def test_a_certificate_that_nobody_vouches_for_gets_no_password(pair: tuple[Path, Path], smtps: bool) -> None:
    with post_office(pair, smtps=smtps) as post:
        verdict = mailer(post).send(a_mail())
    assert verdict is not None
    assert (verdict.kind, verdict.code) == ("divert", "smtp_certificate")
    assert (post.logins, post.mails) == ([], [])


def test_a_server_without_tls_gets_no_password(pair: tuple[Path, Path]) -> None:
    with post_office(pair, starttls=False) as post:
        verdict = mailer(post).send(a_mail())
    assert verdict is not None
    assert (verdict.kind, verdict.code, post.logins) == ("divert", "smtp_not_supported", [])


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ("450 4.2.1 the mailbox of ana@shop.example is busy", "later", "smtp_450_recipient"),
        ("550 5.1.1 no such mailbox: ana@shop.example", "divert", "smtp_550_recipient"),
    ],
)
def test_a_recipient_that_is_refused(pair: tuple[Path, Path], answer: str, kind: str, code: str) -> None:
    with post_office(pair) as post:
        post.rcpt = answer
        verdict = mailer(post).send(a_mail())
    assert verdict is not None
    assert (verdict.kind, verdict.code, post.mails) == (kind, code, [])


@pytest.mark.usefixtures("trusted")
def test_a_server_that_falls_silent_after_the_mail_is_asked_again_later(pair: tuple[Path, Path]) -> None:
    with post_office(pair) as post:
        post.silent = "DATA"
        verdict = mailer(post, timeout_s=0.4).send(a_mail())
    assert verdict is not None
    assert (verdict.kind, verdict.code[:5]) == ("later", "smtp_")


@pytest.mark.usefixtures("trusted")
def test_a_mail_that_was_taken_is_taken_however_the_goodbye_goes(pair: tuple[Path, Path]) -> None:
    with post_office(pair) as post:
        post.silent = "QUIT"
        assert mailer(post, timeout_s=0.4).send(a_mail()) is None
    assert len(post.mails) == 1


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of something that lets everybody connect and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_hangs_is_asked_again_later(mute: int, scheme: str) -> None:
    verdict = Mailer(f"{scheme}://127.0.0.1:{mute}", timeout_s=0.2).send(a_mail())
    assert verdict is not None
    assert (verdict.kind, verdict.code[:5]) == ("later", "smtp_")


@pytest.mark.usefixtures("trusted")
def test_a_password_that_smtp_cannot_say_is_an_answer_and_no_crash(pair: tuple[Path, Path]) -> None:
    with post_office(pair) as post:
        verdict = mailer(post, "pässwörd").send(a_mail())
    assert verdict is not None
    assert (verdict.kind, verdict.code) == ("divert", "smtp_login_not_ascii")


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("trouble", ["password", "recipient"])
def test_no_log_has_the_password_or_the_customers_words(
    sqlite_engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    pair: tuple[Path, Path],
    capfd: pytest.CaptureFixture[str],
    trouble: str,
) -> None:
    no_channel_takes_anything(slack)
    alert = an_alert(comment=WORDS, customer_id="wilhelmina@customer.example", attributes={"desk": "old"})
    open_cases(sqlite_engine, [alert])
    stop = threading.Event()
    password = "wr0ng-but-s3cret" if trouble == "password" else PASSWORD
    sender = sender_with(sqlite_engine, slack, measures, stop)
    with post_office(pair) as post:
        post.rcpt = "550 5.1.1 no mailbox for wilhelmina@customer.example" if trouble == "recipient" else None
        sender._elsewhere = Elsewhere(
            WITH_ALL, readers(sqlite_engine), "http://127.0.0.1:8080", mailer(post, password), {}
        )
        sender._settlement._ways = type(sender._settlement._ways)(mail=True, webhooks=())
        with running(sender, stop):
            until(lambda: states(sqlite_engine) == {"dead": 1}, "nobody could be told")
    assert ("mail:ana", "refused") in steps(sqlite_engine)
    assert post.logins, "the server was asked"
    said = "".join(capfd.readouterr())
    assert "mail:ana" in said
    for hidden in (password, "Zebra", "Wilhelmina", "wilhelmina@", "ana@shop.example"):
        assert hidden not in said
