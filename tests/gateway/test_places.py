"""Cursors and instants of a query: what is none is refused with its field, and nothing else happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.problems import Refusal
from gateway.routes.places import MAX_ID, cursor_of, instant, number_cursor


@given(st.integers(0, MAX_ID))
def test_a_number_is_a_cursor(number: int) -> None:
    assert number_cursor(str(number)) == number


def test_no_cursor_is_the_beginning() -> None:
    assert number_cursor(None) is number_cursor("") is instant("since", "") is cursor_of(None, int) is None


# Python itself reads no number of more than 4,300 digits.
@pytest.mark.parametrize("text", [str(MAX_ID + 1), "9" * 5_000, "-1", "1.0", " 1", "x", "²", "١"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        number_cursor(text)
    assert (refused.value.status, refused.value.problem.field) == (400, "cursor")


@pytest.mark.parametrize("text", ["yesterday", "2026-11-21", "2026-11-21T10:00:00"])
def test_an_instant_has_a_zone(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        instant("since", text)
    assert refused.value.problem.field == "since"
