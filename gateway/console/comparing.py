"""A comparison in words: which is above the other, by how much, and how often chance alone would do that. Pure."""

from typing import Literal

from msgspec import Struct

from gateway.console import figures
from gateway.console.catalogue import console_words, day, number, span
from gateway.console.reader import ConsoleLanguage
from gateway.console.sides import same_segment
from gateway.explore.differences import MOST_ONCE_IN, Difference
from gateway.explore.questions import ComparisonAsked, SideAsked
from gateway.explore.shapes import Comparison, Side
from gateway.parts import Parts
from gateway.vocabulary import Vocabulary


class SideShown(Struct, frozen=True, kw_only=True):
    """One of the two values."""

    name: str
    text: str
    unit: str
    interval: str
    n: int
    too_few: bool


class Told(Struct, frozen=True, kw_only=True):
    """What the page says of a comparison."""

    tone: Literal["good", "bad", "even"]
    sentence: str
    days: str
    """Of two segments: the days on which they are compared; empty where the names of the sides are days."""
    which: str
    """Which side does better or worse; empty where no difference is told."""
    interval: str
    one: SideShown
    other: SideShown


def tell(comparison: Comparison, asked: ComparisonAsked, parts: Parts, language: ConsoleLanguage) -> Told:
    """The comparison in a reader's language."""
    words, told = console_words(language), comparison.difference
    one, other = names(asked, language)
    tone: Literal["good", "bad", "even"] = "even"
    which = interval = ""
    if told is None:
        side = one if not comparison.one.n else other
        sentence = words.say("told-nothing", side=side)
    else:
        sentence = _sentence(comparison, told, one, other, parts.loop.minimum_n, language)
        if told.verdict != "too_few":
            low, high = (_size(end, comparison, language, signed=True) for end in (told.low, told.high))
            interval = words.say("difference-interval", low=low, high=high)
        if told.better is not None:
            tone = "good" if told.better else "bad"
            which = words.say("told-better" if told.better else "told-worse", one=one)
    return Told(
        tone=tone,
        sentence=sentence,
        days="" if same_segment(asked) else days_of(asked.one, language),
        which=which,
        interval=interval,
        one=_side(comparison.one, one, comparison, parts.words, language),
        other=_side(comparison.other, other, comparison, parts.words, language),
    )


def _sentence(
    comparison: Comparison, told: Difference, one: str, other: str, minimum: int, language: ConsoleLanguage
) -> str:
    words = console_words(language)
    size = _size(abs(told.value), comparison, language)
    often = number(told.once_in, language)
    if told.verdict == "too_few":
        first, second = number(comparison.one.n, language), number(comparison.other.n, language)
        return words.say(
            "told-few", one=one, other=other, first=first, second=second, minimum=number(minimum, language)
        )
    if told.verdict == "picked":
        percent = number(max(1, round(100 * told.p_any)), language)
        pairs = number(told.pairs, language)
        return words.say("told-picked", one=one, other=other, size=size, often=often, pairs=pairs, percent=percent)
    if told.verdict == "not_told":
        return words.say("told-not", one=one, other=other, size=size, often=often)
    surely = "-surely" if told.once_in >= MOST_ONCE_IN else ""
    return words.say(f"told-{told.verdict}{surely}", one=one, other=other, size=size, often=often)


def names(asked: ComparisonAsked, language: ConsoleLanguage) -> tuple[str, str]:
    """How the two are called: by their segments, or where these are the same by their days."""
    words = console_words(language)
    if same_segment(asked):
        return days_of(asked.one, language), days_of(asked.other, language)
    mine = " · ".join(asked.one.segment.key.values()) or words.say("everybody")
    if asked.other.rest:
        return mine, words.say("everybody-else")
    return mine, " · ".join(asked.other.segment.key.values()) or words.say("everybody")


def days_of(side: SideAsked, language: ConsoleLanguage) -> str:
    """The days of a side in words; its window where it is the live one."""
    if side.period is None:
        return side.window or ""
    first, last = (day(end, language) for end in (side.period.first, side.period.last))
    return last if first == last else console_words(language).say("period-of", first=first, last=last)


def _size(value: float, comparison: Comparison, language: ConsoleLanguage, *, signed: bool = False) -> str:
    """A difference with its unit."""
    unit = comparison.unit
    if unit == "seconds":
        return ("\N{MINUS SIGN}" if value < 0 else "") + span(abs(value), language)
    said = number(value, language, 2 if unit == "scale" else 1, signed=signed)
    return console_words(language).say(f"size-{unit}", size=said) if not signed else said


def _side(side: Side, name: str, comparison: Comparison, words: Vocabulary, language: ConsoleLanguage) -> SideShown:
    entry, spec = words.catalogue[comparison.metric], words.metrics.get(comparison.metric)
    interval = ""
    if side.low is not None and side.high is not None:
        low, high = (figures.value_text(end, entry, language) for end in (side.low, side.high))
        interval = console_words(language).say("interval", low=low, high=high)
    return SideShown(
        name=name,
        text="\N{EN DASH}" if side.value is None else figures.value_text(side.value, entry, language),
        unit=figures.unit_of(entry, spec, language) if side.value is not None else "",
        interval=interval,
        n=side.n,
        too_few=side.too_few,
    )
