"""Delivers one message outside Slack, in a worker thread. Destinations: ``mail:KEY`` of a person, ``webhook:NAME``."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from consumers.delivery import notice
from consumers.delivery.letter import Envelope, letter, list_letter
from consumers.delivery.mailer import Mailer
from consumers.delivery.webhooks import Hook
from consumers.slack import view
from consumers.slack.case_view import setting_at
from consumers.slack.client import Posted
from consumers.slack.delivery import PostResult
from consumers.slack.errors import Verdict
from consumers.slack.outbox import Claimed
from schemas.config import Loop
from schemas.words.readers import PERSON

MAIL, WEBHOOK = "mail:", "webhook:"
GIVE_UP_AFTER = {MAIL: timedelta(minutes=10), WEBHOOK: timedelta(minutes=30)}
"""How long a server that does not answer is asked again before the next way is taken."""


def is_elsewhere(destination: str) -> bool:
    """Whether the destination is none of Slack's."""
    return destination.startswith((MAIL, WEBHOOK))


def gives_up(destination: str, arrived: datetime | None, now: datetime) -> bool:
    """Whether a passing trouble of this destination has lasted too long. Pure."""
    kind = MAIL if destination.startswith(MAIL) else WEBHOOK
    return is_elsewhere(destination) and arrived is not None and now - arrived > GIVE_UP_AFTER[kind]


class Elsewhere:
    """The mail server and the webhooks, as far as they are configured."""

    def __init__(
        self,
        loop: Loop,
        readers: sessionmaker[Session],
        public_url: str,
        mailer: Mailer | None,
        hooks: Mapping[str, Hook],
    ) -> None:
        self._loop = loop
        self._readers = readers
        self._public_url = public_url
        self._mailer = mailer if loop.mail is not None else None
        self._hooks = hooks

    @property
    def mails(self) -> bool:
        """Whether e-mail can be sent."""
        return self._mailer is not None

    @property
    def hooks(self) -> tuple[str, ...]:
        """The names of the webhooks, in the order of loop.yaml."""
        return tuple(self._hooks)

    def deliver(self, message: Claimed) -> PostResult:
        """Send; a message that arrived has its medium in place of a channel, and no timestamp."""
        now = datetime.now(UTC)
        if message.destination.startswith(MAIL):
            verdict = self._mail(message, message.destination.removeprefix(MAIL), now)
        else:
            verdict = self._call(message, message.destination.removeprefix(WEBHOOK), now)
        if verdict is not None:
            return PostResult(message, verdict=verdict)
        return PostResult(message, Posted(message.destination, ""))

    def _call(self, message: Claimed, name: str, now: datetime) -> Verdict | None:
        hook = self._hooks.get(name)
        if hook is None:
            return Verdict("divert", "not_configured")
        also = tuple(entry.case for entry in message.entries if entry.case != message.case_id)
        with self._readers() as session:
            told = notice.load(session, message.id, message.case_id, message.kind, self._public_url, also)
        return hook.send(message.id, notice.payload(told, now), now)

    def _mail(self, message: Claimed, key: str, now: datetime) -> Verdict | None:
        person, section = self._loop.people.get(key), self._loop.mail
        if person is None or section is None or self._mailer is None:
            return Verdict("divert", "not_configured")
        cases = [message.case_id, *(entry.case for entry in message.entries)]
        with self._readers() as session:
            views = view.load(session, cases)
        setting = setting_at(self._loop, self._public_url, f"{PERSON}{key}")
        envelope = Envelope(section.from_, person.email, section.subject_prefix)
        if message.entries:
            mail = list_letter(message.id, message.kind, message.entries, views, setting, envelope, now)
            return self._mailer.send(mail)
        case = views[message.case_id]
        return self._mailer.send(letter(message.id, case, message.kind, setting, envelope, now))
