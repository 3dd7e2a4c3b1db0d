"""``make bench``: our streams worker and its peers, doing the same job on the same real broker in one run.

``ONLY`` names what to look at: workers (``closeloop,bytewax``), or ``profile``. ``BENCH_PARTS`` picks parts of
``throughput,latency,state,scaling``. RESULTS.md and results.png are written by a whole run alone, into ``BENCH_OUT`` if
it is given.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from math import isnan
from pathlib import Path

from benchmarks.agreement import agree
from benchmarks.latency import latency
from benchmarks.machine import machine, versions
from benchmarks.peers import BENCH_PYTHON, PEERS, ROOT
from benchmarks.profiling import profile
from benchmarks.progress import Progress
from benchmarks.report import Results, page
from benchmarks.scaling import scaling
from benchmarks.sizes import Sizes
from benchmarks.state import state
from benchmarks.throughput import throughput

PARTS = ("throughput", "latency", "state", "scaling")


def main() -> None:
    """Measure what ``ONLY`` names, or everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that what was started is stopped
    only = [name for name in os.environ.get("ONLY", "").split(",") if name]
    progress = Progress()
    sizes = Sizes.from_environment()
    if only == ["profile"]:
        profile(sizes, progress)
        return
    parts = [name for name in os.environ.get("BENCH_PARTS", "").split(",") if name] or list(PARTS)
    unknown = [name for name in only if name not in PEERS] + [name for name in parts if name not in PARTS]
    if unknown:
        sys.exit(f"no {', '.join(unknown)}; workers are {', '.join(PEERS)} (or profile), parts {', '.join(PARTS)}")
    began = time.monotonic()
    results = Results(sizes, machine(), versions(), time.strftime("%Y-%m-%d", time.gmtime()))
    chosen = [peer for name, peer in PEERS.items() if not only or name in only]
    passed, results.disagreed = agree(chosen, sizes.check_events, progress)
    results.agreed = [peer.name for peer in passed]
    if "throughput" in parts:
        results.throughput = throughput(passed, sizes, progress)
    once = [peer for peer in passed if not peer.variant or peer.name in only]
    if "latency" in parts:
        results.latency = latency(once, sizes, progress)
    if "state" in parts:
        results.state = state(once, sizes, progress)
    if "scaling" in parts and "closeloop" in results.agreed:
        results.scaling = scaling(sizes, progress)
    results.minutes = (time.monotonic() - began) / 60
    progress.end()
    text = page(results)
    out = os.environ.get("BENCH_OUT")
    if out is None and (only or len(parts) < len(PARTS)):
        print(f"\n{text}\nA look, not a whole run: RESULTS.md is left as it is.")
        return
    folder = Path(out) if out else ROOT / "benchmarks"
    (folder / "RESULTS.md").write_text(text)
    plot(results, folder / "results.png")
    progress.say(f"{results.minutes:.0f} minutes; written to {folder / 'RESULTS.md'} and results.png")


def plot(results: Results, out: Path) -> None:
    """Have the picture drawn where matplotlib is."""
    bars = [
        {"name": name, "title": PEERS[name].title, "rate": series.of(lambda run: run.rate)}
        for name, series in results.throughput.items()
        if series.runs
    ]
    lines = []
    for name, measured in results.latency.items():
        kept = [of for of in measured if of.kept_up and not isnan(of.p99)]
        rates, p99 = [of.rate for of in kept], [of.p99 for of in kept]
        lines.append({"name": name, "title": PEERS[name].title, "rates": rates, "p99": p99})
    data = {
        "names": results.agreed,
        "throughput": bars,
        "latency": lines,
        "rates": results.sizes.rates,
        "caption": f"{results.machine}; {results.date}; a worker that does not keep up with a rate has no point there",
    }
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "data.json"
        source.write_text(json.dumps(data))
        subprocess.run([BENCH_PYTHON, "-m", "benchmarks.plot", source, out], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
