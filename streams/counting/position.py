"""The position row of a source partition: how far it has come, its books, and what its panes mean. Pure."""

from typing import Self

import msgspec
from msgspec import Struct, field

from schemas.metrics import Books, Series
from streams.metrics.measures import meanings
from streams.plan import Plan

POSITION_KEY = b'["position"]'
FORMAT = 1
"""Of all state rows. A worker that meets another format refuses to start instead of guessing."""


class Layout(Struct, frozen=True):
    """What the keys and the counts of panes mean: it can change with loop.yaml, and old panes then mean nothing."""

    cuts: dict[str, tuple[str, ...]] = {}
    scales: dict[str, str] = {}
    """Series to what its words mean (:func:`streams.metrics.measures.meanings`): for scores their scale's label."""

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The layout that a plan asks for."""
        return cls(dict(plan.cuts), meanings(plan))

    def means_the_same(self, series: Series, before: "Layout") -> bool:
        """Whether a series that was counted under another layout means the same in this one."""
        cut = self.cuts.get(series.cut)
        if cut is None or cut != before.cuts.get(series.cut):
            return False
        meaning = self.scales.get(series.metric)
        return meaning is not None and meaning == before.scales.get(series.metric)


class Position(Struct, kw_only=True):
    """How far a source partition has come, and its books. One row says it for all its keys.

    ``offset`` is the last source offset applied. ``watermark`` is the latest event time counted, seconds UTC.
    ``forwards`` holds for each partition the offset of the last record forwarded from it to
    here. The other fields are those of :class:`~schemas.metrics.Books`.
    """

    format: int = FORMAT
    source: str
    layout: Layout
    offset: int = -1
    watermark: float | None = None
    received: int = 0
    counted: int = 0
    duplicates: int = 0
    late: int = 0
    revised: int = 0
    forwarded: int = 0
    silenced: int = 0
    overflowed: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)
    alerts: dict[str, int] = field(default_factory=dict)
    forwards: dict[int, int] = field(default_factory=dict)
    outcomes: list[str] = field(default_factory=list)
    scales: dict[str, list[str]] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The row's value."""
        return msgspec.msgpack.encode(self)

    def books(self) -> Books:
        """The accounts for ``cx.metrics``."""
        return Books(
            source=self.source,
            version=self.offset,
            watermark=self.watermark,
            received=self.received,
            counted=self.counted,
            duplicates=self.duplicates,
            late=self.late,
            revised=self.revised,
            forwarded=self.forwarded,
            dead_letters=dict(self.dead_letters),
            alerts=dict(self.alerts),
        )


class _Format(Struct):
    format: int = 0


def read_position(value: bytes | None, source: str) -> Position:
    """Read a position row back. Raises ValueError if it is missing, of another format, or of another partition."""
    if value is None:
        raise ValueError(f"the state of {source} has no position row: it is not complete")
    try:
        found = msgspec.msgpack.decode(value, type=_Format).format
        if found != FORMAT:
            raise ValueError(f"the state of {source} has format {found}; this version reads {FORMAT}")
        position = msgspec.msgpack.decode(value, type=Position)
    except msgspec.MsgspecError as error:
        raise ValueError(f"the position row of {source} cannot be read: {error}") from error
    if position.source != source:
        raise ValueError(f"this is the state of {position.source}, not of {source}")
    return position
