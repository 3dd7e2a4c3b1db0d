"""The emitter on a real broker."""

import asyncio

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.kafka_link import KafkaLink
from streams.kafka.emitter import EmitError, Emitter
from tests.streams.conftest import Broker


def values(broker: Broker, topic: str, partition: int = 0) -> list[tuple[bytes | None, bytes | None, object]]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "none", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, partition, 0)])
    found = []
    while (message := consumer.poll(10)) is not None and message.error() is None:
        found.append((message.key(), message.value(), message.headers()))
    consumer.close()
    return found


@pytest.mark.kafka
def test_what_was_drained_is_on_the_broker_in_order_with_its_headers(broker: Broker) -> None:
    topic = broker.topic()

    async def scenario() -> None:
        emitter = Emitter(KafkaLink(broker.bootstrap))
        await emitter.start()
        for number in range(1_000):
            emitter.send(topic, b"k", b"%d" % number, headers=[("n", b"%d" % number)])
        await emitter.drained()
        assert broker.ends(topic) == {0: 1_000}
        await emitter.stop()

    asyncio.run(scenario())
    assert values(broker, topic) == [(b"k", b"%d" % n, [("n", b"%d" % n)]) for n in range(1_000)]


@pytest.mark.kafka
def test_keys_are_placed_as_javas_clients_place_them(broker: Broker) -> None:
    from kafka.partitioner.default import murmur2

    topic = broker.topic(partitions=5)
    keys = [b"c%d" % number for number in range(50)]

    async def scenario() -> None:
        emitter = Emitter(KafkaLink(broker.bootstrap))
        await emitter.start()
        for key in keys:
            emitter.send(topic, key, b"")
        await emitter.stop()

    asyncio.run(scenario())
    for partition in range(5):
        expected = [key for key in keys if (murmur2(key) & 0x7FFFFFFF) % 5 == partition]
        assert [key for key, _, _ in values(broker, topic, partition)] == expected


@pytest.mark.kafka
def test_draining_does_not_wait_for_what_is_sent_meanwhile(broker: Broker) -> None:
    topic = broker.topic()

    async def scenario() -> None:
        emitter = Emitter(KafkaLink(broker.bootstrap))
        await emitter.start()
        ended = asyncio.Event()

        async def keep_sending() -> None:
            while not ended.is_set():
                emitter.send(topic, b"k", b"v")
                await asyncio.sleep(0)

        sending = asyncio.create_task(keep_sending())
        async with asyncio.timeout(30):
            for _ in range(5):
                await emitter.drained()
        ended.set()
        await sending
        await emitter.stop()
        assert emitter.undelivered == 0

    asyncio.run(scenario())


def test_what_cannot_be_delivered_is_an_error_of_the_drain(free_port: int) -> None:
    async def scenario() -> None:
        emitter = Emitter(KafkaLink(f"127.0.0.1:{free_port}"), delivery_timeout=0.3)
        await emitter.start()
        emitter.send("t", b"k", b"v")
        with pytest.raises(EmitError, match="not delivered"):
            await emitter.drained()
        with pytest.raises(EmitError):
            await emitter.stop()

    asyncio.run(scenario())
