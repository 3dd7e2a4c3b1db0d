"""What both of Slack's transports, signed HTTP and Socket Mode, do with a delivery: apply it, say what to answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, Literal

from msgspec import Struct

from gateway.instruments import Instruments
from gateway.slack import roll_ups
from gateway.slack.interactions import Answer, SlackDesk
from gateway.slack.payloads import BlockActions, EventEnvelope, Interaction, ViewSubmission


class Reply(Struct, frozen=True, kw_only=True):
    """The ack's body, and what is told to the person once the ack is out."""

    body: dict[str, Any] | None = None
    afterwards: Callable[[], Awaitable[None]] | None = None


async def take_interaction(desk: SlackDesk, measured: Instruments, found: Interaction, now: datetime) -> Reply:
    """Apply a click or a dialog. Raises :class:`gateway.slack.interactions.Unavailable`: then there is no ack."""
    kind: Literal["click", "dialog", "other"] = "other"
    if isinstance(found, BlockActions):
        kind = "click"
    elif isinstance(found, ViewSubmission):
        kind = "dialog"
    with measured.slack_seconds.labels(kind).time():
        if isinstance(found, BlockActions):
            answer = await roll_ups.take_click(desk, found, now) or await desk.click(found, now)
        elif isinstance(found, ViewSubmission):
            answer = await roll_ups.take_dialog(desk, found, now) or await desk.submit(found, now)
        else:
            answer = Answer()
    told = None
    if answer.notice is not None and isinstance(found, BlockActions):
        place = found.container.channel_id
        told = partial(desk.calls.tell, found.response_url, place, found.user.id, answer.notice)
    return Reply(body=answer.body, afterwards=told)


async def take_event(desk: SlackDesk, found: EventEnvelope, now: datetime) -> None:
    """Apply a delivery of the Events API, once. Raises :class:`gateway.slack.interactions.Unavailable`."""
    if found.event_id:
        await desk.event(found, now)
