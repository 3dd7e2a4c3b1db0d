"""*Themes*: what flagged answers are about, by touchpoint, with their change, and the answers themselves."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gateway.answer_reads import AnswerFilter, FlaggedAnswer, read_answers
from gateway.console import figures
from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.parts import Parts
from gateway.periods import Period, read_period
from gateway.problems import Refusal
from gateway.themes.counting import Sort
from gateway.themes.reads import ThemeQuery, newest_day
from gateway.themes.shapes import Lifted, Theme, Themes

ROWS = 40
ANSWERS = 30

Text = Annotated[str, Meta(max_length=256, pattern="^[^\\x00]*$")]


class ThemesAsked(Struct, frozen=True, kw_only=True):
    """Of which answers, in which order, and the theme whose answers are shown."""

    touchpoint: Text = ""
    first: Text = msgspec.field(default="", name="from")
    last: Text = msgspec.field(default="", name="to")
    metric: Text = ""
    language: Text = ""
    sort: Sort = "answers"
    theme: Text = ""
    """The key of a theme."""
    speaks: Text = ""
    """The language of that theme."""


class Change(Struct, frozen=True, kw_only=True):
    """How a theme stands to other answers: ``kind`` names the sentence, ``times`` the ratio above 1."""

    kind: str
    times: float
    share: float


class Row(Struct, frozen=True, kw_only=True):
    """A theme as a line of the table."""

    id: str
    theme: Theme
    chosen: bool
    width: float
    """Of the widest, 0..1."""
    before: Change
    elsewhere: Change


class ThemesShown(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    found: Themes
    days: Period
    before: Period
    rows: list[Row]
    chosen: Theme | None
    answers: list[FlaggedAnswer]
    metrics: list[tuple[str, str]]


class ThemesPage(Page[ThemesAsked]):
    """What customers write."""

    name = "themes"
    path = "/themes"
    section = "themes"
    asks = ThemesAsked
    seconds = 15.0

    def look(self, parts: Parts, asked: ThemesAsked, reader: Reader, at: datetime) -> ThemesShown:
        """Count the themes, unless that was done a moment ago, and read the answers."""
        if asked.metric and asked.metric not in parts.words.metrics:
            raise Refusal(400, "invalid", "metric", "not a metric of answers")
        zone = parts.words.zone
        with parts.readers() as session:
            days = read_period(asked.first, asked.last, newest_day(session, at, zone))
            before = days.before()
            query = ThemeQuery(
                before=before.start(zone),
                start=days.start(zone),
                end=days.end(zone),
                touchpoint=asked.touchpoint or None,
                metric=asked.metric or None,
                language=asked.language or None,
                sort=asked.sort,
                limit=ROWS,
            )
            found = parts.themes.read(session, query)
            chosen = next((one for one in found.themes if (one.key, one.language) == (asked.theme, asked.speaks)), None)
            answers = read_answers(session, _answers(query, chosen), None, ANSWERS).answers
        widest = max((one.answers for one in found.themes), default=1)
        return ThemesShown(
            found=found,
            days=days,
            before=before,
            rows=[
                Row(
                    id=f"theme-{one.language}-" + one.key.encode().hex(),
                    theme=one,
                    chosen=one is chosen,
                    width=one.answers / widest,
                    before=change(one, one.before),
                    elsewhere=change(one, one.elsewhere),
                )
                for one in found.themes
            ],
            chosen=chosen,
            answers=answers,
            metrics=[(name, figures.short_name(name, reader.language)) for name in parts.words.metrics],
        )


def change(theme: Theme, other: Lifted | None) -> Change:
    """What to say of a theme beside other answers. Pure."""
    if other is None or not other.of:
        return Change(kind="none", times=1.0, share=0.0)
    if other.differs == "not_told":
        return Change(kind="same", times=1.0, share=other.share)
    if other.answers == 0:
        return Change(kind="new", times=1.0, share=0.0)
    times = theme.share / other.share
    if other.differs == "more":
        return Change(kind="more", times=times, share=other.share)
    return Change(kind="less", times=1 / times, share=other.share)


def _answers(query: ThemeQuery, chosen: Theme | None) -> AnswerFilter:
    given: dict[str, Any] = {"language": query.language}
    if chosen is not None:
        given = {"language": chosen.language, "term": chosen.key}
    return AnswerFilter(
        start=query.start,
        end=query.end,
        metric=query.metric,
        touchpoint=query.touchpoint,
        commented=True,
        **given,
    )
