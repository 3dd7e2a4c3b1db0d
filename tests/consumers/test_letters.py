"""What an e-mail says: every case of a morning's list, in its reader's language and zone, nothing of others in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import msgspec
import pytest
from sqlalchemy import Engine

from consumers.delivery.letter import Envelope, letter, list_letter
from consumers.desk import take_in
from consumers.slack.case_view import setting_at
from consumers.slack.digest import Entry
from consumers.slack.view import load
from schemas.alerts import Alert
from schemas.config import Loop
from schemas.database import sessions
from tests.consumers.alerts import LOOP, NOW, alerts_of, an_alert

ENVELOPE = Envelope("closeloop <loop@shop.example>", "ana@shop.example", "[x]")
SP = {"zone": "America/Sao_Paulo", "hours": {day: [["00:00", "23:59"]] for day in ("mon", "tue", "wed", "thu", "fri")}}


def spoken(language: str) -> Loop:
    """The loop of the tests, in which Ana reads this language, in São Paulo."""
    made = msgspec.to_builtins(LOOP) | {"calendars": {"sp": SP}}
    made["people"]["ana"] |= {"language": language, "calendar": "sp"}
    return msgspec.convert(made, Loop)


def about_case(engine: Engine, loop: Loop, occasion: str, alert: Alert) -> EmailMessage:
    with sessions(engine).begin() as session:
        take_in(session, loop, [alert], NOW)
        view = load(session, [1])[1]
    return letter("o-1", view, occasion, setting_at(loop, "http://a.example", "person:ana"), ENVELOPE, NOW)


def test_a_list_of_the_morning_names_all_its_cases_by_urgency(sqlite_engine: Engine) -> None:
    loop = spoken("en")
    with sessions(sqlite_engine).begin() as session:
        loud = an_alert(customer_id="c-loud", event_id="r-loud", severity="high")
        take_in(session, loop, [*alerts_of(29), loud], NOW)
        views = load(session, range(1, 31))
    entries = [Entry(case, "card", "ana") for case in range(1, 31)] + [Entry(7, "overdue", "ana")]
    setting = setting_at(loop, "http://a.example", "person:ana")
    mail = list_letter("o-1", "digest", entries, views, setting, ENVELOPE, NOW)
    assert mail["Subject"] == "[x] Good morning: 30 cases are waiting for you."
    assert mail["Message-ID"] == "<o-1@shop.example>"
    body = mail.get_content()
    lines = [line for line in body.splitlines() if line.startswith("- ")]
    assert len(lines) == 30, "Slack's list ends after twenty, a mail has room"
    assert lines[0].startswith("- C-7 overdue: nobody has taken it – c6 – CSAT 2 of 5 · reply by ")
    assert lines[1].startswith("- C-30 new (high) – c-loud – CSAT 2 of 5")
    assert all(f"  http://a.example/cases/{case}\n" in body for case in range(1, 31))


def test_a_list_of_a_colleague_says_whose_it_is(sqlite_engine: Engine) -> None:
    with sessions(sqlite_engine).begin() as session:
        take_in(session, LOOP, alerts_of(1), NOW)
        views = load(session, [1])
    setting = setting_at(LOOP, "http://a.example", "person:eve")
    mail = list_letter("o-1", "digest", [Entry(1, "card", "bob")], views, setting, ENVELOPE, NOW)
    assert "1 case is waiting for Bob Meyer." in mail.get_content()


def test_many_cases_told_as_one_are_no_mornings_list(sqlite_engine: Engine) -> None:
    with sessions(sqlite_engine).begin() as session:
        take_in(session, LOOP, alerts_of(2), NOW)
        views = load(session, [1, 2])
    setting = setting_at(LOOP, "http://a.example", "person:eve")
    entries = [Entry(case, "card", "ana") for case in (1, 2)]
    mail = list_letter("o-1", "roll_up", entries, views, setting, ENVELOPE, NOW)
    assert mail["Subject"] == "[x] 2 more cases"
    assert [line[:5] for line in mail.get_content().splitlines() if line.startswith("- ")] == ["- C-1", "- C-2"]


def test_a_mail_speaks_its_readers_language_in_their_zone(sqlite_engine: Engine) -> None:
    # Normal cases are to be contacted within 24 hours: Saturday 9:00 UTC, six in the morning in São Paulo.
    loop = spoken("ru")
    mail = about_case(sqlite_engine, loop, "due_contact", an_alert(comment="Опять <b>поздно</b>"))
    assert mail["Content-Language"] == "ru"
    assert mail["Subject"] == "[x] C-1 (обычно): связаться с клиентом"
    first, *rest = mail.get_content().splitlines()
    assert first.startswith("C-1: ")
    assert "c42 – CSAT 2 из 5" in first
    assert "America/Sao_Paulo" in first
    assert "> Опять <b>поздно</b>" in rest
    assert rest[-1] == "Это сообщение пришло по электронной почте, потому что Slack его не принял."


@pytest.mark.parametrize("language", ["en", "de", "ru", "uk", "zh", "pt"])
def test_every_occasion_can_be_said_in_every_language(sqlite_engine: Engine, language: str) -> None:
    loop = spoken(language)
    with sessions(sqlite_engine).begin() as session:
        take_in(session, loop, [an_alert(comment="a word")], NOW)
        view = load(session, [1])[1]
    setting = setting_at(loop, "http://a.example", "person:ana")
    occasions = ("card", "wake", "reopen", "taken_over", "lease_expired", "overdue", "contact_overdue", "due_contact",
                 "due_acknowledge")  # fmt: skip
    first_lines = {}
    for occasion in occasions:
        mail = letter("o-1", view, occasion, setting, ENVELOPE, NOW)
        body = mail.get_content()
        first_lines[occasion] = body.splitlines()[0]
        assert "CSAT" in body
        assert "<!date" not in body, "that is Slack's way to write a date"
        assert mail["Subject"].startswith("[x] C-1 (")
    assert len(set(first_lines.values())) == len(occasions)


def test_words_of_others_stay_words(sqlite_engine: Engine) -> None:
    """No header is broken, no line of ours is imitated at a line's beginning, no direction is turned."""
    nasty = "c1\r\nBcc: all@shop.example\u202e"
    mail = about_case(sqlite_engine, LOOP, "card", an_alert(customer_id=nasty, comment="a\r\nOwner: me\x1b[2J"))
    assert mail["Bcc"] is None
    assert "Bcc" not in mail["Subject"]
    body = mail.get_content()
    assert "c1 Bcc: all@shop.example" in body.splitlines()[0]
    assert "> Owner: me[2J" in body.splitlines()
    assert not {"\x1b", "\u202e", "\r"} & set(body)


def test_somebody_without_a_calendar_gets_utc(sqlite_engine: Engine) -> None:
    mail = about_case(sqlite_engine, LOOP, "due_contact", an_alert())
    assert datetime(2026, 11, 21, 9, tzinfo=UTC) == NOW + timedelta(days=1)
    assert "Nov 21, 2026, 9:00 AM (UTC)" in mail.get_content().splitlines()[0]
