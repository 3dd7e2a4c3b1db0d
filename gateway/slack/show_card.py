"""A roll-up's menu: the case that somebody chose there gets a card of its own, in the same place."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from gateway.slack.inbox import Delivered, conclude, remember
from gateway.slack.notices import Reader
from gateway.slack.payloads import BlockActions
from schemas.card_actions import SHOW_CARD, ShowCard, read_show_card
from schemas.roll_ups import want_card
from schemas.words import safe_text as safe


def read_choice(click: BlockActions) -> ShowCard | None:
    """The case that was chosen; ``None`` where the click is on something else."""
    action = click.actions[0]
    if action.action_id != SHOW_CARD or action.selected_option is None:
        return None
    try:
        return read_show_card(action.selected_option.value)
    except msgspec.DecodeError:
        return None


def show_card(session: Session, reader: Reader, click: BlockActions, chosen: ShowCard, now: datetime) -> str | None:
    """Want the card, in the caller's transaction; what to tell the person, ``None`` for a click delivered again."""
    place = click.container
    delivered = Delivered(
        user=click.user.id, action="show", case=chosen.case, channel=place.channel_id, ts=place.message_ts
    )
    key = click.inbox_key()
    if not remember(session, key, "block_actions", delivered, now):
        return None
    if not reader.known:
        conclude(session, key, "denied", now)
        return reader.words.say("refused-stranger", user=safe.escape(reader.user))
    wanted = want_card(session, chosen.roll_up, chosen.case, now)
    conclude(session, key, "done" if wanted else "not_allowed", now)
    message = "roll-up-shown" if wanted else "roll-up-shown-before"
    return reader.words.say(message, case=f"C-{chosen.case}")
