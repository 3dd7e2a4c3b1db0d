"""Our hash is the one by which Kafka's clients place keys."""

from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as reference

from streams.kafka.placement import Placement, murmur2, partition_of


@settings(deadline=None)
@given(st.binary(max_size=260))
def test_the_hash_is_that_of_kafkas_clients(key: bytes) -> None:
    assert murmur2(key) == reference(key) & 0xFFFFFFFF


def test_known_hashes() -> None:
    """Vectors of Kafka's own test of its hash, as signed 32-bit numbers."""
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
    assert {key: murmur2(key) for key in known} == {key: value & 0xFFFFFFFF for key, value in known.items()}


def test_a_placement_remembers_what_it_says() -> None:
    placement = Placement(7)
    expected = [partition_of(f"cliente-{number}-é".encode(), 7) for number in range(50)]
    assert [placement.of(f"cliente-{number}-é") for number in range(50)] == expected
    assert [placement.of(f"cliente-{number}-é") for number in range(50)] == expected
    assert set(expected) == set(range(7))
