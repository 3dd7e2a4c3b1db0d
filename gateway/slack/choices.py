"""What a click or a submitted dialog asks for. Pure: the time is given."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from gateway.case_requests import MAX_SNOOZE
from gateway.slack.modals import CHANNEL, FOLLOW_UP, MAX_NOTE_CHARACTERS, NOTE, OWNER, ROOT_CAUSE, TOLD, UNTIL
from gateway.slack.payloads import Action, BlockActions, DialogState, StateValue, ViewSubmission
from schemas.card_actions import ACTION_PREFIX, CardValue, Look, Silence, SnoozeFor, read_value
from schemas.case_ledger import Change, user_action
from schemas.cases import CONTACT_CHANNELS, ROOT_CAUSES, UserAction
from schemas.permissions import Deed
from schemas.words.catalogue import Words

AT_ONCE: frozenset[UserAction] = frozenset({"acknowledge", "wake"})
"""Actions that a click takes without asking further."""
_LOOKS: Mapping[str, Look] = {"answer": "answer", "why": "why"}
MORNING_HOUR = 9
_HOURS: Mapping[SnoozeFor, int] = {"1h": 1, "4h": 4}


class Misfilled(ValueError):  # noqa: N818 - an answer to a person, not a fault
    """An input of a dialog that lacks something: its block, and what to say there in the person's language."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(field)
        self.field = field
        self.said = said


class Clicked(Struct, frozen=True):
    """A click on a card: the case as it was seen, and what is wanted of it."""

    value: CardValue
    wish: UserAction | Look | Silence

    @property
    def takes_over(self) -> bool:
        """Whether the case is wanted from whoever is on it: the menu's entry, not the button of an open case."""
        return self.wish == "acknowledge" and self.value.action == "acknowledge"

    @property
    def at_once(self) -> bool:
        """Whether it is taken without a dialog."""
        if self.takes_over:
            return False
        return self.wish in AT_ONCE or (self.wish == "snooze" and self.value.snooze not in (None, "pick"))

    @property
    def deed(self) -> Deed | None:
        """What has to be permitted; ``None`` for a look."""
        if self.wish == "silence":
            return "silence"
        return "take_over" if self.takes_over else user_action(self.wish)


class Submitted(Struct, frozen=True, kw_only=True):
    """A submitted dialog: the case as it was seen, the action, what it brings, and who was chosen as a Slack user."""

    state: DialogState
    action: UserAction
    change: Change
    chosen_user: str | None = None
    follow_up: datetime | None = None
    """With ``contact``: the case sleeps until then."""

    @property
    def deed(self) -> Deed:
        """What has to be permitted. The dialog of ``acknowledge`` is the one that takes over."""
        return "take_over" if self.action == "acknowledge" else self.action


def read_click(click: BlockActions) -> Clicked | None:
    """What was clicked; ``None`` for an element that is not ours, or no element that acts (a link)."""
    action = click.actions[0]
    raw = action.selected_option.value if action.selected_option else action.value
    if not action.action_id.startswith(ACTION_PREFIX) or raw is None:
        return None
    try:
        value = read_value(raw)
    except msgspec.DecodeError:
        return None
    wish = _wish(action, value)
    return None if wish is None else Clicked(value, wish)


def snooze_until(length: SnoozeFor, zone: str, now: datetime) -> datetime:
    """When a snoozed case wakes: in so many hours, or tomorrow at 9:00 in the owner's zone."""
    hours = _HOURS.get(length)
    if hours is not None:
        return now + timedelta(hours=hours)
    there = ZoneInfo(zone)
    tomorrow = now.astimezone(there).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, MORNING_HOUR, tzinfo=there).astimezone(UTC)


def whose_dialog(submission: ViewSubmission) -> tuple[UserAction, DialogState] | None:
    """The action that a dialog asks about, and what it remembers; ``None`` for one that is not ours."""
    view = submission.view
    if not view.callback_id.startswith(ACTION_PREFIX):
        return None
    action = user_action(view.callback_id.removeprefix(ACTION_PREFIX))
    if action is None:
        return None
    try:
        return action, msgspec.json.decode(view.private_metadata, type=DialogState)
    except msgspec.DecodeError:
        return None


def read_submission(
    words: Words, action: UserAction, state: DialogState, submission: ViewSubmission, now: datetime
) -> Submitted:
    """What a dialog says. Raises :class:`Misfilled` naming the first input that lacks something, in these words."""
    given = {block: value for block, inputs in submission.view.state.values.items() for value in inputs.values()}
    note = _note(words, given)
    if action in ("dismiss", "reopen") and note is None:
        raise Misfilled(NOTE, words.say("error-why"))
    if action == "contact":
        channel = _option(given, CHANNEL)
        if channel not in CONTACT_CHANNELS:
            raise Misfilled(CHANNEL, words.say("error-how"))
        follow_up = _moment(words, given, FOLLOW_UP, now)
        change = Change(note=note, channel=channel)
        return Submitted(state=state, action=action, change=change, follow_up=follow_up)
    if action == "resolve":
        cause = _option(given, ROOT_CAUSE)
        if cause not in ROOT_CAUSES:
            raise Misfilled(ROOT_CAUSE, words.say("error-cause"))
        told = bool(given[TOLD].selected_options) if TOLD in given else None
        return Submitted(state=state, action=action, change=Change(note=note, root_cause=cause, customer_told=told))
    if action == "snooze":
        until = _moment(words, given, UNTIL, now)
        if until is None:
            raise Misfilled(UNTIL, words.say("error-date"))
        return Submitted(state=state, action=action, change=Change(note=note, until=until))
    if action == "reassign":
        chosen = given[OWNER].selected_user if OWNER in given else None
        if chosen is None:
            raise Misfilled(OWNER, words.say("error-owner"))
        return Submitted(state=state, action=action, change=Change(note=note), chosen_user=chosen)
    return Submitted(state=state, action=action, change=Change(note=note))


def _wish(action: Action, value: CardValue) -> UserAction | Look | Silence | None:
    name = value.action or action.action_id.removeprefix(ACTION_PREFIX)
    if name == "silence":
        return "silence"
    return _LOOKS.get(name) or user_action(name)


def _note(words: Words, given: Mapping[str, StateValue]) -> str | None:
    """What was written, without what no database takes."""
    said = (given[NOTE].value or "").replace("\0", "").strip() if NOTE in given else ""
    if len(said) > MAX_NOTE_CHARACTERS:
        raise Misfilled(NOTE, words.say("error-long", n=MAX_NOTE_CHARACTERS))
    return said or None


def _option(given: Mapping[str, StateValue], field: str) -> str | None:
    chosen = given[field].selected_option if field in given else None
    return chosen.value if chosen else None


def _moment(words: Words, given: Mapping[str, StateValue], field: str, now: datetime) -> datetime | None:
    """A time to come within the longest sleep, where one was chosen."""
    chosen = given[field].selected_date_time if field in given else None
    if chosen is None:
        return None
    try:
        moment = datetime.fromtimestamp(chosen, UTC)
        far = moment - now > MAX_SNOOZE
    except (OverflowError, ValueError, OSError):
        far = True
    if far:
        raise Misfilled(field, words.say("error-date-far", n=MAX_SNOOZE.days))
    if moment <= now:
        raise Misfilled(field, words.say("error-date-past"))
    return moment
