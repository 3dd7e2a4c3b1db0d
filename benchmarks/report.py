"""The results as a page in Markdown, from nothing but what was measured in this run. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from textwrap import fill

from benchmarks.latency import Latency
from benchmarks.peers import CLOSELOOP, PEERS
from benchmarks.scaling import Scale
from benchmarks.sizes import Sizes
from benchmarks.state import State
from benchmarks.throughput import Run, Series

PICTURE = "![Throughput, and the time from response to alert](results.png)"
PARTS = ("throughput", "latency", "state", "scaling")
GUIDED = "bytewax"
"""The fastest durable Python peer that is written as its own guides write such a job."""
PYTHON_PEERS = ("bytewax", "bytewax_combined", "quix", "faust")
GOAL_RATE = 5_000


def _rate(run: Run) -> float:
    return run.rate


def _per_core(run: Run) -> float:
    return run.per_core


@dataclass(slots=True)
class Results:
    """All that one run has measured; a part that was not measured is empty."""

    sizes: Sizes
    machine: str
    versions: str
    date: str
    minutes: float = 0.0
    agreed: list[str] = field(default_factory=list)
    disagreed: dict[str, str] = field(default_factory=dict)
    throughput: dict[str, Series] = field(default_factory=dict)
    latency: dict[str, list[Latency]] = field(default_factory=dict)
    state: dict[str, list[State]] = field(default_factory=dict)
    scaling: list[Scale] = field(default_factory=list)


def page(results: Results) -> str:
    """RESULTS.md."""
    parts = [
        _head(results),
        _goals(results),
        _throughput(results),
        _latency(results),
        _state(results),
        _scaling(results),
        _peers(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(results: Results) -> str:
    sizes = results.sizes
    left_out = "".join(
        f"\n\n**{PEERS[name].title}** did not agree and was not timed: {_last_line(problem)}"
        for name, problem in results.disagreed.items()
    )
    job = (
        "**The job.** Decode and validate survey responses of about 300 bytes (JSON CloudEvents, uncompressed, 3 "
        "partitions), keep a histogram of scores for 3 metrics x 4 rolling windows x 5 cuts with durable state, send "
        "detractors (a fifth of the answers) to a topic at once, and the changed metrics once a second. One worker "
        "process each, one real Apache Kafka, state safe every second. Each worker was first checked: it has to write "
        f"every metric, and one alert for each detractor, exactly as a computation in plain Python over the same "
        f"{sizes.check_events:,} events says; {len(results.agreed)} did."
    )
    return "\n\n".join(
        (
            "# Results",
            _prose(
                "Written by `make bench`, in one run, from what was measured in it and nothing else. Read ratios, not "
                "figures: the machine is small, and everything, the broker too, shares its cores. Take ratios under "
                "1.2 as ties."
            ),
            PICTURE,
            _prose(
                f"Measured on {results.date} in {results.minutes:.0f} minutes: {results.machine}. {results.versions}."
            ),
            _prose(job) + left_out + _not_measured(results),
        )
    )


def _not_measured(results: Results) -> str:
    missing = [name for name in PARTS if not getattr(results, name)]
    return f"\n\n**Left out of this run:** {', '.join(missing)}." if missing else ""


def _prose(text: str) -> str:
    return fill(text, 118, break_long_words=False, break_on_hyphens=False)


def _goals(results: Results) -> str:
    """What the design asks for, beside what was measured."""
    rows = [*_speed_goals(results.throughput), *_other_goals(results)]
    if not rows:
        return ""
    table = [f"| {goal} | {found} | {'yes' if met else '**no**'} |" for goal, found, met in rows]
    return "\n".join(["## The goals", "", "| goal | measured | met |", "|---|---|---|", *table])


def _speed_goals(measured: Mapping[str, Series]) -> Iterator[tuple[str, str, bool]]:
    ours = measured.get(CLOSELOOP.name)
    if ours is None or not ours.runs:
        return
    rate, per_core = (ours.of(what)[0] for what in (_rate, _per_core))
    python = {name: series for name, series in measured.items() if name in PYTHON_PEERS and series.runs}
    if python:
        fastest = max(python, key=lambda name: python[name].of(_rate)[0])
        ratio, a_core = rate / python[fastest].of(_rate)[0], per_core / python[fastest].of(_per_core)[0]
        found = f"{ratio:.2f} times {PEERS[fastest].title}; a core {a_core:.2f} times"
        yield "1.5 times the fastest durable Python peer", found, ratio >= 1.5
    guided = measured.get(GUIDED)
    if guided is not None and guided.runs:
        ratio, a_core = rate / guided.of(_rate)[0], per_core / guided.of(_per_core)[0]
        found = f"{ratio:.2f} times {PEERS[GUIDED].title}; a core {a_core:.2f} times"
        yield "the same, against it written as its guides write such a job", found, ratio >= 1.5
    java = measured.get("kafka_streams")
    if java is not None and java.runs:
        ratio, a_core = rate / java.of(_rate)[0], per_core / java.of(_per_core)[0]
        yield "at least Kafka Streams", f"{ratio:.2f} times; a core {a_core:.2f} times", ratio >= 1


def _other_goals(results: Results) -> Iterator[tuple[str, str, bool]]:
    for of in results.latency.get(CLOSELOOP.name, ()):
        if of.rate == GOAL_RATE:
            kept = of.kept_up and of.reached >= 0.97 * of.rate
            yield f"p99 under 50 ms at {GOAL_RATE:,}/s", f"p50 / p99 in ms: {_latency_cell(of)}", kept and of.p99 < 50
    by_workers = {scale.workers: scale for scale in results.scaling}
    if 1 in by_workers and 2 in by_workers:
        one, two = by_workers[1], by_workers[2]
        wall, work = two.rate / one.rate, 2 * two.per_core / one.per_core
        found = f"{work:.2f} times by the work a CPU second, {wall:.2f} times by the clock on these cores"
        yield "two workers 1.7 times one where the cores allow", found, work >= 1.7
    for held in results.state.get(CLOSELOOP.name, ()):
        if held.restart_s is not None:
            yield (
                f"serves within 10 s of a restart with {held.keys:,} keys",
                f"{held.restart_s:.1f} s",
                held.restart_s <= 10,
            )


def _throughput(results: Results) -> str:
    if not results.throughput:
        return ""
    sizes = results.sizes
    lines = [
        "## Throughput",
        "",
        _prose(
            f"{sizes.events:,} responses lie ready on one topic. Every round has a fresh broker, on which each worker "
            f"reads the same topic, one after the other in turning order; {sizes.rounds} rounds. The rate is taken "
            "from outside, by the metrics that a worker writes, from its first to its last before the end, so starting "
            f"up is no part of it; a worker is stopped {sizes.run_seconds} s after its first metric. Median (lowest to "
            "highest). A core is a CPU second a second of the worker's process."
        ),
        "",
        "| worker | responses/s | of ours | responses/s a core | of ours | cores used | broker's cores |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    ours = results.throughput.get(CLOSELOOP.name)
    base = ours if ours is not None and ours.runs else None
    for name, series in sorted(results.throughput.items(), key=lambda item: -_median_rate(item[1])):
        title = PEERS[name].title
        if not series.runs:
            lines.append(f"| {title} | not measured: {_last_line(series.problem)} | | | | | |")
            continue
        rate, per_core = series.of(_rate), series.of(_per_core)
        cores, broker = series.of(lambda run: run.cores), series.of(lambda run: run.broker_cores)
        shares = ("", "")
        if base is not None:
            shares = (
                f"{rate[0] / base.of(_rate)[0]:.2f}",
                f"{per_core[0] / base.of(_per_core)[0]:.2f}",
            )
        lines.append(
            f"| {title} | {_spread(rate)} | {shares[0]} | {_spread(per_core)} | {shares[1]} "
            f"| {cores[0]:.2f} | {broker[0]:.2f} |"
        )
    return "\n".join(lines)


def _latency(results: Results) -> str:
    if not results.latency:
        return ""
    rates = results.sizes.rates
    lines = [
        "## From response to alert",
        "",
        _prose(
            "From the broker's acknowledgement of a detractor's response to the arrival of its alert at a reader. The "
            "producer keeps a steady rate; producer, worker, broker and reader are processes of their own on one "
            f"machine. {results.sizes.latency_seconds} s each, the first {results.sizes.warm_up_seconds} s left out; "
            f"the broker was warmed for {results.sizes.broker_warm_up_seconds} s before, since its compiler takes half "
            "a core meanwhile. "
            "p50 / p99 in ms."
        ),
        "",
        "| worker | " + " | ".join(f"{rate:,}/s" for rate in rates) + " |",
        "|---|" + "---|" * len(rates),
    ]
    for name, measured in results.latency.items():
        cells = {of.rate: _latency_cell(of) for of in measured}
        lines.append(f"| {PEERS[name].title} | " + " | ".join(cells.get(rate, "not tried") for rate in rates) + " |")
    lines += ["", '"not tried": the worker did not keep up with the rate before, or had ended.']
    return "\n".join(lines)


def _latency_cell(of: Latency) -> str:
    missed = "" if of.reached >= 0.97 * of.rate else f" (only {of.reached:,.0f}/s reached)"
    if not of.kept_up:
        share = of.missing / max(of.alerts + of.missing, 1)
        return f"does not keep up: {share:.0%} of the alerts missing 2 s after the end{missed}"
    if isnan(of.p50):
        return f"too few alerts{missed}"
    return f"{of.p50:,.0f} / {of.p99:,.0f}{missed}"


def _state(results: Results) -> str:
    if not any(results.state.values()):
        return ""
    counts = results.sizes.key_counts
    lines = [
        "## State",
        "",
        _prose(
            "A key is one region with one NPS answer, so one series in 4 windows (ours: and its day). Resident memory "
            "of the worker's process after all were counted; state is what its durable store holds then (ours: the "
            "living rows of the state topic; the others: the files on the worker's disk); the restart is from the "
            "start of the process after `kill -9` to its first metric. Ours keeps nothing on disk and reads its state "
            "from the broker, as it would on another machine; the others found their files where they had left them. "
            "The broker takes a killed worker for dead after 6 s, the same for all that join a group; bytewax joins "
            "none."
        ),
        "",
        "| worker | " + " | ".join(f"MB at {keys:,}" for keys in counts) + " | state bytes a key "
        f"| restart at {max(counts):,}, s |",
        "|---|" + "---:|" * (len(counts) + 2),
    ]
    for name, measured in results.state.items():
        by_keys = {of.keys: of for of in measured}
        cells = [f"{by_keys[keys].resident / 1e6:,.0f}" if keys in by_keys else "too slow" for keys in counts]
        last = by_keys.get(max(counts))
        each = "" if last is None or last.state_bytes is None else f"{last.state_bytes / last.keys:,.0f}"
        again = "" if last is None or last.restart_s is None else f"{last.restart_s:.1f}"
        lines.append(f"| {PEERS[name].title} | " + " | ".join(cells) + f" | {each} | {again} |")
    lines += ["", '"too slow": not all counted within a minute.']
    return "\n".join(lines)


def _scaling(results: Results) -> str:
    by_workers: Mapping[int, Scale] = {scale.workers: scale for scale in results.scaling}
    if 1 not in by_workers or 2 not in by_workers:
        return ""
    one, two = by_workers[1], by_workers[2]
    ratio = two.per_core / one.per_core
    lines = [
        "## Two workers of ours",
        "",
        _prose(
            "The same job on 4 partitions. Workers and broker share this machine's cores, so the wall clock shows what "
            "is left of them; the work a CPU second shows what two workers on cores of their own would do. Each "
            f"{results.sizes.rounds} times, in turn; medians."
        ),
        "",
        "| workers | responses/s | responses/s a core | cores used | broker's cores |",
        "|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {of.workers} | {of.rate:,.0f} | {of.per_core:,.0f} | {of.cores:.2f} | {of.broker_cores:.2f} |"
        for of in (one, two)
    ]
    lines += [
        "",
        _prose(
            f"By the wall clock two workers do {two.rate / one.rate:.2f} times the work of one here. A CPU second of "
            f"two does {ratio:.2f} times what a CPU second of one does: with a core for each and one for the broker "
            f"that is {2 * ratio:.2f} times the work, as far as the CPU decides."
        ),
    ]
    return "\n".join(lines)


def _peers(results: Results) -> str:
    lines = [
        "## Who was measured, and where it does less or more",
        "",
        "| worker | state is safe in | mind |",
        "|---|---|---|",
    ]
    names = [*results.agreed, *results.disagreed]
    lines += [f"| {PEERS[name].title} | {PEERS[name].durable} | {PEERS[name].caveat} |" for name in names]
    lines += [
        "",
        _prose(
            "How each is written and configured stands in its module (`peer_bytewax.py`, `peer_quix.py`, "
            "`peer_faust.py`, `kafka_streams/`); what is not named there is the library's default. Ours is `closeloop "
            "streams` with `benchmarks/loop.yaml`, everything else by default. Quix Streams' windows, Faust's table "
            "and bytewax's panes are Python dicts, as ours are; Kafka Streams keeps all of it in RocksDB."
        ),
    ]
    return "\n".join(lines)


def _median_rate(series: Series) -> float:
    return series.of(_rate)[0] if series.runs else 0.0


def _spread(figures: Sequence[float]) -> str:
    middle, low, high = figures
    return f"**{middle:,.0f}** ({low:,.0f} to {high:,.0f})"


def _last_line(text: str | None) -> str:
    """What a worker said last is what it died of."""
    return (text or "").strip().rpartition("\n")[2]
