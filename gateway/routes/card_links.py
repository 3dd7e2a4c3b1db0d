"""From a case's page to its Slack card: Slack is asked for the link only when somebody follows it."""

import asyncio

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from gateway.access import needs
from gateway.parts import Parts
from gateway.problems import Refusal
from schemas.tables import SlackSurfaceRow


@get("/console/slack/{channel:str}/{ts:str}", guards=[needs("read")], include_in_schema=False)
async def follow_card(parts: NamedDependency[Parts], channel: FromPath[str], ts: FromPath[str]) -> Redirect:
    """Lead on to the card, if it is one of ours."""

    def known() -> bool:
        query = select(SlackSurfaceRow.id).where(SlackSurfaceRow.channel == channel, SlackSurfaceRow.ts == ts).limit(1)
        with parts.readers() as session:
            return session.scalar(query) is not None

    if not await asyncio.to_thread(known):
        raise Refusal(404, "missing", "path", "there is no such card")
    link = await parts.slack.calls.permalink(channel, ts)
    if link is None:
        raise Refusal(503, "unavailable", "", "Slack does not tell the link now; try again")
    return Redirect(link)


routes = [follow_card]
