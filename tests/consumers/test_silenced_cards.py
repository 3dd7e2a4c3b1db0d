"""A card that is in a channel says that alerts like it are silenced, and stops saying so when that is over."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from sqlalchemy import Engine, select

from closeloop.sandbox import ThreadedSandbox
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.slack import view
from consumers.slack.case_view import setting_at
from consumers.slack.message_rules import check_message
from consumers.slack.render import card
from consumers.timers import Timers
from schemas import silences, silencing
from schemas.config_owners import Language
from schemas.database import readers, sessions
from schemas.silenced_cards import show, to_show
from schemas.silences import Doer
from schemas.tables import SlackSurfaceRow
from schemas.words.catalogue import Words
from tests.consumers.alerts import LOOP, an_alert
from tests.consumers.conftest import a_sender, running, shown
from tests.consumers.waiting import until

EVE = Doer("eve", "console")
HOUR = timedelta(hours=1)


def test_the_words_come_and_go_in_slack(engine: Engine, slack: ThreadedSandbox, measures: Measures) -> None:
    stop = threading.Event()
    timers = Timers(LOOP, sessions(engine), readers(engine), measures, lambda: None, stop)
    with sessions(engine).begin() as session:
        take_in(
            session, LOOP, [an_alert(), an_alert(customer_id="c2", event_id="r-2", metric="nps")], datetime.now(UTC)
        )
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: len(shown(slack)) == 2, "posted")
        now = datetime.now(UTC)
        with sessions(engine).begin() as session:
            number = silences.add(session, {"metric": "csat"}, now, now + HOUR, "strike <!here>", EVE, now).id
        timers.tick(datetime.now(UTC))
        until(lambda: "silenced until" in str(shown(slack)), "told")
        told = [str(one["blocks"]) for one in shown(slack) if "silenced until" in str(one["blocks"])]
        assert len(told) == 1
        assert "strike &lt;!here&gt;" in told[0]
        with sessions(engine).begin() as session:
            assert silencing.end(session, LOOP, number, EVE, datetime.now(UTC)) is not None
        timers.tick(datetime.now(UTC))
        until(lambda: "silenced until" not in str(shown(slack)), "taken back")
    assert len(shown(slack)) == 2


def anew(engine: Engine) -> list[int]:
    with sessions(engine)() as session:
        rows = session.scalars(select(SlackSurfaceRow).where(SlackSurfaceRow.rendered_version == 0))
        return sorted(row.case_id for row in rows if row.posted)


def drawn(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        for row in session.scalars(select(SlackSurfaceRow)):
            row.posted, row.rendered_version, row.lease_until = True, row.wanted_version, datetime.now(UTC) + HOUR


def test_each_is_drawn_once_at_the_beginning_and_once_at_the_end(engine: Engine) -> None:
    now = datetime.now(UTC)
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [an_alert(customer_id="c1"), an_alert(customer_id="c2", event_id="r-2", score=1)], now)
        number = silences.add(session, {"score": 2}, now + HOUR, now + 2 * HOUR, "later", EVE, now).id
    drawn(engine)
    for hours, expected in ((0.5, []), (1, [1]), (1.5, []), (2, [1]), (9, [])):
        at = now + hours * HOUR
        with sessions(engine).begin() as session:
            assert to_show(session, at) == ([number] if expected else [])
            assert show(session, number, at) == len(expected)
        assert anew(engine) == expected, hours
        with sessions(engine)() as session:
            free = session.scalars(select(SlackSurfaceRow).where(SlackSurfaceRow.lease_until.is_(None))).all()
            assert [row.case_id for row in free] == expected, (
                "a card that is being drawn is taken from whoever draws it"
            )
        drawn(engine)


def test_one_that_is_ended_before_it_began_touches_no_card(engine: Engine) -> None:
    now = datetime.now(UTC)
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [an_alert()], now)
        number = silences.add(session, {"score": 2}, now + HOUR, now + 2 * HOUR, "later", EVE, now).id
        silences.end(session, number, EVE, now)
    drawn(engine)
    with sessions(engine).begin() as session:
        assert (to_show(session, now), show(session, number, now)) == ([number], 0)
        assert to_show(session, now) == []


@pytest.mark.parametrize("language", get_args(Language))
def test_every_language_says_it(engine: Engine, language: Language) -> None:
    now = datetime.now(UTC)
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [an_alert()], now)
        silences.add(session, {"score": 2}, now, now + HOUR, "x & y " * 80, EVE, now)
        picture = view.load(session, [1], now)[1]
        later = view.load(session, [1], now + HOUR)[1]
    setting = setting_at(LOOP, "http://127.0.0.1", "#cx")
    setting = type(setting)(loop=LOOP, public_url="http://127.0.0.1", words=Words(language))
    made = card(picture, now, setting)
    check_message(made)
    said = str(made.blocks)
    assert f"<!date^{int((now + HOUR).timestamp())}^" in said
    assert "x &amp; y" in said
    assert "🔕" in said
    assert "🔕" not in str(card(later, now, setting).blocks)
