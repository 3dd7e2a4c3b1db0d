"""``make bench ONLY=profile``: where our worker's CPU time goes, by stage, by function and by thread."""

import json
import time

from benchmarks.broker import fresh_kafka, preload
from benchmarks.job import answers
from benchmarks.observe import progression
from benchmarks.peers import profiled
from benchmarks.progress import Progress
from benchmarks.sizes import Sizes
from schemas.topics import METRICS


def profile(sizes: Sizes, progress: Progress) -> None:
    """Run one profiled worker over a preloaded topic and print what it did."""
    with fresh_kafka() as (kafka, folder):
        total = preload(kafka.bootstrap, answers(sizes.profile_events, 1, time.time()))
        progress.say(f"{total:,} responses are laid ready; profiling one worker")
        out = folder / "profile.json"
        with profiled(kafka.bootstrap, folder, out) as worker:
            seen = progression(kafka.bootstrap, METRICS, worker, total, 120.0, 60.0, lambda n: progress.now(f"{n:,}"))
            used = worker.cpu_at(time.time())
        progress.end()
        found = json.loads(out.read_text())
    progress.say(f"{seen.rate(total):,.0f} responses/s under the profiler, {total / used:,.0f} a CPU second")
    tables = (
        ("stage of the Python threads", found["stages"]),
        ("thread, as the kernel names it", found["threads"]),
        ("innermost function", found["functions"]),
        ("claimed by no stage", found["unclaimed"]),
    )
    for title, seconds in tables:
        print(f"\nus of CPU a response, by {title}")
        for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
            print(f"  {spent / total * 1e6:7.2f}  {name}")
        print(f"  {sum(seconds.values()) / total * 1e6:7.2f}  together")
