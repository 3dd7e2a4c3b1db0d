"""No client of Kafka is opened past the connection of the settings: what connects names a server, and only it may."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "streams", "consumers", "gateway", "closeloop")
CLIENTS = {
    "Producer",
    "SerializingProducer",
    "Consumer",
    "DeserializingConsumer",
    "AdminClient",
    "AIOProducer",
    "AIOConsumer",
    "KafkaConsumer",
    "KafkaProducer",
    "KafkaAdminClient",
    "KafkaClient",
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "AIOKafkaAdminClient",
    "AIOKafkaClient",
    "ChunkApp",
    "App",
}
SERVERS = {"bootstrap.servers", "bootstrap_servers", "metadata.broker.list"}
NAMES_SERVERS = {"schemas/kafka_link.py", "schemas/kafka_python.py"}
"""Where the connection becomes arguments."""
FAUST = "streams/kafka/transport.py"
"""aiokafka's consumer is made here, with the servers and the credentials of Faust's app, which ``streams/worker.py``
makes."""


def problems(path: str, source: str) -> Iterator[str]:
    """What a module does past the connection."""
    tree = ast.parse(source)
    through = {"librdkafka", "kafka_python"} if path != FAUST else {"credentials_to_aiokafka_auth"}
    if path == "streams/worker.py":
        through = {"credentials"}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    goes_through = any(_name(call.func) in through for call in calls)
    for node in ast.walk(tree):
        named = node.value if isinstance(node, ast.Constant) else node.arg if isinstance(node, ast.keyword) else None
        if named in SERVERS and path not in NAMES_SERVERS and path != FAUST:
            yield f"{path}:{node.lineno} names {named}; take it of KafkaLink"
    for call in calls:
        if _name(call.func) in CLIENTS and not goes_through:
            yield f"{path}:{call.lineno} opens a {_name(call.func)} without KafkaLink"


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_every_client_goes_through_the_connection_of_the_settings() -> None:
    found, opened = [], 0
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            opened += any(f"{name}(" in source for name in CLIENTS)
            found += problems(file.relative_to(ROOT).as_posix(), source)
    assert found == []
    assert opened > 10, "the search looks in the wrong place"


@pytest.mark.parametrize(
    "source",
    [
        'from confluent_kafka import Producer\nProducer({"bootstrap.servers": "a:1"})',
        "import kafka\nkafka.KafkaConsumer(bootstrap_servers=settings.kafka)",
        "from aiokafka import AIOKafkaProducer\nAIOKafkaProducer(**arguments)",
    ],
)
def test_one_that_does_not_is_found(source: str) -> None:
    assert list(problems("gateway/new.py", source))
