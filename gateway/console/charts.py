"""Small drawings as SVG: intervals, histograms, lines. Pure; each says in words what it shows.

They are drawn on the server, so that a page is whole before any script runs, and without style attributes, which the
pages' policy does not allow. Colours are those of the classes in ``static/style/charts.css``.
"""

from collections.abc import Sequence

from markupsafe import Markup

from gateway.console.figures import Figure, Tone

_BAR_WIDTH, _BAR_HEIGHT = 120.0, 10.0


def interval(figure: Figure, axis: tuple[float, float], whole: float | None = None, words: str = "") -> Markup:
    """A 95 % interval on an axis with its value as a tick, and the whole's value as a dashed line."""
    if figure.value is None or figure.low is None or figure.high is None:
        return Markup("")
    low, high, at = (_place(end, axis) for end in (figure.low, figure.high, figure.value))
    line = Markup("") if whole is None else _line(_place(whole, axis), "whole")
    kind = "few" if figure.too_few else "worse" if figure.worse else "usual"
    return Markup(
        '<svg class="interval {kind}" viewBox="0 0 120 10" preserveAspectRatio="none" role="img" aria-label="{words}">'
        '<rect class="track" x="0" y="4.25" width="120" height="1.5"/>'
        '<rect class="range" x="{low:.1f}" y="3" width="{width:.1f}" height="4" rx="2"/>'
        '<rect class="tick" x="{at:.1f}" y="1" width="2" height="8" rx="1"/>{line}</svg>'
    ).format(kind=kind, words=words, low=low, width=max(2.0, high - low), at=max(0.0, at - 1), line=line)


def bars(counts: Sequence[tuple[str, int, Tone]], words: str) -> Markup:
    """A histogram of scores, from worst to best."""
    most = max((count for _, count, _ in counts), default=0) or 1
    wide = 100.0 / max(1, len(counts))
    bar = Markup('<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>')
    heights = [max(1.0, 32 * count / most) for _, count, _ in counts]
    drawn = Markup("").join(
        bar.format(tone, place * wide + wide * 0.12, 32 - height, wide * 0.76, height)
        for place, ((_, _, tone), height) in enumerate(zip(counts, heights, strict=True))
    )
    return Markup(
        '<svg class="bars" viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label="{words}">'
        "{drawn}</svg>"
    ).format(words=words, drawn=drawn)


def spark(points: Sequence[tuple[float, float | None, float | None]], words: str) -> Markup:
    """A line of values with the interval as a band: ``(value, low, high)`` at equal distances, the newest last."""
    if len(points) < 2:
        return Markup("")
    ends = [end for value, low, high in points for end in (value, low, high) if end is not None]
    least, most = min(ends), max(ends)
    room = (most - least) or 1.0
    step = 100.0 / (len(points) - 1)

    def at(place: int, value: float) -> str:
        return f"{place * step:.1f},{29 - 26 * (value - least) / room:.1f}"

    way = " ".join(at(place, value) for place, (value, _, _) in enumerate(points))
    upper = [at(place, value if high is None else high) for place, (value, _, high) in enumerate(points)]
    lower = [at(place, value if low is None else low) for place, (value, low, _) in enumerate(points)]
    return Markup(
        '<svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label="{words}">'
        '<polygon class="band" points="{band}"/><polyline class="way" points="{way}"/></svg>'
    ).format(words=words, band=" ".join([*upper, *reversed(lower)]), way=way)


def share(part: float, words: str, tone: Tone = "middle") -> Markup:
    """A bar filled to a share of 0..1."""
    width = _BAR_WIDTH * min(1.0, max(0.0, part))
    return Markup(
        '<svg class="share" viewBox="0 0 120 6" preserveAspectRatio="none" role="img" aria-label="{words}">'
        '<rect class="track" width="120" height="6" rx="3"/>'
        '<rect class="{tone}" width="{width:.1f}" height="6" rx="3"/>'
        "</svg>"
    ).format(words=words, tone=tone, width=width)


def _line(at: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" x2="{:.1f}" y1="0" y2="{:.0f}"/>').format(kind, at, at, _BAR_HEIGHT)


def _place(value: float, axis: tuple[float, float]) -> float:
    low, high = axis
    return _BAR_WIDTH * min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))
