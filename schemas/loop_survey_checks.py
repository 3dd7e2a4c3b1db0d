"""Whether the surveys of a loop.yaml can be asked: a metric that exists, words for it, colours that can be read."""

import re
from collections.abc import Iterator, Mapping

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_surveys import Colours, Survey
from schemas.contrast import contrast
from schemas.scales import DEFAULT_METRICS, Scale
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

MAX_SCORES = 11
TEXT_CONTRAST = 4.5
PART_CONTRAST = 3.0
"""What WCAG 2.2 asks of text (1.4.3) and of what one operates (1.4.11), against what is behind it."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def check_surveys(loop: Loop) -> Iterator[Misfit]:
    """What is wrong with ``surveys``."""
    scales: dict[str, Scale] = {name: spec.scale for name, spec in DEFAULT_METRICS.items()}
    scales.update({name: Scale(*own.scale, own.higher_is_better) for name, own in loop.metrics.items()})
    for name, survey in loop.surveys.items():
        path: Path = ("surveys", name)
        if not _NAME.fullmatch(name):
            yield path, "give a name of small letters, digits and _, at most 32 characters"
        yield from _check_question(survey, scales, path)
        longest = seconds(loop.deduplication.responses)
        if seconds(survey.change_within) > longest:
            text = f"{survey.change_within} is longer than deduplication.responses; a later change would count twice"
            yield (*path, "change_within"), text
        if seconds(survey.expires) > 365 * 86_400:
            yield (*path, "expires"), f"{survey.expires} is longer than 365d; give less"
        for part, colours in (("colours", survey.colours), ("dark_colours", survey.dark_colours)):
            yield from _check_colours(colours, (*path, part))
        if survey.dark_colours is not None and survey.colours is None:
            yield (*path, "dark_colours"), "stands without `colours`; give both, or only `colours`"


def _check_question(survey: Survey, scales: Mapping[str, Scale], path: Path) -> Iterator[Misfit]:
    scale = scales.get(survey.metric)
    if scale is None:
        yield (*path, "metric"), unknown_word(survey.metric, sorted(scales))
        return
    if scale.maximum - scale.minimum >= MAX_SCORES:
        yield (*path, "metric"), f"has more than {MAX_SCORES} scores; a page shows one button for each"
    built_in = DEFAULT_METRICS.get(survey.metric)
    if built_in is None and not survey.question:
        yield (*path, "question"), f"missing: there are no built-in words for {survey.metric}; give {{en: ...}}"
    if (built_in is None or built_in.scale.higher_is_better != scale.higher_is_better) and not (
        survey.low and survey.high
    ):
        yield (*path, "low"), f"low and high are missing: nothing says what {scale.minimum} and {scale.maximum} mean"


def _check_colours(colours: Colours | None, path: Path) -> Iterator[Misfit]:
    if colours is None:
        return
    for part, least in (("text", TEXT_CONTRAST), ("accent", PART_CONTRAST)):
        found = contrast(getattr(colours, part), colours.background)
        if found < least:
            # Cut, not rounded: 4.49 is not 4.5.
            text = (
                f"a contrast of {int(found * 10) / 10}:1 to the background; {least}:1 is the least that people can read"
            )
            yield (*path, part), text
