"""Keeps App Homes current: published when somebody opens theirs, and again, debounced, when it would look otherwise.

Drawn again are the homes of whoever has, or had, a case that changed; now and then all of them, because time makes
cases overdue. What is to be seen is compared by its hash, so a change that a person does not see costs no call, and of
several gateways the one that writes the new hash publishes.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway.slack.home import Place, home_view, stranger_view
from gateway.slack.modals import View
from gateway.slack.people import persons_of, users_of
from gateway.slack.silence_acts import silences_of
from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.duty import absence
from schemas.settings import Settings
from schemas.tables import CaseEventRow, CaseRow, SlackHomeRow
from schemas.words.readers import words_for

DEBOUNCE_SECONDS = 1.0
"""So long changes are gathered before homes are drawn again."""
LOOK_EVERY_SECONDS = 10.0
"""How often changes by others (other gateways, the API, timers) are looked for."""
TIME_PASSES_SECONDS = 60.0
"""How often homes are drawn although no case changed: time makes cases overdue."""
OVERLAP = 500
"""So many of the newest changes are looked at again when there is another: they are not committed in their order."""
KEPT = timedelta(days=14)
"""Homes that nobody has opened for so long are left as they are."""

_log = structlog.get_logger("gateway.slack")


class Publisher(Protocol):
    """Who calls Slack."""

    async def publish_home(self, user: str, view: View) -> bool:
        """Show the view; whether Slack took it."""
        ...


class Opened(Protocol):
    """Where clicks and events come in."""

    @property
    def calls(self) -> Publisher:
        """Who calls Slack."""
        ...

    @property
    def homes_moved(self) -> asyncio.Event:
        """Set when a home may look otherwise."""
        ...


class Due(msgspec.Struct, frozen=True):
    """A home to publish, claimed by its hash."""

    user: str
    view: View
    shown: str


class _News(msgspec.Struct, frozen=True):
    """How far the history of cases has come: its newest change, and how many of those around it there are."""

    newest: int
    recent: int


def want_home(session: Session, user: str, now: datetime) -> None:
    """Somebody opened their App Home: publish it. The caller owns the transaction."""
    row = session.get(SlackHomeRow, user[:64])
    if row is None:
        session.add(SlackHomeRow(user_id=user[:64], opened_at=now, shown=None))
    else:
        row.opened_at, row.shown = now, None


class Homes:
    """One task a gateway."""

    def __init__(
        self,
        desk: Opened,
        readers: sessionmaker[Session],
        writers: sessionmaker[Session],
        loop: Loop,
        settings: Settings,
    ) -> None:
        self._desk = desk
        self._readers = readers
        self._writers = writers
        self._loop = loop
        self._place = Place(
            public_url=settings.public_url, environment=settings.environment, version=version("closeloop")
        )
        self._seen: _News | None = None
        self._drawn_at = datetime.min.replace(tzinfo=UTC)

    async def run(self) -> None:
        """Publish until cancelled. A database that does not answer is asked again."""
        while True:
            self._desk.homes_moved.clear()
            try:
                for due in await asyncio.to_thread(self.claim, datetime.now(UTC)):
                    if not await self._desk.calls.publish_home(due.user, due.view):
                        await asyncio.to_thread(self._give_back, due)
            except SQLAlchemyError as error:
                _log.warning("homes_wait", error=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self._desk.homes_moved.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(DEBOUNCE_SECONDS)

    def claim(self, now: datetime) -> list[Due]:
        """The homes that look otherwise than what was published, each for one gateway alone."""
        with self._readers() as session:
            news = _news(session)
            everybody = self._seen is None or now - self._drawn_at >= timedelta(seconds=TIME_PASSES_SECONDS)
            wanted = select(SlackHomeRow).where(SlackHomeRow.opened_at > now - KEPT)
            if not everybody:
                users = self._concerned(session, news)
                wanted = wanted.where(or_(SlackHomeRow.shown.is_(None), SlackHomeRow.user_id.in_(sorted(users))))
            homes = session.scalars(wanted).all()
            drawn = [(row.user_id, row.shown, view) for row, view in self._draw(session, homes, now)]
        self._seen = news
        if everybody:
            self._drawn_at = now
        changed = [Due(user, view, shown) for user, before, view in drawn if (shown := _hash(view)) != before]
        return [due for due in changed if self._take(due, {user: before for user, before, _ in drawn}[due.user])]

    def _concerned(self, session: Session, news: _News) -> set[str]:
        """The Slack users who have, or had, a case that changed since the last look."""
        if self._seen is None or news == self._seen:
            return set()
        changed = select(CaseEventRow.case_id).where(CaseEventRow.seq > self._seen.newest - OVERLAP)
        owner = CaseEventRow.payload["owner"].as_string()
        owners = session.scalars(select(owner).where(CaseEventRow.case_id.in_(changed)).distinct())
        return users_of(session, self._loop.people, {person for person in owners if person is not None})

    def _draw(self, session: Session, homes: Sequence[SlackHomeRow], now: datetime) -> list[tuple[SlackHomeRow, View]]:
        people = persons_of(session, self._loop.people, [row.user_id for row in homes])
        owned: dict[str, list[CaseRow]] = {}
        owners = sorted({person for person in people.values() if person is not None})
        for case in session.scalars(
            select(CaseRow).where(CaseRow.owner.in_(owners), CaseRow.state.not_in(sorted(CLOSED_STATES)))
        ):
            owned.setdefault(case.owner or "", []).append(case)
        quiet = silences_of(session, self._loop, owners, now)
        found: list[tuple[SlackHomeRow, View]] = []
        for row in homes:
            person = people[row.user_id]
            words = words_for(self._loop, person)
            if person is None:
                found.append((row, stranger_view(words, row.user_id, self._place)))
                continue
            away = absence(self._loop, person, now) is not None
            mine = owned.get(person, [])
            held = quiet.get(person, ())
            found.append((row, home_view(words, self._loop, person, mine, away, now, self._place, held)))
        return found

    def _take(self, due: Due, before: str | None) -> bool:
        with self._writers.begin() as session:
            taken = session.execute(
                update(SlackHomeRow)
                .where(
                    SlackHomeRow.user_id == due.user,
                    SlackHomeRow.shown.is_(None) if before is None else SlackHomeRow.shown == before,
                )
                .values(shown=due.shown)
                .execution_options(synchronize_session=False)
            )
        assert isinstance(taken, CursorResult)
        return taken.rowcount == 1

    def _give_back(self, due: Due) -> None:
        """Slack did not take it: it is tried again at the next look."""
        with self._writers.begin() as session:
            session.execute(
                update(SlackHomeRow)
                .where(SlackHomeRow.user_id == due.user, SlackHomeRow.shown == due.shown)
                .values(shown=None)
                .execution_options(synchronize_session=False)
            )


def _news(session: Session) -> _News:
    """How far it is now. A change that is committed after a later one shows in the count."""
    newest = session.scalar(select(func.max(CaseEventRow.seq))) or 0
    recent = session.scalar(select(func.count()).where(CaseEventRow.seq > newest - OVERLAP))
    return _News(newest, recent or 0)


def _hash(view: View) -> str:
    return sha256(msgspec.json.encode(view)).hexdigest()
