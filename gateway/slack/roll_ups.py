"""What can be done with a roll-up: bring the card of one of its cases, or resolve all cases of an incident."""

from datetime import datetime

from gateway.slack import resolve_all, show_card
from gateway.slack.choices import Misfilled
from gateway.slack.interactions import Answer, SlackDesk
from gateway.slack.payloads import BlockActions, ViewSubmission


async def take_click(desk: SlackDesk, click: BlockActions, now: datetime) -> Answer | None:
    """A click on a roll-up; ``None`` where it is on something else. Raises as :meth:`SlackDesk.click`."""
    chosen = show_card.read_choice(click)
    if chosen is not None:
        told = await desk.write(
            click.user.id, lambda session, reader: show_card.show_card(session, reader, click, chosen, now)
        )
        return Answer(notice=told)
    wanted = resolve_all.read_click(click)
    if wanted is None:
        return None
    view = await desk.write(
        click.user.id, lambda session, reader: resolve_all.open_dialog(session, reader, click, wanted, now)
    )
    if view is not None:
        await desk.calls.open_view(click.trigger_id, view)
    return Answer()


async def take_dialog(desk: SlackDesk, submission: ViewSubmission, now: datetime) -> Answer | None:
    """A dialog that a roll-up opened; ``None`` for another. Raises as :meth:`SlackDesk.submit`."""
    wanted = resolve_all.read_dialog(submission)
    if wanted is None:
        return None
    try:
        view = await desk.write(
            submission.user.id,
            lambda session, reader: resolve_all.submit(session, desk.loop, reader, submission, wanted, now),
        )
    except Misfilled as misfilled:
        return Answer(body={"response_action": "errors", "errors": {misfilled.field: misfilled.said}})
    return Answer(body={"response_action": "clear"} if view is None else {"response_action": "update", "view": view})
