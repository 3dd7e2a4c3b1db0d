"""An answer that revises another takes its place: the same minute, the new score and dimensions. Pure."""

from streams.id_memory import IdMemory, digest
from streams.panes import Group

Groups = dict[Group, int]


def revise(ids: IdMemory, groups: Groups, source: str, revises: str | None, known: bytes, group: Group) -> Group | None:
    """Take an answer in that revises another or is revised already; ``known`` is its digest, remembered just now.

    ``revises`` is the id of the earlier answer of the same ``source``, ``group`` what the answer would count as by
    itself. Returns what it is to be counted as: in the minute of the answer that it replaces, which is taken back from
    ``groups``. None for an answer that was replaced before it came; the one that stands in for it moves to its minute.
    One that revises an answer that is not remembered, or never came, counts by itself until that one comes.
    """
    if ids.is_replaced(known):
        standing = ids.standing(known)
        stands_as = ids.group(standing)
        if stands_as is not None:
            moved = _in_minute_of(stands_as, group)
            _count(groups, stands_as, -1)
            _count(groups, moved, 1)
            ids.amend(standing, moved)
        ids.amend(known, None)
        return None
    if revises is None:
        return group
    old = ids.standing(digest(source, revises))
    if old == known:  # two answers that revise each other: the first to come is the one replaced
        return group
    taken_back = ids.group(old)
    ids.replace(old, known)
    if taken_back is not None:
        _count(groups, taken_back, -1)
        group = _in_minute_of(group, taken_back)
        ids.amend(known, group)
    return group


def _in_minute_of(group: Group, other: Group) -> Group:
    metric, label, dimensions, _, word = group
    return metric, label, dimensions, other[3], word


def _count(groups: Groups, group: Group, count: int) -> None:
    groups[group] = groups.get(group, 0) + count
