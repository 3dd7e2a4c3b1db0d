"""What a survey page says, in the reader's language. Pure but for the labels, which are read once."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from schemas.config_surveys import Survey

FALLBACK = "en"
RIGHT_TO_LEFT = ("ar", "he", "fa", "ur")


class Labels(Struct, frozen=True, kw_only=True):
    """The words in one language; ``labels.json`` has all of them."""

    nps: str
    nps_low: str
    nps_high: str
    csat: str
    csat_low: str
    csat_high: str
    ces: str
    ces_low: str
    ces_high: str
    comment: str
    contact: str
    send: str
    thanks: str
    close: str
    title: str
    expired: str
    unknown: str
    later: str
    change: str
    choose: str
    settled: str


class Words(Struct, frozen=True, kw_only=True):
    """What one page says: the question of its survey, and the labels around it."""

    language: str
    """Of the labels."""
    asked_in: str
    """Of the question; another where a survey has words of its own in fewer languages."""
    question: str
    low: str
    high: str
    labels: Labels

    @property
    def direction(self) -> str:
        """Which way the page is read."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"


@cache
def labels() -> Mapping[str, Labels]:
    """The labels by language."""
    held = (files("gateway") / "surveys" / "labels.json").read_bytes()
    return msgspec.json.decode(held, type=dict[str, Labels])


def words_for(survey: Survey | None, language: str | None, accepts: str) -> Words:
    """What a page says: in the link's language, else in the one that the browser likes best, else in English.

    ``accepts`` is the request's Accept-Language. Without a survey (a link that is none of ours) there is no question.
    """
    own = set(survey.question) if survey is not None else set()
    spoken = next((one for one in _wanted(language, accepts) if one in labels() or one in own), FALLBACK)
    found = labels().get(spoken) or labels()[FALLBACK]
    shown_in = spoken if spoken in labels() else FALLBACK
    if survey is None:
        return Words(language=shown_in, asked_in=shown_in, question="", low="", high="", labels=found)
    question, asked_in = _own(survey.question, spoken) or (getattr(found, survey.metric, ""), shown_in)
    low, high = (
        (_own(own_words, spoken) or (getattr(found, f"{survey.metric}_{end}", ""), ""))[0]
        for own_words, end in ((survey.low, "low"), (survey.high, "high"))
    )
    return Words(language=shown_in, asked_in=asked_in, question=question, low=low, high=high, labels=found)


def _own(texts: Mapping[str, str], language: str) -> tuple[str, str] | None:
    """The survey's own words: in this language, else in English, else in the first one; ``None`` if it has none."""
    for one in (language, FALLBACK, *texts):
        if one in texts:
            return texts[one], one
    return None


def _wanted(language: str | None, accepts: str) -> list[str]:
    """Languages, the most wanted first, each without its region."""
    weighed: list[tuple[float, str]] = []
    for part in accepts.split(",")[:20]:
        tag, _, quality = part.replace(" ", "").partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if weight > 0:  # 0 is a language that is not wanted, and what is no number is none
            weighed.append((-weight, _primary(tag)))
    weighed.sort(key=lambda one: one[0])
    return [*([_primary(language)] if language else []), *(tag for _, tag in weighed)]


def _primary(tag: str) -> str:
    return tag.lower().replace("_", "-").partition("-")[0]
