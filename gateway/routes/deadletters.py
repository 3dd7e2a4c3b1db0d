"""``/v1/deadletters``: what could not be read, and sending it again once the reason is gone."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, get_args

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.access import needs, same_origin, who_asks
from gateway.audit_notes import note
from gateway.dead_letter_reads import DeadLetterContent, DeadLetterReasons, content_of, list_reasons
from gateway.dead_letter_replay import (
    Batch,
    ReplayAnswer,
    ReplayRequest,
    mark_replayed,
    may_be_sent,
    next_batch,
    record_of,
    refusal_now,
)
from gateway.dead_letters import DeadLetterPage, DeadLetterShown, LetterFilter, list_letters, read_cursor, show_letter
from gateway.hooks.letters import hook_of
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.producer import NotDeliveredError
from gateway.routes.answers import refusals
from gateway.routes.places import cursor_of
from schemas.audit import Act, Who, record
from schemas.deadletters import DeadLetterReason
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
    waiting: Annotated[bool, QueryParameter(description="Only those that were not sent again.")] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Letters a page.")] = 100,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
) -> DeadLetterPage:
    """Read a page."""
    after = cursor_of(cursor, read_cursor)
    wanted = LetterFilter(reason=reason or None, topic=topic or None, waiting=waiting)

    def read() -> DeadLetterPage:
        with parts.readers() as session:
            return list_letters(session, wanted, after, limit)

    return await asyncio.to_thread(read)


@get(
    "/v1/deadletters/reasons",
    guards=[needs("read")],
    summary="Dead letters by reason",
    description="How many there are of each reason and topic, how many wait, and when the first and the last came.",
    responses=refusals(),
    tags=["deadletters"],
)
async def get_reasons(parts: NamedDependency[Parts]) -> DeadLetterReasons:
    """Count them."""

    def read() -> DeadLetterReasons:
        with parts.readers() as session:
            return list_reasons(session)

    return await asyncio.to_thread(read)


@get(
    "/v1/deadletters/{letter_id:str}",
    guards=[needs("act")],
    summary="One dead letter with its content",
    description=(
        "Key, bytes and headers as they lay in Kafka: text where they are UTF-8, else base64. They may be personal, so "
        "a key that may only read does not get them. `refused_now` is what stands against sending it again."
    ),
    responses=refusals(404),
    tags=["deadletters"],
)
async def get_letter(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], letter_id: FromPath[str]
) -> DeadLetterContent:
    """Read one, once the audit trail has who does."""
    row = await asyncio.to_thread(_find, parts, letter_id)
    if row is None:
        raise Refusal(404, "missing", "id", "there is no such dead letter")
    await note(parts.writers, who_asks(request), Act(action="letter_read", subject=row.id))
    content = content_of(row, parts.reader, now())
    hook = hook_of(row.topic)
    if hook is None:
        return content
    return msgspec.structs.replace(content, refused_now=parts.hooks.refusal(hook, row.value or b"", row.at))


@post(
    "/v1/deadletters/replay",
    status_code=200,
    guards=[needs("admin"), same_origin],
    summary="Send all dead letters of a reason again, a batch at a time",
    description=(
        "Sends up to 200 letters in the order in which they came, and leaves those that would be refused again. Repeat "
        "with `next` and `before` of the answer until `next` is null. Each is sent once, however often this is asked."
    ),
    responses=refusals(400, 415, 503),
    tags=["deadletters"],
)
async def post_replay_all(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: JSONBody[ReplayRequest]
) -> ReplayAnswer:
    """Produce first, then mark, batch by batch: what was sent before Kafka went away stays marked."""
    if data.reason not in get_args(DeadLetterReason):
        raise Refusal(400, "invalid", "reason", f"not a reason; there are {', '.join(get_args(DeadLetterReason))}")
    if data.before is not None and data.before.tzinfo is None:
        raise Refusal(400, "invalid", "before", "needs a zone; give RFC 3339 such as 2026-11-21T10:15:02Z")
    return await replay_batch(parts, data, who_asks(request))


@post(
    "/v1/deadletters/{letter_id:str}/replay",
    status_code=200,
    guards=[needs("admin"), same_origin],
    summary="Send a dead letter again",
    description=(
        "Produces the untouched bytes to the topic they came from; what came in by a hook goes through the hook's "
        "mapping again. Worth it once the reason is gone, for instance a "
        "metric was declared; a record that still cannot be read becomes a new dead letter. 409: it was sent already."
    ),
    responses=refusals(404, 409, 422, 503),
    tags=["deadletters"],
)
async def post_replay(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], letter_id: FromPath[str]
) -> DeadLetterShown:
    """Produce first, then mark: a crash between leaves a letter that can be sent again, never a lost one."""
    return await replay_one(parts, letter_id, who_asks(request))


async def replay_one(parts: Parts, letter_id: str, who: Who) -> DeadLetterShown:
    """Send one letter again. Raises :class:`Refusal`: 404, 409 (was sent already), 422 (has no bytes), 503."""
    row = await asyncio.to_thread(_find, parts, letter_id)
    if row is None:
        raise Refusal(404, "missing", "id", "there is no such dead letter")
    if row.replayed_at is not None:
        raise Refusal(409, "replayed", "id", "was sent again already")
    if not may_be_sent(row):
        raise Refusal(422, "invalid", "id", "has no bytes that could be sent again")
    hook = hook_of(row.topic)
    if hook is None:
        await _deliver(parts, [row])
    else:
        refused = await parts.hooks.replay(hook, row.value or b"", row.at, parts.admission)
        if refused is not None:
            raise Refusal(422, "refused", "id", f"still refused: {refused}")
    await asyncio.to_thread(_mark, parts, [row], who, Act(action="letter_replayed", subject=row.id))
    found = await asyncio.to_thread(_find, parts, letter_id)
    return show_letter(found if found is not None else row)


async def replay_batch(parts: Parts, request: ReplayRequest, who: Who) -> ReplayAnswer:
    """Send one batch again. Raises :class:`Refusal`: 400 for a cursor that is none, 503."""
    after = cursor_of(request.cursor, read_cursor)
    at = now()
    before = request.before or at

    def read() -> Batch:
        with parts.readers() as session:
            return next_batch(session, request, before, after)

    batch = await asyncio.to_thread(read)
    of_kafka = [row for row in batch.rows if hook_of(row.topic) is None]
    against = [None if request.anyhow else refusal_now(row, parts.reader, at) for row in of_kafka]
    sending = [row for row, why in zip(of_kafka, against, strict=True) if why is None]
    if sending:
        await _deliver(parts, sending)
        act = Act(action="letters_replayed", subject=request.reason, detail={"letters": len(sending)})
        await asyncio.to_thread(_mark, parts, sending, who, act)
    sent = len(sending)
    for row in batch.rows:
        hook = hook_of(row.topic)
        if hook is None:
            continue
        why = await parts.hooks.replay(hook, row.value or b"", row.at, parts.admission)
        if why is None:
            act = Act(action="letter_replayed", subject=row.id)
            await asyncio.to_thread(_mark, parts, [row], who, act)
            sent += 1
        against.append(why)
    return ReplayAnswer(
        sent=sent,
        refused=len(batch.rows) - sent,
        refusal=next((why for why in against if why is not None), None),
        before=before,
        next=batch.next.text() if batch.next is not None else None,
    )


async def _deliver(parts: Parts, rows: Sequence[DeadLetterRow]) -> None:
    try:
        await parts.producer.deliver([record_of(row) for row in rows])
    except NotDeliveredError as error:
        text = f"Kafka did not acknowledge it in time ({error.cause}); try again"
        raise Refusal(503, "unavailable", "", text, {"Retry-After": "5"}) from None


def _find(parts: Parts, letter_id: str) -> DeadLetterRow | None:
    with parts.readers() as session:
        return session.get(DeadLetterRow, letter_id)


def _mark(parts: Parts, rows: Sequence[DeadLetterRow], who: Who, act: Act) -> None:
    at = now()
    with parts.writers.begin() as session:
        mark_replayed(session, [row.id for row in rows], at)
        record(session, who, act, at)


routes = [get_letters, get_reasons, get_letter, post_replay_all, post_replay]
