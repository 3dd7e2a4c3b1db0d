"""Whoever a dead letter may be about is found in it, however it is broken; and nobody makes that dear."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.erased_shapes import detail_left, event_word
from schemas.erasures import Erased, Erasure, digest_of
from schemas.letter_names import names_in
from tests.consumers.alerts import NOW

IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)


@given(IDS, st.integers(0, 700), st.booleans())
def test_an_id_is_found_in_any_document(name: str, deep: int, listed: bool) -> None:
    document: object = {"id": name}
    for _ in range(deep):
        document = [document] if listed else {"in": document}
    assert name in names_in(None, msgspec.json.encode(document))


@given(IDS.filter(lambda name: '"' not in name and "\\" not in name), st.integers(0, 40))
def test_an_id_is_found_in_a_document_that_breaks_off_or_lacks_a_quotation_mark(name: str, cut: int) -> None:
    whole = msgspec.json.encode({"a": "x", "customer_id": name, "comment": "y" * 20}).decode()
    assert name in names_in(None, whole[: len(whole) - min(cut, 20)].encode())
    assert name in names_in(None, whole.replace('"', "", 1).encode())


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b'{"customer":4711}', "4711"),
        (b"ms jones;3;late again", "ms jones"),
        (b"score=3&user=ana%40shop.example", "ana@shop.example"),
        (b"customer c42 said", "c42"),
        (b'{"u":"\\u0063\\u0034\\u0032", ', "c42"),
        (b"c42", "c42"),
        (b"\xff\xfe{'user': 'c42'}", "c42"),
    ],
)
def test_an_id_is_found_in_what_is_no_event(value: bytes, name: str) -> None:
    assert name in names_in(None, value)
    assert name in names_in(value, None)
    assert name in names_in(None, None, [("h", value)])


def test_no_part_of_an_id_is_taken_for_another() -> None:
    assert "c4" not in names_in(b"c42", b'{"customer_id":"c42","comment":"c4x"')


@pytest.mark.parametrize("hostile", ['"\\', '\\"', '"' * 2, "a,", "\\u0061", "%41", "[", '{"a":'])
def test_a_hostile_letter_takes_no_time_worth_telling(hostile: str) -> None:
    took = time.process_time()
    names_in(None, (hostile * (256 * 1024 // len(hostile))).encode())
    assert time.process_time() - took < 10  # about 0.1 s; quadratic, it would be minutes


def test_a_hash_tells_only_whoever_has_the_salt_and_only_until_the_erasure() -> None:
    erased = Erased([Erasure(digest_of("c42", "00" * 16), "00" * 16, "erased-1", NOW)])
    assert erased.word("c42", NOW) == "erased-1"
    assert erased.word("c43", NOW) is None
    assert erased.word("c42", NOW.replace(year=2027)) is None
    assert digest_of("c42", "00" * 16) != digest_of("c42", "01" * 16)
    later = Erasure(digest_of("c42", "00" * 16), "00" * 16, "erased-2", NOW.replace(year=2028))
    both = Erased([later, *[Erasure(digest_of("c42", "00" * 16), "00" * 16, "erased-1", NOW)]])
    assert [both.word("c42", NOW), both.word("c42", NOW.replace(year=2027))] == ["erased-1", "erased-2"]


def test_what_a_history_says_stays_by_name_alone() -> None:
    said = {"note": "Ana", "why": "she", "root_cause": "billing", "of_a_later_version": "Ana"}
    assert detail_left(said) == {"root_cause": "billing"}
    assert event_word("erased-1", "/shop", "r-1") == event_word("erased-1", "/shop", "r-1")
    assert len({event_word(word, "/shop", "r-1") for word in ("erased-1", "erased-2")}) == 2
