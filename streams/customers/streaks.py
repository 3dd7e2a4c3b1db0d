"""When something has happened to a customer often enough within a time, and the words that say so. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from streams.customers.memory import F, Fact

_MOST_NAMES = 5


def completed(
    untold: Sequence[F], new: Fact, count: int, within_s: float, may_end: Callable[[float], bool] = lambda _last: True
) -> Sequence[F]:
    """The streak that a new fact completes: ``count`` facts or more of which the last is within the time of the first.

    ``untold`` are the facts that no alert has told of, the new one among them, in order of time. A late fact can
    complete a streak that ends after it: of several the earliest is taken. ``may_end`` says whether a streak may end at
    an instant, seconds UTC. Empty if there is none.
    """
    for end in untold:
        if new.when <= end.when <= new.when + within_s and may_end(end.when):
            streak = [fact for fact in untold if end.when - within_s <= fact.when <= end.when]
            if len(streak) >= count:
                return streak
    return ()


def tally(names: Iterable[str]) -> str:
    """How often each name came, in words: ``nps twice, csat``; the sixth and more are cut."""
    times = Counter(names)
    said = [name if count == 1 else f"{name} {_often(count)}" for name, count in list(times.items())[:_MOST_NAMES]]
    return ", ".join(said) + (", and others" if len(times) > _MOST_NAMES else "")


def span(duration: str) -> str:
    """A duration of loop.yaml with a space before its unit: ``72 h``."""
    return f"{duration[:-1]} {duration[-1]}"


def _often(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
