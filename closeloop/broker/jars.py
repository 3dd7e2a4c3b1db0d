"""Gets Apache Kafka's jars from Maven Central through `mvn`, once, into a cache folder.

Why `mvn` and not a download of the distribution: it reads the machine's own settings (mirrors, proxies,
credentials), verifies checksums and shares its repository with every other build on the machine.

The cache is filled beside its final place and renamed into it, so a folder under its final name is whole. It carries
a manifest (the pom's digest and each jar's size); a folder that does not match is fetched again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec

from closeloop.broker.errors import BrokerError
from closeloop.broker.java import find_java

KAFKA_VERSION = "4.3.1"
"""The broker's version: the newest 4.x whose artifacts are all in Maven Central (4.4.0 lacks kafka-tools-api)."""

DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0"
MVN_TIMEOUT_S = 900.0
_LOG4J_VERSION = "2.25.4"  # the version Kafka 4.3.1 itself depends on
_MANIFEST = "manifest.json"
_LINES_OF_FAILURE = 12

Report = Callable[[str], None]


class Artifact(msgspec.Struct, frozen=True):
    """Maven coordinates of one jar; its dependencies come with it."""

    group: str
    name: str
    version: str


class Bundle(msgspec.Struct, frozen=True):
    """A set of artifacts that are resolved together into one cache folder.

    Attributes:
        name: the folder's name in the cache; carries the version.
        artifacts: what to resolve, transitively, in scope runtime.
        title: how messages call it.
    """

    name: str
    artifacts: tuple[Artifact, ...]
    title: str


KAFKA_SERVER = Bundle(
    name=f"kafka-{KAFKA_VERSION}",
    artifacts=(
        Artifact("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
        # Kafka's pom leaves the choice of a log backend to its distribution; without one it logs nothing at all.
        Artifact("org.apache.logging.log4j", "log4j-slf4j-impl", _LOG4J_VERSION),
    ),
    title=f"Apache Kafka {KAFKA_VERSION}",
)


class _Manifest(msgspec.Struct, frozen=True):
    pom_sha256: str
    sizes: dict[str, int]


def cache_root() -> Path:
    """Return the root of all caches: `$CLOSELOOP_CACHE`, else `closeloop` in `$XDG_CACHE_HOME` or `~/.cache`."""
    own = os.environ.get("CLOSELOOP_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    xdg = os.environ.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache") / "closeloop"


def pom_of(bundle: Bundle) -> str:
    """Return the minimal Maven project whose runtime dependencies are the bundle."""
    dependencies = "".join(
        f"    <dependency><groupId>{escape(a.group)}</groupId><artifactId>{escape(a.name)}</artifactId>"
        f"<version>{escape(a.version)}</version></dependency>\n"
        for a in bundle.artifacts
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n'
        "  <modelVersion>4.0.0</modelVersion>\n"
        "  <groupId>closeloop</groupId><artifactId>jars</artifactId><version>1</version>"
        "<packaging>pom</packaging>\n"
        f"  <dependencies>\n{dependencies}  </dependencies>\n"
        "</project>\n"
    )


def resolve(bundle: Bundle = KAFKA_SERVER, cache: Path | None = None, report: Report | None = None) -> list[Path]:
    """Return the bundle's jars, sorted, fetching them first if the cache does not hold them whole.

    Args:
        bundle: what to resolve.
        cache: the cache root; `cache_root()` if None.
        report: takes one line of progress; writes to stderr if None.

    Raises:
        BrokerError: Java or mvn is missing, mvn fails or takes longer than MVN_TIMEOUT_S, or the cache folder
            cannot be written.
    """
    root = cache if cache is not None else cache_root()
    folder = root / bundle.name
    pom = pom_of(bundle)
    jars = _whole(folder, pom)
    if jars is not None:
        return jars
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / f".{bundle.name}.lock"):
            jars = _whole(folder, pom)  # another process may have fetched them while this one waited
            return jars if jars is not None else _fetch(bundle, pom, root, folder, report or _to_stderr)
    except OSError as error:
        raise BrokerError(
            f"The cache folder {root} cannot be written: {error}. Set CLOSELOOP_CACHE to one that can."
        ) from error


def _fetch(bundle: Bundle, pom: str, root: Path, folder: Path, report: Report) -> list[Path]:
    find_java()  # mvn's own complaint about a missing Java names no remedy
    mvn = shutil.which("mvn")
    if mvn is None:
        raise BrokerError(
            f"{bundle.title} is not in the cache ({folder}) and `mvn`, which fetches it from Maven Central, is not on "
            "PATH. Install Maven (Debian and Ubuntu: `apt install maven`; macOS: `brew install maven`), or point "
            "KAFKA_BOOTSTRAP_SERVERS at a Kafka that already runs, or try the embedded broker (--embedded)."
        )
    with tempfile.TemporaryDirectory(prefix=f".{bundle.name}.", dir=root) as scratch_name:
        scratch = Path(scratch_name)
        filled = scratch / "jars"
        filled.mkdir()
        (scratch / "pom.xml").write_text(pom, encoding="utf-8")
        report(f"fetching {bundle.title} from Maven Central through mvn, once, into {folder}")
        began = time.monotonic()
        _run_mvn(mvn, scratch, filled, bundle, report)
        jars = sorted(filled.glob("*.jar"))
        missing = [a.name for a in bundle.artifacts if not (filled / f"{a.name}-{a.version}.jar").is_file()]
        if missing:
            raise BrokerError(f"mvn ended without an error, yet without these jars: {', '.join(missing)}.")
        sizes = {jar.name: jar.stat().st_size for jar in jars}
        manifest = _Manifest(hashlib.sha256(pom.encode()).hexdigest(), sizes)
        (filled / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        if folder.exists():
            folder.rename(scratch / "stale")
        filled.rename(folder)
        megabytes = sum(sizes.values()) / 1e6
        report(f"fetched {len(jars)} jars, {megabytes:.0f} MB, in {time.monotonic() - began:.0f} s")
    return [folder / jar.name for jar in jars]


def _run_mvn(mvn: str, scratch: Path, target: Path, bundle: Bundle, report: Report) -> None:
    # The working folder is the scratch folder: a .mvn/ or pom.xml of wherever the user stands must not take part.
    arguments = [
        mvn, "-B", "-q", "-Dstyle.color=never", "-f", str(scratch / "pom.xml"),
        f"{DEPENDENCY_PLUGIN}:copy-dependencies", f"-DoutputDirectory={target}", "-DincludeScope=runtime",
    ]  # fmt: skip
    log = scratch / "mvn.log"
    deadline = time.monotonic() + MVN_TIMEOUT_S
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, cwd=scratch, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while True:
                try:
                    code = process.wait(timeout=10)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() > deadline:
                        raise BrokerError(
                            f"mvn did not fetch {bundle.title} within {MVN_TIMEOUT_S:.0f} s. Is Maven Central, or the "
                            "mirror named in ~/.m2/settings.xml, within reach of this machine?"
                        ) from None
                    report(f"still fetching: {sum(1 for _ in target.glob('*.jar'))} jars in place")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = "\n".join(f"  {line}" for line in lines[-_LINES_OF_FAILURE:])
        raise BrokerError(
            f"mvn could not fetch {bundle.title} (exit code {code}). Is Maven Central, or the mirror named in "
            f"~/.m2/settings.xml, within reach of this machine? The last lines of mvn:\n{last}"
        )


def _whole(folder: Path, pom: str) -> list[Path] | None:
    """Return the jars of a cache folder that matches its manifest and the pom, else None."""
    try:
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=_Manifest)
        if manifest.pom_sha256 != hashlib.sha256(pom.encode()).hexdigest():
            return None
        if any((folder / name).stat().st_size != size for name, size in manifest.sizes.items()):
            return None
    except (OSError, msgspec.DecodeError):
        return None
    return [folder / name for name in sorted(manifest.sizes)]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"closeloop: {line}\n")
    sys.stderr.flush()
