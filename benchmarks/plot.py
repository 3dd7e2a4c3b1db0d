"""Draws the results: ``python -m benchmarks.plot DATA.json OUT.png``, in the environment that has matplotlib."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

INK, FAINT, SOFT = "#1e293b", "#e2e8f0", "#64748b"
COLOURS = {"closeloop": "#0f766e"}
"""Ours; the others take the next of :data:`OTHERS`, the same in both pictures."""
OTHERS = ("#7c93b2", "#b7a46b", "#a78bba", "#c08a8a", "#8fa98f", "#a3a3a3")
TICKS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def draw(data: dict[str, Any], out: Path) -> None:
    """Throughput a core and in all as bars with their spread, latency as a line a worker."""
    plt.rcParams.update(
        {"font.size": 10, "axes.edgecolor": FAINT, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK}
    )
    timed = bool(data["latency"])
    figure = plt.figure(figsize=(11 if timed else 7, 4.6), layout="constrained")
    grid = figure.add_gridspec(1, 2 if timed else 1, width_ratios=(7, 5) if timed else (1,))
    others = iter(OTHERS * 2)
    colours = {name: COLOURS.get(name) or next(others) for name in data["names"]}
    drawn = [_throughput(figure.add_subplot(grid[0, 0]), data["throughput"], colours)]
    if timed:
        drawn.append(_latency(figure.add_subplot(grid[0, 1]), data, colours))
    for axes in drawn:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=0)
    figure.text(0.995, 0.005, data["caption"], ha="right", va="bottom", fontsize=7, color=SOFT)
    figure.get_layout_engine().set(rect=(0, 0.04, 1, 0.96))
    figure.savefig(out, dpi=130, facecolor="white")


def _throughput(left: Any, measured: list[dict[str, Any]], colours: dict[str, str]) -> Any:
    bars = sorted(measured, key=lambda bar: bar["rate"][0])
    places = range(len(bars))
    for place, bar in zip(places, bars, strict=True):
        middle, low, high = bar["rate"]
        left.barh(place, middle, color=colours[bar["name"]], height=0.62)
        left.errorbar(middle, place, xerr=[[middle - low], [high - middle]], color=INK, capsize=3, linewidth=1)
        left.annotate(f"{middle:,.0f}", (high, place), xytext=(6, 0), textcoords="offset points", va="center")
    left.set_yticks(list(places), [bar["title"] for bar in bars])
    left.set_title("Responses a second, one worker (median, lowest to highest)", loc="left", fontsize=11)
    left.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    left.locator_params(axis="x", nbins=5)
    left.margins(x=0.16)
    left.grid(axis="x", color=FAINT)
    left.set_axisbelow(True)
    return left


def _latency(right: Any, data: dict[str, Any], colours: dict[str, str]) -> Any:
    for line in data["latency"]:
        ours = line["name"] == "closeloop"
        right.plot(
            line["rates"],
            line["p99"],
            marker="o",
            color=colours[line["name"]],
            label=line["title"],
            linewidth=2.6 if ours else 1.6,
            zorder=3 if ours else 2,
        )
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_title("Response to alert, p99 in ms, by responses/s", loc="left", fontsize=11)
    right.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    right.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    right.minorticks_off()
    told = [moment for line in data["latency"] for moment in line["p99"]]
    if told:
        right.set_xticks(data["rates"])
        right.set_xlim(min(data["rates"]) * 0.7, max(data["rates"]) * 1.4)
        right.set_yticks([tick for tick in TICKS_MS if min(told) / 2.5 <= tick <= max(told) * 2.5])
        right.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)
    right.grid(color=FAINT)
    return right


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
