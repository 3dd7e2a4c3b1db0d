"""Finds the Java that Kafka runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from closeloop.broker.errors import BrokerError

MINIMUM_JAVA = 17
"""Apache Kafka 4 brokers need Java 17 or newer."""

_REMEDY = (
    f"Install a Java runtime, version {MINIMUM_JAVA} or newer (Debian and Ubuntu: `apt install "
    "openjdk-17-jre-headless`; macOS: `brew install openjdk`), or set JAVA_HOME, or point "
    "KAFKA_BOOTSTRAP_SERVERS at a Kafka that already runs, or try the embedded broker (--embedded)."
)


def parse_java_version(banner: str) -> int | None:
    """Return the feature release in the output of `java -version`: 17 for `17.0.15`, 8 for `1.8.0_292`.

    None if the banner has no version in it.
    """
    found = re.search(r'version "(\d+)(?:\.(\d+))?', banner)
    if found is None:
        return None
    first, second = int(found.group(1)), found.group(2)
    return int(second) if first == 1 and second is not None else first


def find_java() -> Path:
    """Return the `java` to use: JAVA_HOME's, else the one on PATH.

    Raises:
        BrokerError: there is none, it does not run, or it is older than MINIMUM_JAVA.
    """
    home = os.environ.get("JAVA_HOME")
    named = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if named is None:
        where = f"JAVA_HOME ({home})" if home else "PATH"
        raise BrokerError(f"No `java` found in {where}. {_REMEDY}")
    try:
        done = subprocess.run([named, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerError(f"`{named} -version` does not run: {error}. {_REMEDY}") from error
    version = parse_java_version(done.stderr + done.stdout)
    if done.returncode != 0 or version is None:
        raise BrokerError(f"`{named} -version` failed with exit code {done.returncode}. {_REMEDY}")
    if version < MINIMUM_JAVA:
        raise BrokerError(f"`{named}` is Java {version}; Kafka needs {MINIMUM_JAVA} or newer. {_REMEDY}")
    return Path(named)
