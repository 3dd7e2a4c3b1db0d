"""``/v1/deadletters``: what could not be read, and sending it again once the reason is gone."""

import asyncio
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from gateway.access import needs, same_origin
from gateway.dead_letters import (
    REPLAYABLE,
    DeadLetterPage,
    DeadLetterShown,
    list_letters,
    mark_replayed,
    read_cursor,
    record_of,
    show_letter,
)
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.producer import NotDeliveredError
from gateway.routes.answers import refusals
from schemas.tables import DeadLetterRow

MAX_PAGE = 500


@get(
    "/v1/deadletters",
    guards=[needs("read")],
    summary="Dead letters, newest first",
    description="Every record that could not be read, with its reason and position, without its content.",
    responses=refusals(400),
    tags=["deadletters"],
)
async def get_letters(
    parts: NamedDependency[Parts],
    reason: Annotated[str | None, QueryParameter(description="Only this reason, e.g. future")] = None,
    topic: Annotated[str | None, QueryParameter(description="Only this topic, e.g. cx.responses")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Letters a page.")] = 100,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
) -> DeadLetterPage:
    """Read a page."""
    try:
        after = read_cursor(cursor) if cursor else None
    except ValueError:
        raise Refusal(400, "invalid", "cursor", "not a cursor of this list; give `next` of the page before") from None

    def read() -> DeadLetterPage:
        with parts.readers() as session:
            return list_letters(session, reason or None, topic or None, after, limit)

    return await asyncio.to_thread(read)


@post(
    "/v1/deadletters/{letter_id:str}/replay",
    status_code=200,
    guards=[needs("admin"), same_origin],
    summary="Send a dead letter again",
    description=(
        "Produces the untouched bytes to the topic they came from. Worth it once the reason is gone, for instance a "
        "metric was declared; a record that still cannot be read becomes a new dead letter."
    ),
    responses=refusals(404, 409, 422, 503),
    tags=["deadletters"],
)
async def post_replay(parts: NamedDependency[Parts], letter_id: FromPath[str]) -> DeadLetterShown:
    """Produce first, then mark: a crash between leaves a letter that can be sent again, never a lost one."""
    row = await asyncio.to_thread(_find, parts, letter_id)
    if row is None:
        raise Refusal(404, "missing", "id", "there is no such dead letter")
    if row.replayed_at is not None:
        raise Refusal(409, "replayed", "id", "was sent again already")
    if not row.value or row.topic not in REPLAYABLE:
        raise Refusal(422, "invalid", "id", "has no bytes that could be sent again")
    try:
        await parts.producer.deliver([record_of(row)])
    except NotDeliveredError as error:
        text = f"Kafka did not acknowledge it in time ({error.cause}); try again"
        raise Refusal(503, "unavailable", "", text, {"Retry-After": "5"}) from None
    return await asyncio.to_thread(_mark, parts, letter_id)


def _find(parts: Parts, letter_id: str) -> DeadLetterRow | None:
    with parts.readers() as session:
        return session.get(DeadLetterRow, letter_id)


def _mark(parts: Parts, letter_id: str) -> DeadLetterShown:
    with parts.writers.begin() as session:
        mark_replayed(session, letter_id, now())
        row = session.get(DeadLetterRow, letter_id)
        assert row is not None
        return show_letter(row)


routes = [get_letters, post_replay]
