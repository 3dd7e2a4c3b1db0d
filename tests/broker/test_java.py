"""Which Java is taken, and what is said when there is none to take."""

import pytest

from closeloop.broker.errors import BrokerError
from closeloop.broker.java import find_java, parse_java_version
from tests.broker.machines import JAVA_17


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17),
        ('java version "1.8.0_292"', 8),
        ('openjdk version "21" 2023-09-19 LTS', 21),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "25.0.1" 2025-10-21', 25),
        ('openjdk version "24-ea" 2025-03-18', 24),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_the_feature_release_is_read_from_the_banner(banner, version):
    assert parse_java_version(banner) == version


def test_without_java_the_message_names_the_remedy(machine):
    with pytest.raises(BrokerError, match=r"No `java` found in PATH\. Install a Java runtime, version 17") as caught:
        find_java()
    assert "KAFKA_BOOTSTRAP_SERVERS" in str(caught.value)


def test_an_old_java_is_refused_by_its_version(machine):
    machine.install("java", JAVA_17.replace("17.0.15", "11.0.2"))
    with pytest.raises(BrokerError, match="is Java 11; Kafka needs 17 or newer"):
        find_java()


def test_a_java_that_fails_is_refused(machine):
    machine.install("java", "raise SystemExit(3)")
    with pytest.raises(BrokerError, match="failed with exit code 3"):
        find_java()


def test_java_home_goes_before_path(machine, monkeypatch):
    machine.install("java", JAVA_17)
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(BrokerError, match=r"No `java` found in JAVA_HOME \(/nowhere\)"):
        find_java()
    monkeypatch.delenv("JAVA_HOME")
    assert find_java() == machine.folder / "java"
