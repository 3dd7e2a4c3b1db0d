from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.chunks import Chunk, OffsetLedger, split


@dataclass
class Rec:
    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b""
    headers: tuple[tuple[str, bytes], ...] = ()


def chunk(*offsets: int) -> Chunk:
    return Chunk("t", 0, [Rec(offset) for offset in offsets])


@given(st.lists(st.integers(0, 10_000), min_size=1, unique=True).map(sorted), st.integers(1, 50))
def test_splitting_keeps_every_record_in_order_and_the_limit(offsets: list[int], limit: int) -> None:
    chunks = list(split("t", 3, [Rec(offset) for offset in offsets], limit))
    assert [record.offset for part in chunks for record in part.records] == offsets
    assert all(1 <= len(part) <= limit for part in chunks)
    assert [(part.first, part.last) for part in chunks] == [
        (part.records[0].offset, part.records[-1].offset) for part in chunks
    ]


@given(st.data())
def test_only_an_unbroken_run_of_released_chunks_may_be_committed(data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=12))
    chunks, at = [], 0
    for step in steps:
        at += step  # holes of any size
        chunks.append(chunk(at))
    ledger = OffsetLedger()
    for one in chunks:
        ledger.deliver(one)
    released: set[int] = set()
    for index in data.draw(st.permutations(range(len(chunks)))):
        ledger.release(chunks[index])
        released.add(index)
        run = 0
        while run in released:
            run += 1
        assert ledger.committable == (chunks[run - 1].last + 1 if run else None)
    assert ledger.open_records == 0


def test_a_chunk_of_an_earlier_delivery_allows_no_commit() -> None:
    before, again = chunk(5, 6), chunk(5, 6)
    ledger = OffsetLedger()
    ledger.deliver(again)
    assert not ledger.release(before)
    assert ledger.committable is None
    assert ledger.release(again)
    assert not ledger.release(again)
    assert ledger.committable == 7


def test_a_delivery_from_before_the_last_one_is_refused() -> None:
    ledger = OffsetLedger()
    ledger.deliver(chunk(5, 6))
    with pytest.raises(ValueError, match="not reset by a seek"):
        ledger.deliver(chunk(6, 7))
    ledger = OffsetLedger()
    done = chunk(5, 6)
    ledger.deliver(done)
    ledger.release(done)
    with pytest.raises(ValueError, match="not reset by a seek"):
        ledger.deliver(chunk(4))
