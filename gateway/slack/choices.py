"""What a click or a submitted dialog asks for. Pure: the time is given."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from gateway.case_requests import ActionRequest, Unfit
from gateway.slack.modals import CHANNEL, CHANNELS, NOTE, OWNER, ROOT_CAUSE, UNTIL
from gateway.slack.payloads import Action, BlockActions, DialogState, StateValue, ViewSubmission
from schemas.card_actions import ACTION_PREFIX, CardValue, Look, SnoozeFor, read_value
from schemas.case_ledger import user_action
from schemas.cases import UserAction

AT_ONCE: frozenset[UserAction] = frozenset({"acknowledge", "wake"})
"""Actions that a click takes without asking further."""
_LOOKS: Mapping[str, Look] = {"answer": "answer", "why": "why"}
MORNING_HOUR = 9
_HOURS: Mapping[SnoozeFor, int] = {"1h": 1, "4h": 4}


class Clicked(Struct, frozen=True):
    """A click on a card: the case as it was seen, and what is wanted of it."""

    value: CardValue
    wish: UserAction | Look

    @property
    def at_once(self) -> bool:
        """Whether it is taken without a dialog."""
        return self.wish in AT_ONCE or (self.wish == "snooze" and self.value.snooze not in (None, "pick"))


class Submitted(Struct, frozen=True):
    """A submitted dialog: the case as it was seen, the action, and who was chosen as a Slack user."""

    state: DialogState
    action: UserAction
    request: ActionRequest
    chosen_user: str | None


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


def read_submission(submission: ViewSubmission) -> Submitted | None:
    """What a dialog says; ``None`` for one that is not ours. Raises :class:`Unfit` naming the input's block."""
    view = submission.view
    if not view.callback_id.startswith(ACTION_PREFIX):
        return None
    action = user_action(view.callback_id.removeprefix(ACTION_PREFIX))
    if action is None:
        return None
    try:
        state = msgspec.json.decode(view.private_metadata, type=DialogState)
    except msgspec.DecodeError:
        return None
    given = {block: value for block, inputs in view.state.values.items() for value in inputs.values()}
    channel = _option(given, CHANNEL)
    if action == "contact" and channel not in CHANNELS:
        raise Unfit(CHANNEL, "Say how the customer was contacted.")
    note = given[NOTE].value if NOTE in given else None
    if action == "dismiss" and not (note or "").strip():
        raise Unfit(NOTE, "Say why.")
    moment = given[UNTIL].selected_date_time if UNTIL in given else None
    request = ActionRequest(
        version=state.version,
        note=note,
        root_cause=_option(given, ROOT_CAUSE),
        until=None if moment is None else _instant(moment),
        channel=channel,
    )
    return Submitted(state, action, request, given[OWNER].selected_user if OWNER in given else None)


def _wish(action: Action, value: CardValue) -> UserAction | Look | None:
    name = value.action or action.action_id.removeprefix(ACTION_PREFIX)
    return _LOOKS.get(name) or user_action(name)


def _option(given: Mapping[str, StateValue], field: str) -> str | None:
    chosen = given[field].selected_option if field in given else None
    return chosen.value if chosen else None


def _instant(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Unfit(UNTIL, "Choose a date within the next 30 days.") from None
