"""Compressed bodies: unpacked up to the limit, refused beyond it before the memory is taken."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.encodings import (
    BrokenError,
    NotReadError,
    TooLargeError,
    _Decompressor,
    _decompressor,
    known_encoding,
    unpack,
    zstd,
)
from tests.gateway.conftest import Served
from tests.gateway.examples import encoded, response

JSON = {"content-type": "application/json"}
PACK = {"gzip": gzip.compress, "zstd": zstd.compress}
LIMIT = 5 * 1024 * 1024


@pytest.mark.parametrize(
    ("header", "encoding"),
    [("", ""), ("identity", ""), (" GZIP ", "gzip"), ("x-gzip", "gzip"), ("zstd", "zstd"), ("identity, zstd", "zstd")],
)
def test_encodings_that_are_read(header: str, encoding: str) -> None:
    assert known_encoding(header) == encoding


@pytest.mark.parametrize("header", ["br", "deflate", "gzip, zstd", "gzip, gzip", "zstd,br", "\x00"])
def test_encodings_that_are_not(header: str) -> None:
    with pytest.raises(NotReadError):
        known_encoding(header)


@settings(max_examples=40)
@given(
    st.sampled_from(["gzip", "zstd"]), st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 900)
)
def test_whatever_was_packed_comes_out_up_to_the_limit_and_not_a_byte_beyond_it(
    encoding: str, pieces: list[bytes], limit: int
) -> None:
    whole = b"".join(pieces)
    body = b"".join(PACK[encoding](piece) for piece in pieces)  # several members, several frames
    if len(whole) <= limit:
        assert unpack(encoding, body, limit) == whole
    else:
        with pytest.raises(TooLargeError):
            unpack(encoding, body, limit)


@settings(max_examples=40)
@given(st.sampled_from(["gzip", "zstd"]), st.binary(max_size=400))
def test_any_bytes_at_all_are_unpacked_or_refused(encoding: str, body: bytes) -> None:
    try:
        assert len(unpack(encoding, body, 1000)) <= 1000
    except (BrokenError, TooLargeError):
        return


@settings(max_examples=40)
@given(st.sampled_from(["gzip", "zstd"]), st.data())
def test_a_body_that_ends_early_is_broken(encoding: str, data: st.DataObject) -> None:
    body = PACK[encoding](b"the whole of it " * 20)
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(BrokenError):
        unpack(encoding, body[:cut], LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_takes_no_more_memory_than_the_limit(encoding: str) -> None:
    if encoding == "gzip":
        packer = zlib.compressobj(1, wbits=31)
        bomb = b"".join(packer.compress(bytes(10_000_000)) for _ in range(8)) + packer.flush()
    else:
        bomb = zstd.compress(bytes(80_000_000))
    assert len(bomb) < 400_000  # 80 MB and more
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpack(encoding, bomb, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_what_comes_behind_a_small_member_is_not_copied_for_each_of_them(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, behind = PACK[encoding](b""), bytes(4_000_000)  # which is no member: so nothing is unpacked of it
    body = small * 500 + behind
    copied = 0

    def counting(name: str) -> _Decompressor:
        part = _decompressor(name)

        class Counted:
            eof = property(lambda _: part.eof)
            unused_data = property(lambda _: part.unused_data)

            def decompress(self, data: memoryview, most: int) -> bytes:
                nonlocal copied
                copied += len(data)
                return part.decompress(data, most)

        return Counted()

    monkeypatch.setattr("gateway.encodings._decompressor", counting)
    with pytest.raises(BrokenError):
        unpack(encoding, body, LIMIT)
    assert copied < 40_000_000


def test_a_window_larger_than_the_standard_allows_is_refused() -> None:
    parameters = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.checksum_flag: 1}
    packer = zstd.ZstdCompressor(options=parameters)
    with pytest.raises(BrokenError):  # a stream of unknown length claims its whole window
        unpack("zstd", packer.compress(b"x" * 1000) + packer.flush(), LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_of_empty_parts_is_no_work_without_end(encoding: str) -> None:
    with pytest.raises(BrokenError):
        unpack(encoding, PACK[encoding](b"") * 100_000, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_compressed_request_is_taken_byte_for_byte(gateway: Served, encoding: str) -> None:
    lines = [encoded(response(number, comment="é")) for number in range(500)]  # large enough for a thread, too
    answer = gateway.client.post(
        "/v1/events",
        content=PACK[encoding](b"\n".join(lines)),
        headers={"content-type": "application/x-ndjson", "content-encoding": encoding},
    )
    assert (answer.status_code, answer.json()["accepted"]) == (202, 500)
    assert [record.value for record in gateway.kafka.records] == lines


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_compressed_request_that_cannot_be_taken(gateway: Served, encoding: str) -> None:
    def status(content: bytes, said: str) -> tuple[int, str]:
        answer = gateway.client.post("/v1/events", content=content, headers={**JSON, "content-encoding": said})
        return answer.status_code, answer.json()["error"]["reason"]

    assert status(PACK[encoding](b" " * (LIMIT + 1)), encoding) == (413, "too_large")
    assert status(encoded(response()), encoding) == (400, "encoding")
    assert status(b"", encoding) == (400, "encoding")
    assert status(PACK[encoding](b"x"), "br") == (415, "encoding")
    assert status(PACK[encoding](b"x"), f"{encoding}, {encoding}") == (415, "encoding")
    assert gateway.kafka.records == []
    refused = gateway.client.post("/v1/events", content=b"x", headers={**JSON, "content-encoding": "br"})
    assert refused.headers["accept-encoding"] == "gzip, zstd"
