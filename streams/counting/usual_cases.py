"""What usual events count as, remembered by what they say: most events say what another has said before. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.events import Response, Touchpoint
from schemas.scales import Scale
from streams.counting.panes import Group
from streams.counting.reckoning import Reckoner
from streams.counting.series import CACHE_LIMIT, Dimensions, Extractor, Vocabulary, tuple_getter
from streams.flagging.detect import Detector

_MINUTES = 32
"""Bits of a key that hold the minute: enough for some thousand years."""


class Case(NamedTuple):
    """A metric, a score (or an outcome) and dimensions that have come together."""

    key: int
    """A number of its own, with room for the minute: ``key + minute`` stands for a group."""
    metric: str
    word: str
    dimensions: Dimensions
    scale: Scale | None
    flagged: bool
    """Whether a rule flags such an answer whatever else it holds."""


class UsualCases:
    """The cases of one source partition. About :data:`~streams.counting.series.CACHE_LIMIT` are remembered at most."""

    def __init__(self, extractor: Extractor, reckoner: Reckoner, words: Vocabulary, detector: Detector) -> None:
        self._extractor = extractor
        self._reckoner = reckoner
        self._words = words
        self._detector = detector
        self._says = tuple_getter(
            [*(("outcome",) if extractor.kind is Touchpoint else ("metric", "score")), *extractor.plain]
        )
        self._known: dict[tuple[object, ...], Case] = {}
        self._by_number: dict[int, Case] = {}
        self._count = 0

    def of(self, datas: Sequence[Response | Touchpoint]) -> list[Case] | None:
        """The case of each event; None if one of them has a metric that is not known, or a score off its scale."""
        if (
            len(self._known) >= CACHE_LIMIT
        ):  # between chunks: the groups of one are asked for when all its cases are met
            self._known.clear()
            self._by_number.clear()
        says, names, known = self._says, self._extractor.attributes, self._known.get
        cases = [known((*says(data), *map(data.attributes.get, names))) for data in datas]
        if None in cases:
            cases = [case or self._meet(data) for case, data in zip(cases, datas, strict=True)]
        found = [case for case in cases if case is not None]
        return found if len(found) == len(datas) else None

    def group(self, key: int) -> Group:
        """The group that the sum of a case's key and a minute stands for; to be asked before the next chunk."""
        case = self._by_number[key >> _MINUTES]
        return (case.metric, "", case.dimensions, key & ((1 << _MINUTES) - 1), case.word)

    def _meet(self, data: Response | Touchpoint) -> Case | None:
        """A case that has not been met, or that is not looked up: one of True, 1 and 1.0 is equal to the others."""
        said = (*self._says(data), *self._extractor.texts(data.attributes))
        known = self._known.get(said)
        if known is not None:
            return known
        reckoned = self._reckoner.reckon_usual(data, self._words)
        if reckoned is None:
            return None
        self._count += 1
        metric, scale, _, word = reckoned
        flagged = False
        if scale is not None and isinstance(data, Response):
            bare = Response(customer_id=data.customer_id, metric=metric, score=data.score)
            flagged = bool(self._detector.flags(bare, scale))
        case = Case(self._count << _MINUTES, metric, word, self._extractor.read(data, word), scale, flagged)
        # Under texts alone: what is equal to a text is that text.
        self._known[said] = self._by_number[self._count] = case
        return case
