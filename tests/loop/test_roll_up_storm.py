"""A flood of cases through a Slack that misbehaves, with roll-ups, and senders killed with kill -9.

Each case is told of once in each place, by its own card or in a list, and a list says how many it tells of.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from closeloop.sandbox import Channel, Sandbox, Seed, Settings, ThreadedSandbox, User, in_thread
from consumers.slack import outbox
from schemas.database import open_database, sessions
from schemas.migrate import upgrade
from schemas.roll_ups import ROLL_UP, ROLLED_UP
from schemas.tables import RollUpRow, SlackOutboxRow
from tests.loop.running import wait_until
from tests.loop.test_ten_thousand import CHANNELS, SEED, Senders, open_cases, storm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

CASES, AT_ONCE = 600, 60
KILL_EVERY_S = 3.0


def test_each_case_is_told_of_once_by_its_card_or_in_a_list(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'closeloop.db'}"
    upgrade(database)
    engine = open_database(database)
    seed = Seed(
        users=[User(id="U0ANA", name="ana", email="ana@shop.example")],
        channels=[Channel(id=name, name=name.lower().removeprefix("c0")) for name in CHANNELS],
    )
    deadline = time.monotonic() + 400
    with in_thread(Sandbox(Settings(pace=0), seed)) as slack:
        slack.sandbox.core.faults.seed(SEED)
        storm(slack)
        senders = Senders(database, slack.api_url, tmp_path, "rolled")
        try:
            opened, victim, kill_at, settled = 0, 0, time.monotonic() + KILL_EVERY_S, 0
            while opened < CASES or not _told(engine):
                assert time.monotonic() < deadline, _stand(engine)
                if opened < CASES:
                    open_cases(engine, opened, AT_ONCE)
                    opened += AT_ONCE
                if time.monotonic() >= kill_at and _settled(engine) >= settled + 10:
                    senders.kill(victim % 2)
                    victim, kill_at, settled = victim + 1, time.monotonic() + KILL_EVERY_S, _settled(engine)
                time.sleep(0.5)
            slack.run(_calm(slack))
            wait_until(lambda: _lists_are_true(slack, engine), 120, lambda: _stand(engine))
        finally:
            senders.close()
        assert senders.killed >= 2
        _check(slack, engine)
    engine.dispose()


def _check(slack: ThreadedSandbox, engine: Engine) -> None:
    """Every message that was wanted is there once, and no card that was folded is."""
    every = slack.sandbox.core.workspace.messages
    posted = Counter(
        message.metadata["event_payload"]["outbox_id"]
        for conversation in every.values()
        for message in conversation.values()
        if message.metadata is not None
    )
    with sessions(engine)() as session:
        rows = session.scalars(select(SlackOutboxRow)).all()
    folded = {row.id for row in rows if row.state == ROLLED_UP}
    assert len(folded) > CASES // 2, "a flood is mostly told in lists"
    assert {row.state for row in rows} == {"sent", ROLLED_UP}
    assert posted == dict.fromkeys({row.id for row in rows} - folded, 1)
    channels = [row for row in rows if row.surface == "channel" or (row.kind == "card" and row.surface != "dm")]
    assert len({row.case_id for row in channels}) == CASES


def _lists_are_true(slack: ThreadedSandbox, engine: Engine) -> bool:
    """Whether each list says how many cards were folded into it."""
    with sessions(engine)() as session:
        folded = Counter(
            session.scalars(select(SlackOutboxRow.roll_up_id).where(SlackOutboxRow.state == ROLLED_UP)).all()
        )
        places = {row.id: (row.channel, row.ts) for row in session.scalars(select(RollUpRow))}
    said: dict[int | None, int] = {}
    for number, (channel, ts) in places.items():
        message = slack.sandbox.core.workspace.messages.get(channel or "", {}).get(ts or "")
        found = re.match(r"(\d+) more case", message.text) if message is not None else None
        said[number] = int(found[1]) if found else 0
    return said == folded


def _told(engine: Engine) -> bool:
    with sessions(engine)() as session:
        return set(outbox.states(session)) == {"sent", ROLLED_UP}


def _settled(engine: Engine) -> int:
    with sessions(engine)() as session:
        states = outbox.states(session)
        return states.get("sent", 0) + states.get(ROLLED_UP, 0)


def _stand(engine: Engine) -> str:
    with sessions(engine)() as session:
        lists = session.scalars(select(SlackOutboxRow.state).where(SlackOutboxRow.kind == ROLL_UP)).all()
        return f"{outbox.states(session)}, lists: {Counter(lists)}"


async def _calm(slack: ThreadedSandbox) -> None:
    slack.sandbox.core.faults.clear()
