"""The state of one partition of ``cx.partials``: sets what sources say, and says which metrics changed. Pure."""

from schemas.metrics import Metric
from streams.plan import Plan


class Merge:
    """Merges the totals of every source partition for the series of one partition of ``cx.partials``."""

    def __init__(self, plan: Plan) -> None:
        raise NotImplementedError

    def apply(self, key: bytes, value: bytes | None, *, sent: bool = False) -> None:
        """Take one record, in log order; a value of None is a tombstone. Raises ValueError for what is no partial.

        ``sent`` says that the metrics that followed from this record were acknowledged before (it lies below the
        committed offset): after a restart days that have not changed are then not sent again.
        """
        raise NotImplementedError

    def emit(self, now: float) -> list[Metric]:
        """The metrics that changed since the last call. ``now`` is the wall clock, seconds UTC."""
        raise NotImplementedError
