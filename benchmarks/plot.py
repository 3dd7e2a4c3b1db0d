"""Draws the results: ``python -m benchmarks.plot DATA.json OUT.png``, in the environment that has matplotlib."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

OURS, THEIRS, INK, FAINT = "#0f766e", "#94a3b8", "#1e293b", "#e2e8f0"


def draw(data: dict[str, Any], out: Path) -> None:
    """Throughput a core and in all as bars with their spread, latency as a line a worker."""
    plt.rcParams.update(
        {"font.size": 10, "axes.edgecolor": FAINT, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK}
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), width_ratios=(3, 2), layout="constrained")
    bars = sorted(data["throughput"], key=lambda bar: bar["rate"][0])
    places = range(len(bars))
    for place, bar in zip(places, bars, strict=True):
        middle, low, high = bar["rate"]
        colour = OURS if bar["name"] == "closeloop" else THEIRS
        left.barh(place, middle, color=colour, height=0.62)
        left.errorbar(middle, place, xerr=[[middle - low], [high - middle]], color=INK, capsize=3, linewidth=1)
        left.annotate(f"{middle:,.0f}", (high, place), xytext=(6, 0), textcoords="offset points", va="center")
    left.set_yticks(list(places), [bar["title"] for bar in bars])
    left.set_title("Responses a second, one worker (median, lowest to highest)", loc="left", fontsize=11)
    left.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    left.margins(x=0.16)
    left.grid(axis="x", color=FAINT)
    left.set_axisbelow(True)
    for line in data["latency"]:
        ours = line["name"] == "closeloop"
        right.plot(
            line["rates"],
            line["p99"],
            marker="o",
            color=OURS if ours else THEIRS,
            linewidth=2.4 if ours else 1.4,
            zorder=3 if ours else 2,
        )
        if line["rates"]:
            end = (line["rates"][-1], line["p99"][-1])
            right.annotate(line["title"], end, xytext=(5, 4), textcoords="offset points", fontsize=8)
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_title("Response to alert, p99 in ms, by responses a second", loc="left", fontsize=11)
    right.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    right.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    right.minorticks_off()
    if data["rates"]:
        right.set_xticks(data["rates"])
        right.set_xlim(min(data["rates"]) * 0.7, max(data["rates"]) * 4)
    right.grid(color=FAINT)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=0)
    figure.text(0.995, 0.005, data["caption"], ha="right", va="bottom", fontsize=7, color="#64748b")
    figure.get_layout_engine().set(rect=(0, 0.04, 1, 0.96))
    figure.savefig(out, dpi=130, facecolor="white")


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
