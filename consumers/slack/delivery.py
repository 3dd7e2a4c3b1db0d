"""The calls that one message needs, made in a worker thread. It decides nothing: it says what Slack answered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from msgspec import Struct

from consumers.slack import roll_ups
from consumers.slack.addresses import Addresses, NoSuchPerson
from consumers.slack.case_view import CaseView, Setting, setting_at
from consumers.slack.client import Posted, SlackCalls
from consumers.slack.digest import GATHERED, digest, nudge
from consumers.slack.errors import LATER_S, Verdict, classify
from consumers.slack.message_rules import check_message
from consumers.slack.outbox import Claimed
from consumers.slack.render import Card, card, plain_card, reminder
from consumers.slack.roll_up_card import roll_up_card, roll_up_summary
from consumers.slack.roll_ups import RollUpView
from consumers.slack.surfaces import Behind
from schemas.config import Loop

_NONE: Mapping[int, CaseView] = {}
CLOCK_SKEW = timedelta(seconds=60)
"""Slack's timestamps are its own: look this much further back than our clock says."""


class PostResult(Struct, frozen=True):
    """A message was posted, or not and why. ``version`` is the picture it shows."""

    message: Claimed
    posted: Posted | None = None
    version: int = 0
    verdict: Verdict | None = None


class UpdateResult(Struct, frozen=True):
    """A card was updated to ``version``, or not and why. ``plain``: it was drawn as text alone."""

    card: Behind
    version: int
    plain: bool
    verdict: Verdict | None = None


class RollUpResult(Struct, frozen=True):
    """A roll-up was drawn again, or not and why. ``over``: every case that it shows is closed."""

    roll_up: roll_ups.Behind
    version: int
    over: bool
    verdict: Verdict | None = None


class LookUpResult(Struct, frozen=True):
    """Which messages Slack's history has for a row in doubt, newest first; or why it could not be read."""

    message: Claimed
    found: tuple[Posted, ...] = ()
    verdict: Verdict | None = None


class AuthResult(Struct, frozen=True):
    """Whether Slack takes the token again."""

    works: bool


class LookUpResults(Struct, frozen=True):
    """What one reading of a conversation's history says of each row in doubt there."""

    results: tuple[LookUpResult, ...]


Result = PostResult | UpdateResult | RollUpResult | LookUpResults | AuthResult


class Delivery:
    """Makes the calls for one job at a time; used by several threads."""

    def __init__(
        self, loop: Loop, calls: SlackCalls, addresses: Addresses, public_url: str, post_needs: timedelta, page: int
    ) -> None:
        self._loop = loop
        self._calls = calls
        self._addresses = addresses
        self._public_url = public_url
        self._post_needs = post_needs
        self._page = page
        self._log = structlog.get_logger().bind(part="sender")

    def post(
        self, message: Claimed, view: CaseView, mention: bool, others: Mapping[int, CaseView] = _NONE
    ) -> PostResult:
        """Post a card. Whatever fails before the post itself is certainly not sent.

        ``others`` are the cases that a digest lists.
        """
        channel, owner, problem = self._place(message, view.owner if mention else None)
        if problem is not None:
            return PostResult(message, verdict=problem)
        if message.kind == "card":
            drawn = self._draw(view, datetime.now(UTC), message.destination, owner, message.plain)
        else:
            setting = self._setting(message.destination, None)
            if message.entries:
                drawn = digest(message.entries, others, setting, morning=message.kind != GATHERED)
            else:
                drawn = nudge(view, message.kind, setting) or reminder(view, message.kind, setting)
        return self._post(message, view.version, channel, drawn)

    def post_roll_up(self, message: Claimed, view: RollUpView) -> PostResult:
        """Post one message in place of many cards."""
        channel, _, problem = self._place(message, None)
        if problem is not None:
            return PostResult(message, verdict=problem)
        return self._post(message, view.version, channel, self._draw_roll_up(view, message.plain))

    def update_roll_up(self, behind: roll_ups.Behind, view: RollUpView) -> RollUpResult:
        """Bring a roll-up to the newest picture."""
        over = view.live == 0
        try:
            self._calls.update(behind.channel, behind.ts, self._draw_roll_up(view, behind.plain))
        except Exception as error:  # noqa: BLE001 - every error of a call has a class
            return RollUpResult(behind, view.version, over, classify(error))
        return RollUpResult(behind, view.version, over)

    def update(self, behind: Behind, view: CaseView, plain: bool) -> UpdateResult:
        """Bring a card to the newest picture."""
        drawn = self._draw(view, datetime.now(UTC), behind.destination, None, plain)
        try:
            self._calls.update(behind.channel, behind.ts, drawn)
        except Exception as error:  # noqa: BLE001 - every error of a call has a class
            return UpdateResult(behind, view.version, plain, classify(error))
        return UpdateResult(behind, view.version, plain)

    def look_up(self, messages: Sequence[Claimed]) -> LookUpResults:
        """Read Slack's history once for the messages in doubt of one destination."""
        oldest = (min(message.started_at for message in messages) - CLOCK_SKEW).timestamp()
        ids = {message.id for message in messages}
        found: dict[str, list[Posted]] = {}
        verdict: Verdict | None = None
        try:
            channel = self._addresses.conversation(messages[0].destination)
            # Where there is no such channel there is nothing to have been posted to.
            if not (channel.startswith("#") and self._addresses.channels_listed):
                try:
                    found = self._calls.find(channel, ids, oldest, self._page)
                except Exception as error:
                    if classify(error).code != "not_in_channel":
                        raise
                    self._calls.join(channel)
                    found = self._calls.find(channel, ids, oldest, self._page)
        except NoSuchPerson:
            pass  # without a conversation nothing can have been posted
        except Exception as error:  # noqa: BLE001 - every error of a call has a class
            verdict = classify(error)
        return LookUpResults(
            tuple(LookUpResult(message, tuple(found.get(message.id, ())), verdict) for message in messages)
        )

    def take_back(self, extra: Posted) -> None:
        """Delete one of our messages that turned out to be a second one."""
        try:
            self._calls.delete(extra.channel, extra.ts)
        except Exception as error:  # noqa: BLE001 - every error of a call has a class
            self._log.error("a second message could not be deleted", error=classify(error).code)

    def check_token(self) -> AuthResult:
        """Ask Slack whether it takes the token."""
        try:
            self._calls.auth_test()
        except Exception:  # noqa: BLE001 - any failure means: not yet
            return AuthResult(works=False)
        return AuthResult(works=True)

    def _place(self, message: Claimed, mentioned: str | None) -> tuple[str, str | None, Verdict | None]:
        """The conversation of a message and the Slack id of whom it mentions; or why it cannot be posted now."""
        try:
            channel = self._addresses.conversation(message.destination)
            user = self._addresses.user_id(mentioned) if mentioned is not None else None
        except NoSuchPerson:
            return "", None, Verdict("divert", "users_not_found")
        except Exception as error:  # noqa: BLE001 - every error of a call has a class
            return "", None, _not_sent(classify(error))
        if datetime.now(UTC) > message.lease_until - self._post_needs:
            # A process that slept may be another's successor's rival: it must not post on a lease that may be over.
            return "", None, Verdict("later", "lease_too_short")
        return channel, user, None

    def _post(self, message: Claimed, version: int, channel: str, drawn: Card) -> PostResult:
        try:
            posted = self._joined(channel, lambda: self._calls.post(channel, drawn, message.id))
        except Exception as error:  # noqa: BLE001 - every error of a call has a class
            verdict = classify(error)
            if verdict.kind == "divert":
                self._addresses.forget(message.destination)
            return PostResult(message, verdict=verdict)
        self._addresses.learn(message.destination, posted.channel)
        return PostResult(message, posted, version)

    def _joined(self, channel: str, call: Callable[[], Posted]) -> Posted:
        """Make the call; where the bot has to be a member of a public channel first, become one."""
        try:
            return call()
        except Exception as error:
            if classify(error).code != "not_in_channel":
                raise
            try:
                self._calls.join(channel)
            except Exception:  # noqa: BLE001 - the first refusal says more
                raise error from None
            return call()

    def _draw(self, view: CaseView, now: datetime, destination: str, mention: str | None, plain: bool) -> Card:
        setting = self._setting(destination, mention)
        if plain:
            return plain_card(view, setting)
        try:
            drawn = card(view, now, setting)
        except Exception as error:  # noqa: BLE001 - a drawing fault must not cost the customer the card
            self._log.error("card could not be drawn: text alone", case=view.id, error=type(error).__name__)
            return plain_card(view, setting)
        problems = check_message(drawn)
        if problems:
            self._log.error("card breaks Slack's rules: text alone", case=view.id, problems=problems)
            return plain_card(view, setting)
        return drawn

    def _draw_roll_up(self, view: RollUpView, plain: bool) -> Card:
        setting = self._setting(view.destination, None)
        if plain:
            return Card(roll_up_summary(view, setting))
        drawn = roll_up_card(view, setting)
        problems = check_message(drawn)
        if problems:
            self._log.error("roll-up breaks Slack's rules: text alone", roll_up=view.id, problems=problems)
            return Card(roll_up_summary(view, setting))
        return drawn

    def _setting(self, destination: str, mention: str | None) -> Setting:
        return setting_at(self._loop, self._public_url, destination, mention)


def _not_sent(verdict: Verdict) -> Verdict:
    """An error before the post: whatever happened to that call, the message is not there."""
    if verdict.kind in ("in_doubt", "unknown", "gone", "plain"):
        return Verdict("later", verdict.code, LATER_S)
    return verdict
