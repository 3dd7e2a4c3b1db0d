"""A data folder remembers its cluster."""

import socket

import pytest

from closeloop.broker.errors import BrokerError
from closeloop.broker.layout import check_ports_free, remember_layout
from closeloop.broker.properties import NodePorts, server_properties


def test_a_restart_finds_the_same_cluster(tmp_path):
    first = remember_layout(tmp_path, 3, None)
    assert [node.node_id for node in first.nodes] == [1, 2, 3]
    ports = [port for node in first.nodes for port in (node.client, node.controller)]
    assert len(set(ports)) == 6
    assert first.bootstrap == ",".join(f"127.0.0.1:{node.client}" for node in first.nodes)
    assert remember_layout(tmp_path, 3, None) == first


def test_two_folders_are_two_clusters(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert remember_layout(tmp_path / "a", 1, None).cluster_id != remember_layout(tmp_path / "b", 1, None).cluster_id


def test_given_ports_replace_remembered_ones(tmp_path):
    first = remember_layout(tmp_path, 1, None)
    moved = remember_layout(tmp_path, 1, [18999])
    assert moved.bootstrap == "127.0.0.1:18999"
    assert (moved.cluster_id, moved.nodes[0].controller) == (first.cluster_id, first.nodes[0].controller)
    assert remember_layout(tmp_path, 1, None) == moved


def test_a_folder_keeps_its_number_of_nodes(tmp_path):
    remember_layout(tmp_path, 3, None)
    with pytest.raises(BrokerError, match="holds a cluster of 3 node"):
        remember_layout(tmp_path, 1, None)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "cluster.json").write_text('{"cluster_id": 7}')
    with pytest.raises(BrokerError, match=r"cluster\.json is not readable"):
        remember_layout(tmp_path, 1, None)


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"Port {port} on 127.0.0.1"):
            check_ports_free(remember_layout(tmp_path, 1, [port]), patience_s=0)


@pytest.mark.parametrize(("nodes", "replicas", "in_sync"), [(1, "1", "1"), (3, "3", "2")])
def test_internal_topics_are_as_safe_as_the_cluster_allows(tmp_path, nodes, replicas, in_sync):
    cluster = tuple(NodePorts(i, 9000 + i, 9100 + i) for i in range(1, nodes + 1))
    text = server_properties(cluster[0], cluster, tmp_path)
    settings = dict(line.split("=", 1) for line in text.splitlines())
    assert settings["offsets.topic.replication.factor"] == replicas
    assert settings["transaction.state.log.replication.factor"] == replicas
    assert settings["transaction.state.log.min.isr"] == in_sync
    assert settings["auto.create.topics.enable"] == "false"
    assert settings["group.initial.rebalance.delay.ms"] == "0"
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:9001,CONTROLLER://127.0.0.1:9101"
    assert settings["controller.quorum.voters"].count("@127.0.0.1:") == nodes
