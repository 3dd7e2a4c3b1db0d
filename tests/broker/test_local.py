"""Real Kafka on this machine: it starts, stops, keeps data, and survives what kills it."""

import os
import signal
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, PartitionMetadata

from closeloop.broker.errors import BrokerError
from closeloop.broker.local import LocalKafka, restart_delay_s
from closeloop.broker.topics_admin import create_topics
from schemas.kafka_link import KafkaLink
from tests.broker.records import produce, read, until
from tests.fixtures.kafka import TopicForTest

pytestmark = pytest.mark.usefixtures("kafka")  # skips, or fails under CI, where no real Kafka can be had


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def partition_of(bootstrap: str, topic: str) -> PartitionMetadata:
    # Through librdkafka: kafka-python leaves a socket unclosed for every connection that a dead node refuses.
    found = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(topic, timeout=20)
    return found.topics[topic].partitions[0]


def in_sync(bootstrap: str, topic: str) -> set[int]:
    return set(partition_of(bootstrap, topic).isrs)


@pytest.mark.faults
@pytest.mark.kafka
def test_one_node_keeps_data_and_ports_over_a_restart_and_says_why_it_cannot_start(tmp_path):
    values = [b"%d" % i for i in range(100)]
    broker = LocalKafka(tmp_path, fast_start=True)
    with broker:
        bootstrap, pid = broker.bootstrap, broker.pid(1)
        assert create_topics(KafkaLink(bootstrap), [TopicForTest("kept", 1, {})]) == ["kept"]
        assert produce(bootstrap, "kept", values) == values
        with pytest.raises(BrokerError, match="Another `closeloop` runs a Kafka on"):
            LocalKafka(tmp_path).start()
    assert not is_alive(pid)
    with LocalKafka(tmp_path, fast_start=True) as again:
        assert again.bootstrap == bootstrap
        assert again.pid(1) != pid
        assert read(bootstrap, "kept") == values
    (tmp_path / "node-1" / "data" / "meta.properties").write_text("version=1\ncluster.id=x\nnode.id=7\n")
    with pytest.raises(BrokerError, match=r"(?s)node 1 ended with exit code 1\..*node id.*7"):
        broker.start()
    assert broker.pid(1) is None


@pytest.mark.kafka
@pytest.mark.faults
def test_three_nodes_survive_the_death_of_one(tmp_path):
    topic = TopicForTest("safe", 1, {"min.insync.replicas": "2"}, replication=3)
    before, after = ([b"%s-%d" % (phase, i) for i in range(200)] for phase in (b"before", b"after"))
    with LocalKafka(tmp_path, nodes=3, fast_start=True) as cluster:
        create_topics(KafkaLink(cluster.bootstrap), [topic])
        assert produce(cluster.bootstrap, "safe", before) == before

        cluster.supervise()
        victim = partition_of(cluster.bootstrap, "safe").leader
        dead = cluster.pid(victim)
        os.kill(dead, signal.SIGKILL)
        assert produce(cluster.bootstrap, "safe", after) == after
        until(lambda: cluster.pid(victim) not in {None, dead}, "supervision starts the dead node again")
        until(lambda: in_sync(cluster.bootstrap, "safe") == {1, 2, 3}, "the supervised node is in sync")

        cluster.kill(2)
        assert cluster.pid(2) is None
        cluster.start_node(2)
        assert cluster.pid(2) is not None
        # A leader that was elected a moment ago serves up to the high watermark it knew as a follower, until the others
        # have fetched from it: what is above comes later, and is lost only if it never comes.
        until(lambda: read(cluster.bootstrap, "safe") == before + after, "all that was acknowledged is there")
        pids = [cluster.pid(node) for node in cluster.node_ids]
    assert not any(is_alive(pid) for pid in pids)


def test_ports_are_one_a_node(tmp_path):
    with pytest.raises(BrokerError, match=r"3 node\(s\) need 3 port\(s\), got 1"):
        LocalKafka(tmp_path, nodes=3, ports=[9092])


def test_restarts_slow_down_to_a_limit():
    assert [restart_delay_s(n) for n in (1, 2, 3, 5, 6, 7, 100)] == [0.5, 1.0, 2.0, 8.0, 15.0, 15.0, 15.0]
