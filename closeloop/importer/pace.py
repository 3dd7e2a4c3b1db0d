"""How fast an import goes and how long it still takes, in words."""


def pace(sent: int, seconds: float, done: float, whole: float | None) -> str:
    """The rate and, where the whole is known, the time left: ``5,210/s, about 3 min left``.

    Args:
        sent: events sent since the start.
        seconds: since the start.
        done: how much of the file this run has read, in any unit.
        whole: how much there was to read at its start, in the same unit; ``None`` where nobody knows.
    """
    if seconds <= 0 or sent == 0:
        return ""
    rate = f"{sent / seconds:,.0f}/s"
    if not whole or done <= 0 or done >= whole:
        return rate
    return f"{rate}, {span(seconds * (whole - done) / done)} left"


def span(seconds: float) -> str:
    """A span of time, roughly: ``under a minute``, ``about 3 min``, ``about 2 h 10 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60} min"
