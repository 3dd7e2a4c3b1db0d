"""The cache of jars: whole or not there, filled once, and clear when it cannot be filled. `mvn` is pretended here."""

import os
import xml.etree.ElementTree as ET

import pytest

from closeloop.broker.errors import BrokerError
from closeloop.broker.jars import KAFKA_SERVER, Artifact, Bundle, cache_root, pom_of, resolve
from tests.broker.machines import JAVA_17

BUNDLE = Bundle("thing-1", (Artifact("org.example", "thing", "1.0"),), "The Thing 1.0")

MVN = """
import pathlib, sys
target = next(a.split("=", 1)[1] for a in sys.argv if a.startswith("-DoutputDirectory="))
for name in ("thing-1.0.jar", "other-2.jar"):
    (pathlib.Path(target) / name).write_text("jar of " + name)
with open(__file__ + ".runs", "a") as runs:
    runs.write(str(pathlib.Path.cwd()) + " " + " ".join(sys.argv[1:]) + "\\n")
"""


@pytest.fixture
def maven(machine):
    machine.install("java", JAVA_17)
    machine.install("mvn", MVN)
    return machine


def runs_of(machine):
    log = machine.folder / "mvn.runs"
    return log.read_text().splitlines() if log.exists() else []


def test_jars_are_fetched_once_and_then_taken_from_the_cache(maven):
    said = []
    jars = resolve(BUNDLE, report=said.append)
    assert [jar.name for jar in jars] == ["other-2.jar", "thing-1.0.jar"]
    assert all(jar.parent == maven.cache / "thing-1" for jar in jars)
    assert jars[1].read_text() == "jar of thing-1.0.jar"
    assert "fetching The Thing 1.0" in said[0]
    assert resolve(BUNDLE) == jars
    (run,) = runs_of(maven)
    folder, arguments = run.split(" ", 1)
    assert folder.startswith(str(maven.cache))  # no .mvn/ or pom.xml of the caller's folder takes part
    assert "-B -q" in arguments
    assert ":3.11.0:copy-dependencies" in arguments
    assert sorted(p.name for p in maven.cache.iterdir()) == [".thing-1.lock", "thing-1"]


@pytest.mark.parametrize("damage", ["a jar is gone", "a jar is short", "no manifest", "another pom"])
def test_a_cache_that_is_not_whole_is_fetched_again(maven, damage):
    jars = resolve(BUNDLE)
    wanted = BUNDLE
    match damage:
        case "a jar is gone":
            jars[0].unlink()
        case "a jar is short":
            jars[0].write_text("j")
        case "no manifest":
            (jars[0].parent / "manifest.json").unlink()
        case _:
            wanted = Bundle("thing-1", (*BUNDLE.artifacts, Artifact("org.example", "other", "2")), "The Thing 1.0")
    assert resolve(wanted) == jars
    assert len(runs_of(maven)) == 2
    assert jars[0].read_text() == "jar of other-2.jar"


def test_a_failing_mvn_is_quoted_and_leaves_nothing(machine):
    machine.install("java", JAVA_17)
    machine.install("mvn", MVN + "print('[ERROR] no route to central')\nraise SystemExit(1)\n")
    with pytest.raises(BrokerError, match=r"(?s)could not fetch The Thing 1.0 \(exit code 1\).*no route to central"):
        resolve(BUNDLE)
    assert [p.name for p in machine.cache.iterdir()] == [".thing-1.lock"]


def test_an_mvn_that_fetches_nothing_is_not_believed(machine):
    machine.install("java", JAVA_17)
    machine.install("mvn", "")
    with pytest.raises(BrokerError, match="yet without these jars: thing"):
        resolve(BUNDLE)


def test_without_mvn_the_message_names_the_remedy(machine):
    machine.install("java", JAVA_17)
    with pytest.raises(BrokerError, match=r"`mvn`, which fetches it .* is not on PATH. Install Maven"):
        resolve(BUNDLE)


def test_without_java_mvn_is_not_tried(machine):
    machine.install("mvn", MVN)
    with pytest.raises(BrokerError, match="No `java` found"):
        resolve(BUNDLE)
    assert runs_of(machine) == []


def test_a_cache_folder_that_cannot_be_made_is_named(maven, monkeypatch):
    blocked = maven.folder / "file"
    blocked.write_text("")
    monkeypatch.setenv("CLOSELOOP_CACHE", str(blocked / "cache"))
    with pytest.raises(BrokerError, match="Set CLOSELOOP_CACHE"):
        resolve(BUNDLE)


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("CLOSELOOP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "closeloop"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_root() == tmp_path / "home" / ".cache" / "closeloop"
    monkeypatch.setenv("CLOSELOOP_CACHE", os.fspath(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"


def test_every_version_of_the_pom_is_pinned():
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = ET.fromstring(pom_of(KAFKA_SERVER)).findall(".//m:dependency", names)
    pinned = {d.findtext("m:artifactId", None, names): d.findtext("m:version", None, names) for d in found}
    assert pinned == {"kafka_2.13": "4.3.1", "log4j-slf4j-impl": "2.25.4"}
