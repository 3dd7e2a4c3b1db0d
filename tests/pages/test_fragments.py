"""What a browser is told of a page is exactly what differs from what it has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from gateway.console.fragments import Drawing, Drawn, advance, since

NAMES = st.sampled_from("abcdefgh")


@st.composite
def drawings(draw: st.DrawFn) -> Drawn:
    """Parts with one of a few contents, and a list of some of them in some order."""
    parts = draw(st.dictionaries(NAMES, st.sampled_from(["one", "two"]), max_size=8))
    order = draw(st.permutations(sorted(parts)))
    return Drawn(parts, {"list": tuple(order)})


@given(st.lists(drawings(), min_size=1, max_size=8), st.data())
def test_whoever_was_away_gets_what_they_missed_and_nothing_else(drawn: list[Drawn], data: st.DataObject) -> None:
    held = [advance(None, drawn[0])]
    for one in drawn[1:]:
        held.append(advance(held[-1], one))
    last = data.draw(st.integers(0, len(held) - 1), label="the drawing that the browser has")
    seen, newest = held[last], held[-1]
    patch = since(newest, seen.number)
    have = {name: html for name, html in seen.drawn.parts.items() if name in newest.drawn.parts}
    assert have | dict(patch.parts) == dict(newest.drawn.parts)
    assert dict(seen.drawn.lists) | dict(patch.lists) == dict(newest.drawn.lists)
    # A part that was the same in every drawing since is not sent again.
    for name, html in patch.parts.items():
        assert any(one.drawn.parts.get(name) != html for one in held[last:])
    assert newest.drawn == drawn[-1]


def test_an_unknown_mark_gets_everything_and_the_newest_one_nothing() -> None:
    first = advance(None, Drawn({"a": "1", "b": "1"}, {}))
    held = advance(first, Drawn({"a": "2", "b": "1"}, {}))
    assert since(held, 1).parts == {"a": "2"}
    assert not since(held, held.number)
    for unknown in (0, -3, 99):
        assert since(held, unknown).parts == {"a": "2", "b": "1"}
    assert advance(held, Drawn({"a": "2", "b": "1"}, {})) is held


def test_a_part_that_is_gone_is_news_though_nothing_else_differs() -> None:
    held = advance(None, Drawn({"a": "1", "b": "1"}, {"list": ("a", "b")}))
    assert since(advance(held, Drawn({"a": "1"}, {"list": ("a",)})), held.number).lists == {"list": ("a",)}


def test_parts_and_lists_come_out_as_elements_whose_attributes_are_escaped() -> None:
    drawing = Drawing()
    inner = drawing.live("x", "tr", caller=lambda: Markup("<td>1</td>"), class_="row", data_few=True, title='"<&>')
    assert str(inner) == '<tr id="x" data-live class="row" data-few title="&#34;&lt;&amp;&gt;"><td>1</td></tr>'
    again = Drawing()
    body = lambda: again.live("y", caller=lambda: Markup("z"), hidden=False)  # noqa: E731
    outer = again.live_list("l", "ol", caller=body)
    assert str(outer) == '<ol id="l" data-list><div id="y" data-live>z</div></ol>'
    assert again.drawn() == Drawn({"y": '<div id="y" data-live>z</div>'}, {"l": ("y",)})


def test_a_template_that_nests_parts_or_repeats_an_id_is_refused() -> None:
    drawing = Drawing()
    with pytest.raises(ValueError, match="b: a live part inside another"):
        drawing.live("a", caller=lambda: drawing.live("b", caller=lambda: Markup("")))
    drawing.live("c", caller=lambda: Markup(""))
    with pytest.raises(ValueError, match="c: this id is used twice"):
        drawing.live("c", caller=lambda: Markup(""))
