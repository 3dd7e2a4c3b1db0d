"""``make bench``: our streams worker and its peers, doing the same job on the same real broker in one run."""

import os

from benchmarks.profiling import profile
from benchmarks.progress import Progress
from benchmarks.sizes import Sizes


def main() -> None:
    """Measure what ``ONLY`` names, or everything."""
    only = [name for name in os.environ.get("ONLY", "").split(",") if name]
    sizes = Sizes.from_environment()
    progress = Progress()
    if only == ["profile"]:
        profile(sizes, progress)


if __name__ == "__main__":
    main()
