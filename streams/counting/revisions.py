"""An answer that revises another takes its place: the same minute, the new score and dimensions. Pure."""

from collections import Counter

from streams.counting.id_memory import IdMemory, digest
from streams.counting.panes import Group

Corrections = Counter[Group]


def revise(
    ids: IdMemory, corrections: Corrections, source: str, revises: str | None, known: bytes, group: Group
) -> bool:
    """Put an answer in its place that revises another, or that another has revised before it came.

    ``known`` is its digest, just remembered as counted in ``group``; ``revises`` the id of the earlier answer of the
    same ``source``. What the counts are off by then goes into ``corrections``: the replaced answer is taken back, and
    the one that stands in for it moves to its minute. One that revises an answer that is not remembered counts by
    itself, until that one comes. True if one answer lost its place to another.
    """
    if ids.is_replaced(known):
        corrections[group] -= 1
        ids.amend(known, None)
        standing = ids.standing(known)
        stands_as = ids.group(standing)
        if stands_as is not None:
            _move(ids, corrections, standing, stands_as, group)
        return True
    if revises is None:
        return False
    old = ids.standing(digest(source, revises))
    if old == known:  # two answers that revise each other: the first to come is the one replaced
        return False
    taken_back = ids.group(old)
    ids.replace(old, known)
    if taken_back is None:
        return False
    corrections[taken_back] -= 1
    _move(ids, corrections, known, group, taken_back)
    return True


def _move(ids: IdMemory, corrections: Corrections, known: bytes, group: Group, other: Group) -> None:
    """Count an answer in the minute of another group."""
    metric, label, dimensions, _, word = group
    moved = (metric, label, dimensions, other[3], word)
    corrections[group] -= 1
    corrections[moved] += 1
    ids.amend(known, moved)
