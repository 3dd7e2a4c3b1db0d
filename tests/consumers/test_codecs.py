"""Consumers can read whatever a topic that apps or the gateway write to may be compressed with."""

from __future__ import annotations

from kafka.codec import has_gzip, has_lz4, has_snappy, has_zstd


def test_every_codec_of_kafka_is_there() -> None:
    """The gateway compresses by lz4: without it its letters would stop the recorder, and its events the timeline."""
    assert (has_gzip(), has_lz4(), has_snappy(), has_zstd()) == (True, True, True, True)
