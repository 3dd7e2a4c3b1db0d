"""``GET /v1/themes``, what flagged answers are about, and ``GET /v1/answers``, the answers themselves."""

import asyncio
from typing import Annotated, get_args

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from gateway.access import needs
from gateway.answer_reads import AnswerFilter, AnswerPage, read_answers, read_cursor
from gateway.parts import Parts, now
from gateway.periods import Period, day_of, read_period
from gateway.problems import Refusal
from gateway.routes.answers import refusals, takes
from gateway.routes.places import cursor_of
from gateway.themes.counting import Sort
from gateway.themes.reads import ThemeQuery, newest_day, read_themes
from gateway.themes.shapes import Themes
from gateway.vocabulary import Vocabulary
from schemas.word_forms import LANGUAGES

MOST_THEMES = 200
MOST_ANSWERS = 200
_LONGEST = 512
_SORTS: tuple[Sort, ...] = get_args(Sort)

_Touchpoint = Annotated[str | None, QueryParameter(description="Only answers about this touchpoint")]
_Metric = Annotated[str | None, QueryParameter(description="Only answers to this metric, e.g. nps")]
_Language = Annotated[str | None, QueryParameter(description="Only answers in this language, e.g. pt")]
_First = Annotated[str | None, QueryParameter(name="from", description="The first day, e.g. 2026-11-01")]
_Last = Annotated[str | None, QueryParameter(name="to", description="The last day, e.g. 2026-11-30")]


@get(
    "/v1/themes",
    guards=[needs("read"), takes("touchpoint", "from", "to", "metric", "language", "sort", "limit")],
    summary="What flagged answers are about",
    description=(
        "Words and phrases of the comments, each in its commonest form, with how many answers have them, against the "
        "period of the same length before and against the other touchpoints. Without days: the 30 up to the newest "
        "answer, in the zone of loop.yaml. Numbers, addresses and what fewer than three customers wrote are left out."
    ),
    responses=refusals(400),
    tags=["themes"],
)
async def get_themes(
    parts: NamedDependency[Parts],
    touchpoint: _Touchpoint = None,
    first: _First = None,
    last: _Last = None,
    metric: _Metric = None,
    language: _Language = None,
    sort: Annotated[
        str, QueryParameter(description="answers; before or elsewhere: how far above what was, or is, usual")
    ] = "answers",
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_THEMES, description="Themes at most.")] = 50,
) -> Themes:
    """Count the themes."""
    order = next((one for one in _SORTS if one == sort), None)
    if order is None:
        raise Refusal(400, "invalid", "sort", f"give one of {', '.join(_SORTS)}")
    fields = {
        "touchpoint": _text("touchpoint", touchpoint),
        "metric": check_score(parts.words, metric),
        "language": _language(language),
    }
    zone = parts.words.zone

    def read() -> Themes:
        with parts.readers() as session:
            days = read_period(first, last, newest_day(session, now(), zone))
            before = days.before()
            asked = ThemeQuery(
                before=before.start(zone), start=days.start(zone), end=days.end(zone), sort=order, limit=limit, **fields
            )
            found = read_themes(session, asked)
            return msgspec.structs.replace(found, first=days.first, last=days.last, before_first=before.first)

    return await asyncio.to_thread(read)


@get(
    "/v1/answers",
    guards=[
        needs("read"),
        takes("touchpoint", "from", "to", "metric", "language", "term", "key", "commented", "limit", "cursor"),
    ],
    summary="Flagged answers, newest first",
    description=(
        "Everything asked for must hold. `term` is the `key` of a theme. Pages by cursor: give `next` of one answer as "
        "`cursor` of the next request. Comments are excerpts; the case has them whole."
    ),
    responses=refusals(400),
    tags=["themes"],
)
async def get_answers(
    parts: NamedDependency[Parts],
    touchpoint: _Touchpoint = None,
    first: _First = None,
    last: _Last = None,
    metric: _Metric = None,
    language: _Language = None,
    term: Annotated[str | None, QueryParameter(description="The `key` of a theme")] = None,
    key: Annotated[
        list[str] | None,
        QueryParameter(
            description="`DIMENSION:VALUE` of a cut, e.g. attributes.region:SP. Repeat it for more dimensions."
        ),
    ] = None,
    commented: Annotated[bool, QueryParameter(description="Only answers with words")] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_ANSWERS, description="Answers a page.")] = 50,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
) -> AnswerPage:
    """Read a page."""
    days = read_period(first, last, day_of(now(), parts.words.zone)) if first or last else None
    asked = answer_filter(
        parts.words,
        days,
        metric=metric,
        touchpoint=touchpoint,
        language=language,
        term=term,
        keys=key or [],
        commented=commented,
    )
    after = cursor_of(cursor, read_cursor)

    def read() -> AnswerPage:
        with parts.readers() as session:
            return read_answers(session, asked, after, limit)

    return await asyncio.to_thread(read)


def answer_filter(
    words: Vocabulary,
    days: Period | None,
    *,
    metric: str | None = None,
    touchpoint: str | None = None,
    language: str | None = None,
    term: str | None = None,
    keys: list[str],
    commented: bool = False,
) -> AnswerFilter:
    """The filter that a query's words mean. Raises :class:`Refusal` (400)."""
    return AnswerFilter(
        start=days.start(words.zone) if days is not None else None,
        end=days.end(words.zone) if days is not None else None,
        metric=check_score(words, metric),
        touchpoint=_text("touchpoint", touchpoint),
        language=_language(language),
        term=_text("term", term),
        key={dimension: _text("key", value) or "" for dimension, value in words.check_key(keys, None).items()},
        commented=commented,
    )


def check_score(words: Vocabulary, metric: str | None) -> str | None:
    """The metric, if customers answer to it. Raises :class:`Refusal` (400)."""
    if not metric or metric in words.metrics:
        return metric or None
    raise Refusal(400, "invalid", "metric", f"not a metric of answers; known are {', '.join(sorted(words.metrics))}")


def _language(text: str | None) -> str | None:
    if not text or text in LANGUAGES:
        return text or None
    raise Refusal(400, "invalid", "language", "not a language that comments are read in; give one such as pt")


def _text(field: str, text: str | None) -> str | None:
    if text and (len(text) > _LONGEST or "\0" in text):
        raise Refusal(400, "invalid", field, f"give at most {_LONGEST} characters, and no U+0000")
    return text or None


routes = [get_themes, get_answers]
"""What the application serves."""
