"""From what loop.yaml says (a person, ``#channel``, an id) to the conversation ids that Slack wants."""

import threading
from datetime import UTC, datetime, timedelta

import structlog
from slack_sdk.errors import SlackApiError
from sqlalchemy.orm import Session, sessionmaker

from consumers.slack.client import SlackCalls
from consumers.slack.errors import classify
from schemas.config import Loop
from schemas.config_owners import Person
from schemas.tables import SlackUserRow

FOUND_FOR = timedelta(days=1)
MISSING_FOR = timedelta(hours=1)
_PERSON = "person:"


class NoSuchPerson(Exception):  # noqa: N818 - an answer: this person cannot be written to
    """Slack does not know the person of a direct message."""


class Addresses:
    """Resolves destinations. Safe to use from several threads; what Slack said is remembered."""

    def __init__(
        self, loop: Loop, calls: SlackCalls, database: sessionmaker[Session], readers: sessionmaker[Session]
    ) -> None:
        self._loop = loop
        self._calls = calls
        self._database = database
        self._readers = readers
        self._lock = threading.Lock()
        self._asking = threading.RLock()
        self._conversations: dict[str, str] = {}
        self.channels_listed = True
        """Whether Slack lets us list channels: then a name that is not listed is no channel we could post to."""
        self._log = structlog.get_logger().bind(part="sender")

    def conversation(self, destination: str) -> str:
        """The conversation id of a destination. Raises :class:`NoSuchPerson`, or what Slack's client raises.

        A channel that cannot be seen keeps its name: posting to it says best what is wrong.
        """
        known = self._conversations.get(destination)
        if known is not None:
            return known
        with self._asking:  # one thread asks, the others find what it learned
            return self._conversations.get(destination) or self._ask_conversation(destination)

    def _ask_conversation(self, destination: str) -> str:
        if destination.startswith(_PERSON):
            user = self.user_id(destination.removeprefix(_PERSON))
            if user is None:
                raise NoSuchPerson
            found = self._calls.open_dm(user)
        elif destination.startswith("#"):
            found = self._channel(destination.removeprefix("#"))
            if not found:
                return destination
        else:
            return destination
        self.learn(destination, found)
        return found

    def learn(self, destination: str, conversation: str) -> None:
        """Remember what Slack answered to a post."""
        with self._lock:
            self._conversations[destination] = conversation

    def forget(self, destination: str) -> None:
        """Ask Slack again next time: this destination was refused."""
        with self._lock:
            self._conversations.pop(destination, None)

    def user_id(self, key: str) -> str | None:
        """The Slack id of a person of loop.yaml: given there, remembered, or asked for by e-mail."""
        person = self._loop.people.get(key)
        if person is None:
            return None
        if person.slack is not None:
            return person.slack
        now = datetime.now(UTC)
        with self._asking:
            with self._readers() as session:
                row = session.get(SlackUserRow, key)
                if row is not None and now - row.checked_at < (FOUND_FOR if row.user_id else MISSING_FOR):
                    return row.user_id
            return self._ask(key, person, now)

    def _ask(self, key: str, person: Person, now: datetime) -> str | None:
        try:
            user_id: str | None = self._calls.user_by_email(person.email)
        except SlackApiError as error:
            verdict = classify(error)
            if verdict.kind not in ("divert", "unknown") and verdict.code != "missing_scope":
                raise
            # Said once an hour a person, not once a message.
            self._log.warning("person not found in Slack", person=key, error=verdict.code)
            user_id = None
        with self._database.begin() as session:
            session.merge(
                SlackUserRow(person=key, user_id=user_id, status="ok" if user_id else "not_found", checked_at=now)
            )
        return user_id

    def _channel(self, name: str) -> str:
        try:
            channels = self._calls.channels()
        except SlackApiError as error:
            if classify(error).code != "missing_scope":
                raise
            self.channels_listed = False
            return ""
        self.channels_listed = True
        with self._lock:
            self._conversations |= {f"#{found}": channel for found, channel in channels.items()}
        return channels.get(name, "")
