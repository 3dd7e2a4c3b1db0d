"""Why a rule flagged somebody, in the reader's language. Pure.

Rules say it in English, because the sentence stands in the alert for every reader there is. The sentences that
closeloop itself makes are known here by their form and told anew; any other, of a program of one's own or of another
version, comes out as it stands. Names in them are passed on raw: whoever shows them in mrkdwn escapes them first.
"""

import re
from collections.abc import Callable

from schemas.words import about
from schemas.words.catalogue import Words

LONGEST = 1_000
"""Characters: what is longer is none of ours, and comes out as it stands."""

_GIVEN = r"(?P<given>[^ ].*? -?\d+ on -?\d+\.\.-?\d+(?: \(low is good\))?)"
_READING = r"nothing \(n = 0\)|-?[\d.]+ \(95 % interval -?[\d.]+ to -?[\d.]+, n = \d+\)"
_MEASURED = r"(?P<what>.+?) over (?P<window>\d+[smhd])"
_THINGS = r"(?P<things>touchpoints|answers to .+?)"
_SINCE = r"(?P<since>[\d-]+ [\d:]+ UTC)"

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (message, re.compile(form))
    for message, form in (
        ("reason-below", rf"{_GIVEN} is at or below (?P<limit>-?\d+)\."),
        ("reason-above", rf"{_GIVEN} is at or above (?P<limit>-?\d+)\."),
        ("reason-as-below", rf"{_GIVEN} is as bad as at or below (?P<limit>-?\d+) on (?P<scale>-?\d+\.\.-?\d+)\."),
        ("reason-as-above", rf"{_GIVEN} is as bad as at or above (?P<limit>-?\d+) on (?P<scale>-?\d+\.\.-?\d+)\."),
        ("reason-asks", r"The customer asks to be contacted\."),
        ("reason-words", r"The comment holds words that the rule (?P<rule>.+) looks for\."),
        ("reason-praise", rf"Words of praise, but {_GIVEN}: to be verified\."),
        ("reason-anger", rf"Words of anger, but {_GIVEN}: to be verified\."),
        (
            "reason-silent",
            r"(?P<n>\d+) failed touchpoints? within (?P<span>\d+ [smhd]) and no answer: (?P<tally>.+)\.",
        ),
        ("reason-repeated", r"(?P<n>\d+) bad answers within (?P<span>\d+ [smhd]): (?P<tally>.+)\."),
        ("reason-won-back", rf"The customer's next answer is no longer bad(?:: {_GIVEN})?\."),
        (
            "reason-fell",
            rf"{_MEASURED} fell to (?P<after>{_READING}) from (?P<before>{_READING}) in the rest of the last "
            r"(?P<span>\d+[smhd]): (?P<errors>[\d.]+) standard errors, more than chance explains\.",
        ),
        (
            "reason-rose",
            rf"{_MEASURED} rose to (?P<after>{_READING}) from (?P<before>{_READING}) in the rest of the last "
            r"(?P<span>\d+[smhd]): (?P<errors>[\d.]+) standard errors, more than chance explains\.",
        ),
        ("reason-recovered", rf"{_MEASURED} is back at (?P<after>{_READING}); it was (?P<level>-?[\d.]+) before\."),
        (
            "reason-settled",
            rf"{_MEASURED} has stayed away from (?P<level>-?[\d.]+) for (?P<span>\d+[smhd]) and is at "
            rf"(?P<after>{_READING}): this is taken as its level from now on\.",
        ),
        ("reason-stopped", rf"(?P<seen>\d+) {_THINGS} came since {_SINCE}, where about (?P<expected>\d+) are usual\."),
        ("reason-returned", rf"{_THINGS} are coming again after a silence that began at {_SINCE}\."),
        (
            "reason-given-up",
            rf"Hardly any {_THINGS} came for (?P<n>\d+) days, since {_SINCE}: they are not expected any more\.",
        ),
    )
)
_SCORE = re.compile(r"(?P<metric>.+?) (?P<score>-?\d+) on (?P<scale>-?\d+\.\.-?\d+)(?P<low> \(low is good\))?")
_ANSWER = re.compile(r"(?P<metric>.+?) (?P<score>-?\d+) of (?P<most>-?\d+)")
_INTERVAL = re.compile(r"(?P<value>-?[\d.]+) \(95 % interval (?P<low>-?[\d.]+) to (?P<high>-?[\d.]+), n = (?P<n>\d+)\)")
_SPANS = {"m": "span-minutes", "h": "span-hours", "d": "span-days"}
_FAILURES = "The share of failed touchpoints"


def told(words: Words, reason: str) -> str:
    """The reason in the reader's words; as it stands where it is no sentence of these rules."""
    if len(reason) > LONGEST:
        return reason
    answer = _ANSWER.fullmatch(reason)
    if answer is not None:
        metric = about.metric_name(words, answer["metric"].lower())
        return words.say("what-score", metric=metric, score=answer["score"], most=answer["most"])
    for message, form in _FORMS:
        found = form.fullmatch(reason)
        if found is not None:
            return _said(words, message, {name: value for name, value in found.groupdict().items() if value})
    return reason


def _said(words: Words, message: str, parts: dict[str, str]) -> str:
    if message == "reason-won-back" and "given" not in parts:
        return words.say("reason-won-back-unsaid")
    if "window" in parts:
        window = _span(words, parts.pop("window"))
        failures = parts["what"] == _FAILURES
        measured = words.say("reason-failures") if failures else about.metric_name(words, parts["what"])
        parts["what"] = words.say("reason-measured", what=measured, window=window)
    if "tally" in parts:
        parts["tally"] = _tally(parts["tally"])
    values: dict[str, str | int] = {
        name: _PARTS[name](words, part) if name in _PARTS else part for name, part in parts.items()
    }
    if "n" in parts:
        values["n"] = int(parts["n"])
    return words.say(message, **values)


def _given(words: Words, part: str) -> str:
    """``nps 2 on 0..10``."""
    found = _SCORE.fullmatch(part)
    if found is None:
        return part
    message = "reason-given-low" if found["low"] else "reason-given"
    metric = about.metric_name(words, found["metric"])
    return words.say(message, metric=metric, score=found["score"], scale=found["scale"])


def _span(words: Words, part: str) -> str:
    """``72 h`` or ``7d``."""
    number, unit = int(part[:-1]), part[-1]
    return words.say(_SPANS[unit], n=number) if unit in _SPANS else part


def _tally(part: str) -> str:
    """``nps twice, csat 3 times, and others``: signs in place of the words."""
    counted = re.sub(r" (\d+) times(?=,|$)", r" ×\1", re.sub(r" twice(?=,|$)", " ×2", part))
    return counted.removesuffix(", and others") + (", …" if counted.endswith(", and others") else "")


def _reading(words: Words, part: str) -> str:
    found = _INTERVAL.fullmatch(part)
    return words.say("reason-nothing") if found is None else words.say("reason-reading", **_interval(found))


def _interval(found: re.Match[str]) -> dict[str, str]:
    return {"value": found["value"], "low": found["low"], "high": found["high"], "count": found["n"]}


def _things(words: Words, part: str) -> str:
    if part == "touchpoints":
        return words.say("reason-touchpoints")
    return words.say("reason-answers", metric=about.metric_name(words, part.removeprefix("answers to ")))


_PARTS: dict[str, Callable[[Words, str], str]] = {
    "given": _given,
    "span": _span,
    "after": _reading,
    "before": _reading,
    "things": _things,
}
