"""A sandbox, a gateway and a sender over one SQLite database, and one case for each thing that an employee can see."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from slack_sdk import WebClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from closeloop.sandbox import Channel, Sandbox, Seed, Settings, ThreadedSandbox, User, in_thread
from consumers.measures import Measures
from gateway.parts import Parts
from gateway.process import make_parts
from schemas.config import Loop
from schemas.config_grouping import Grouping, Incidents
from schemas.config_owners import Absence, Calendar, Person, Receiver, Route, Team
from schemas.migrate import upgrade
from schemas.settings import Settings as LoopSettings
from schemas.tables import CaseRow, RollUpRow, SlackOutboxRow, SlackSurfaceRow
from tests.consumers.conftest import a_sender, running
from tests.gateway.conftest import KeptRecords
from tests.gateway.serving import serving
from tests.screens.words import Workspace

OWNER, COLLEAGUE, LEAD, ABSENT, OTHER = "owner", "colleague", "lead", "absent", "other"
KEYS = (OWNER, COLLEAGUE, LEAD, ABSENT, OTHER)
IDS = {key: f"U0{key.upper()}" for key in KEYS}
STRANGER = "U0STRANGER"
CHANNEL, OLD = "C0CX", "C0OLD"
PUBLIC_URL = "https://loop.example"


def loop_of(words: Workspace) -> Loop:
    """The loop.yaml of the workspace: one team, one channel, and a receiver whose channel is archived."""
    week = {"mon": [("09:00", "18:00")], "tue": [("09:00", "18:00")], "thu": [("09:00", "13:00"), ("14:00", "18:00")]}
    people = {
        key: Person(name=name, email=f"{key}@shop.example", slack=IDS[key], language=words.language)
        for key, name in zip(KEYS, words.names, strict=True)
    }
    away = Absence(from_=date(2020, 1, 1), until=date(2099, 12, 31), deputy=COLLEAGUE)
    people[ABSENT] = Person(
        name=words.names[3], email="absent@shop.example", slack=IDS[ABSENT], language=words.language, absences=[away]
    )
    people[LEAD] = Person(
        name=words.names[2], email="lead@shop.example", slack=IDS[LEAD], language=words.language, calendar="office"
    )
    return Loop(
        calendars={"office": Calendar(zone="Europe/Berlin", hours=week)},
        people=people,
        teams={"care": Team(members=[OWNER, COLLEAGUE], lead=LEAD)},
        receivers={
            "care": Receiver(team="care", channel=words.channel, language=words.language, notify="both"),
            "old": Receiver(team="care", channel=words.old_channel, language=words.language),
        },
        route=Route(receiver="care"),
        grouping=Grouping(roll_up=None, incidents=Incidents(by=["touchpoint", "channel"], at_least=3)),
    )


class Stage:
    """What runs, and where what was sent is."""

    def __init__(self, words: Workspace, loop: Loop, parts: Parts, slack: ThreadedSandbox) -> None:
        self.words = words
        self.loop = loop
        self.parts = parts
        self.slack = slack
        self.now = datetime.now(UTC)
        self.web = WebClient("xoxb-sandbox", base_url=slack.api_url, retry_handlers=[])
        self.web.proxy = None

    def settle(self) -> None:
        """Wait until everything has been sent and every card is current."""

        def quiet() -> bool:
            with self.parts.readers() as session:
                busy = session.scalar(
                    select(func.count()).where(SlackOutboxRow.state.in_(("pending", "sending", "in_doubt")))
                )
                behind = session.scalar(
                    select(func.count()).where(
                        SlackSurfaceRow.posted.is_(True),
                        SlackSurfaceRow.rendered_version < SlackSurfaceRow.wanted_version,
                    )
                )
            return not busy and not behind

        wait(quiet, "everything to be sent")

    def place(self, case: int, surface: str, destination: str | None = None) -> tuple[str, str]:
        """The conversation and the timestamp of a case's card."""
        with self.parts.readers() as session:
            wanted = select(SlackSurfaceRow).where(SlackSurfaceRow.case_id == case, SlackSurfaceRow.surface == surface)
            if destination is not None:
                wanted = wanted.where(SlackSurfaceRow.destination == destination)
            row = session.scalars(wanted.order_by(SlackSurfaceRow.id)).first()
        assert row is not None, f"C-{case} has no card on {surface}"
        assert row.channel is not None
        assert row.ts is not None
        return row.channel, row.ts

    def cases(self, session: Session) -> Sequence[CaseRow]:
        """All cases."""
        return session.scalars(select(CaseRow)).all()

    def list_of_incident(self, destination: str) -> tuple[str, str]:
        """The conversation and the timestamp of the incident's list there."""
        with self.parts.readers() as session:
            row = session.scalars(select(RollUpRow).where(RollUpRow.destination == destination)).one()
        assert row.channel is not None
        assert row.ts is not None
        return row.channel, row.ts

    def messages(self, person: str) -> Sequence[dict[str, Any]]:
        """What the app wrote to a person in direct messages, oldest first."""
        channel = str(self.web.conversations_open(users=[IDS[person]])["channel"]["id"])
        found = self.slack.state(channel=channel)["messages"].get(channel, [])
        return [message | {"channel": channel} for message in found if not message["deleted"]]


def wait(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait for a condition; fail, naming it, at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.02)


@contextmanager
def staged(words: Workspace, directory: Path, port: int) -> Iterator[Stage]:
    """Everything running, without a case yet. ``port`` is for the gateway."""
    loop = loop_of(words)
    database = f"sqlite:///{directory}/closeloop.db"
    upgrade(database)
    url = f"http://127.0.0.1:{port}"
    seed = Seed(
        users=[
            *(
                User(id=IDS[key], name=key, real_name=person.name, email=person.email, tz="Europe/Berlin")
                for key, person in loop.people.items()
            ),
            User(id=STRANGER, name="stranger", real_name="Sam Stranger", tz="Europe/Berlin"),
        ],
        channels=[
            Channel(id=CHANNEL, name=words.channel.removeprefix("#")),
            Channel(id=OLD, name=words.old_channel.removeprefix("#"), is_archived=True),
        ],
    )
    chosen = Settings(
        pace=0, interactions_url=f"{url}/slack/interactions", events_url=f"{url}/slack/events", mode="http",
        ack_seconds=20, trigger_seconds=20, channels_on_demand=False,
    )  # fmt: skip
    with ExitStack() as stack:
        slack = stack.enter_context(in_thread(Sandbox(chosen, seed)))
        settings = LoopSettings(
            database=database, kafka="127.0.0.1:1", slack_bot_token="xoxb-sandbox",
            slack_signing_secret="sandbox-signing-secret", slack_api_url=slack.api_url, public_url=PUBLIC_URL,
            environment="staging",
        )  # fmt: skip
        parts = make_parts(settings, loop, _fail)
        stack.callback(parts.writers.kw["bind"].dispose)
        stack.callback(parts.slack.close)
        stack.enter_context(serving(dataclasses.replace(parts, producer=KeptRecords()), port))
        stop = threading.Event()
        sender = a_sender(parts.writers.kw["bind"], slack, Measures(CollectorRegistry()), stop, loop, gathers=0.0)
        stack.enter_context(running(sender, stop))
        yield Stage(words, loop, parts, slack)


def _fail(why: str) -> None:
    raise AssertionError(why)
