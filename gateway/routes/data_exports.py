"""``/v1/metrics/export`` and ``/v1/responses/export``: the history of metrics, and answers, as a file."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from gateway.access import needs, who_asks
from gateway.audit_notes import note
from gateway.callers import Caller
from gateway.case_export import as_json, as_json_lines
from gateway.exports.answers import Answer, AnswerFilter, Left, answers_as_csv, answers_of
from gateway.exports.days import DayFilter, day_pages, days_as_csv
from gateway.exports.remembered import Remembered
from gateway.exports.topic import TopicReader, TopicUnreadable
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.routes.answers import AS_FILE, refusals, takes
from gateway.routes.exports import BOM, Form, FormatQuery, as_file, as_form
from gateway.routes.places import instant
from gateway.vocabulary import parse_day
from schemas.audit import Act
from schemas.config_base import seconds
from schemas.erased_shapes import counted_attributes
from schemas.erasures import known
from schemas.topics import RESPONSES

DEFAULT_REACH = timedelta(days=30)
_IN_CSV = "In CSV, text that a spreadsheet would take for a formula has an apostrophe before it; JSON is untouched."


@get(
    "/v1/metrics/export",
    guards=[needs("read"), takes("metric", "cut", "from", "to", "format")],
    summary="The history of metrics, as a file",
    description=f"The days of `/v1/metrics/history`, all of them, ordered by metric, day and cut. {_IN_CSV}",
    operation_class=AS_FILE,
    responses=refusals(400),
    tags=["metrics"],
)
async def get_metrics_export(
    parts: NamedDependency[Parts],
    form: FormatQuery = "csv",
    metric: Annotated[str | None, QueryParameter(description="This metric only, e.g. nps")] = None,
    cut: Annotated[str | None, QueryParameter(description="This cut of loop.yaml only, e.g. region")] = None,
    first: Annotated[str | None, QueryParameter(name="from", description="The first day, e.g. 2026-11-01")] = None,
    last: Annotated[str | None, QueryParameter(name="to", description="The last day, e.g. 2026-11-30")] = None,
) -> Stream:
    """Stream the days."""
    wanted = DayFilter(
        metric=parts.words.check_metric(metric),
        cut=parts.words.check_cut(cut),
        first=parse_day("from", first),
        last=parse_day("to", last),
    )
    if wanted.first is not None and wanted.last is not None and wanted.first > wanted.last:
        raise Refusal(400, "invalid", "from", "lies after `to`")
    kind = as_form(form)
    found = day_pages(parts.readers, wanted)
    if kind is Form.json:
        content = as_json(found)
    elif kind is Form.jsonl:
        content = as_json_lines(found)
    else:
        content = _with_bom(kind, days_as_csv(found))
    return as_file(content, "metrics", kind)


@get(
    "/v1/responses/export",
    guards=[needs("read"), takes("since", "until", "metric", "comments", "format")],
    summary="Answers, as a file",
    description=(
        "Every answer that Kafka still keeps (a year), each once, by its own time; `since` is included (30 days ago "
        "without it), `until` is not. Comments are personal: `comments=true` needs the right `act`. An answer that "
        f"another one `revises` is there, too. {_IN_CSV}"
    ),
    operation_class=AS_FILE,
    responses=refusals(400, 503),
    tags=["metrics"],
)
async def get_responses_export(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    form: FormatQuery = "csv",
    since: Annotated[str | None, QueryParameter(description="RFC 3339 with a zone, e.g. 2026-11-21T00:00:00Z")] = None,
    until: Annotated[str | None, QueryParameter(description="RFC 3339 with a zone, e.g. 2026-11-22T00:00:00Z")] = None,
    metric: Annotated[str | None, QueryParameter(description="This metric only, e.g. nps")] = None,
    comments: Annotated[bool, QueryParameter(description="With what customers wrote")] = False,
) -> Stream:
    """Stream the answers from their topic."""
    caller: Caller = request.scope["state"]["caller"]
    if comments and "act" not in caller.rights:
        raise Refusal(403, "forbidden", "comments", "what customers wrote needs the right `act`")
    moment = now()
    wanted = AnswerFilter(
        since=instant("since", since) or moment - DEFAULT_REACH,
        until=instant("until", until) or moment + timedelta(days=1),
        metric=None if metric is None else _asked(parts, metric),
        comments=comments,
    )
    if wanted.since > wanted.until:
        raise Refusal(400, "invalid", "since", "lies after `until`")
    kind = as_form(form)
    topic = await asyncio.to_thread(_open, parts)
    act = Act(
        action="data_exported", subject="responses", detail={"format": kind.value, "comments": str(comments).lower()}
    )
    await note(parts.writers, who_asks(request), act)
    found = _answers(parts, topic, wanted)
    if kind is Form.json:
        content = as_json(found)
    elif kind is Form.jsonl:
        content = as_json_lines(found)
    else:
        content = _with_bom(kind, answers_as_csv(found, comments=comments))
    return as_file(content, "responses", kind)


def _with_bom(kind: Form, lines: Iterator[bytes]) -> Iterator[bytes]:
    return chain([BOM], lines) if kind is Form.excel else lines


def _asked(parts: Parts, metric: str) -> str:
    """A metric that customers are asked for. Raises :class:`Refusal` (400)."""
    if metric not in parts.words.metrics:
        known = ", ".join(sorted(parts.words.metrics))
        raise Refusal(400, "invalid", "metric", f"not one that customers answer; known are {known}")
    return metric


class _OpenTopic:
    """The topic and its partitions, found before the answer begins: what is wrong by then has a status."""

    def __init__(self, reader: TopicReader) -> None:
        self.reader = reader
        self.partitions = reader.partitions()


def _open(parts: Parts) -> _OpenTopic:
    reader = TopicReader(parts.settings.kafka_link, RESPONSES, embedded=parts.settings.embedded_broker)
    try:
        return _OpenTopic(reader)
    except TopicUnreadable as error:
        reader.close()
        text = f"Kafka did not tell its partitions in time ({error}); try again"
        raise Refusal(503, "unavailable", "", text, {"Retry-After": "5"}) from None


def _answers(parts: Parts, topic: _OpenTopic, wanted: AnswerFilter) -> Iterator[list[Answer]]:
    remember = float(seconds(parts.loop.deduplication.responses))
    with parts.readers() as session:
        left = Left(known(session), counted_attributes(parts.loop.cuts))
    try:
        for partition in topic.partitions:
            records = topic.reader.read(partition, _earliest(wanted.arrived_since))
            with closing(Remembered(remember)) as remembered:
                yield from answers_of(records, parts.reader, wanted, remembered, left)
    finally:
        topic.reader.close()


def _earliest(moment: datetime) -> datetime:
    """Kafka knows no time before its own beginning."""
    return max(moment, datetime.fromtimestamp(0, tz=moment.tzinfo))


routes = [get_metrics_export, get_responses_export]
