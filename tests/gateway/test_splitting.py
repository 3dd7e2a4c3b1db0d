"""Batches are cut into the very bytes that their sender wrote."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.splitting import TooMany, _cut, split_array, split_lines
from schemas.deadletters import InvalidEvent

scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
blanks = st.text(" \t\r\n", max_size=3)


@given(st.lists(values, max_size=8), blanks, st.booleans())
def test_both_ways_of_cutting_give_each_element_as_it_was_written(
    elements: list[object], blank: str, escaped: bool
) -> None:
    written = [json.dumps(element, ensure_ascii=escaped).encode("utf-8", "surrogatepass") for element in elements]
    body = (blank + "[" + blank).encode() + f"{blank},{blank}".encode().join(written) + f"{blank}]{blank}".encode()
    if written:
        assert _cut(body, 100) == written
    if b"\\ud" not in body and b"\xed" not in body:
        assert split_array(body, 100) == written


@given(st.binary(max_size=200))
def test_no_bytes_break_the_cutting(body: bytes) -> None:
    for cut in (split_array, split_lines):
        try:
            parts = cut(body, 10)
        except (InvalidEvent, TooMany):
            continue
        assert all(part in body for part in parts)


@pytest.mark.parametrize("body", [b"[1,2", b'["a', b"[1]]", b"[1] x", b"{}", b"[NaN, [}", b"[NaN}"])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as refused:
        split_array(body, 10)
    assert refused.value.reason == "not_json"


def test_more_elements_than_allowed_are_refused_by_both_ways() -> None:
    for body in (b"[1,2,3]", b"[1,2,NaN]"):
        assert len(split_array(body, 3)) == 3
        with pytest.raises(TooMany):
            split_array(body, 2)


def test_a_batch_of_nothing_but_signs_is_cut_by_its_elements_alone() -> None:
    many = b"," * 2_000_000
    assert split_array(b"[[" + many + b"],NaN]", 10) == [b"[" + many + b"]", b"NaN"]
    strings = b"[" + b'"],[",' * 500_000 + b"1]"
    assert split_array(b"[NaN," + strings + b"]", 10) == [b"NaN", strings]


def test_more_brackets_than_events_have_are_refused() -> None:
    event = b"[" + b"[]," * 1_000 + b"1]"
    assert split_array(b"[NaN," + event + b"]", 10) == [b"NaN", event]
    with pytest.raises(InvalidEvent):
        split_array(b"[NaN," + b"[" + b"[]," * 200_000 + b"1]]", 10)


@pytest.mark.parametrize("cut", ["array", "lines"])
def test_millions_of_elements_take_no_more_memory_than_their_bytes(cut: str) -> None:
    body = b"[" + b"12," * 1_500_000 + b"12]" if cut == "array" else b"12\n \n" * 900_000
    tracemalloc.start()
    try:
        with pytest.raises(TooMany):
            (split_array if cut == "array" else split_lines)(body, 5_000)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(body)
    finally:
        tracemalloc.stop()
