"""The live parts of a page: what was drawn, what changed since a mark, and nothing else. Pure.

A template marks what may change with ``live`` (one element) and ``live_list`` (an element whose children are live
parts, which come, go and move). A drawing is compared with the one before it; who follows the page gets the parts that
differ. Every part remembers at which drawing it changed last, so that whoever was away gets exactly what they missed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape
from msgspec import Struct


class Drawn(Struct, frozen=True):
    """The live parts of one drawing: their outer HTML by element id, and the children of the lists by theirs."""

    parts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]


class Held(Struct, frozen=True):
    """The newest drawing of a page. ``changed`` says for each part and list the drawing in which it changed last."""

    number: int
    drawn: Drawn
    changed: Mapping[str, int]


class Patch(Struct, frozen=True):
    """What turns an older drawing into the newest one: parts to put in, and lists to set in order."""

    parts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]

    def __bool__(self) -> bool:
        return bool(self.parts or self.lists)


def advance(held: Held | None, drawn: Drawn) -> Held:
    """The newest drawing in the place of the one before it; the same one, if nothing differs."""
    if held is None:
        return Held(1, drawn, dict.fromkeys([*drawn.parts, *drawn.lists], 1))
    changed = {
        name
        for new, old in ((drawn.parts, held.drawn.parts), (drawn.lists, held.drawn.lists))
        for name, value in new.items()
        if old.get(name) != value
    }
    gone = len(drawn.parts) != len(held.drawn.parts) or len(drawn.lists) != len(held.drawn.lists)
    if not changed and not gone:
        return held
    number = held.number + 1
    marks = {name: number if name in changed else held.changed[name] for name in [*drawn.parts, *drawn.lists]}
    return Held(number, drawn, marks)


def since(held: Held, number: int) -> Patch:
    """What changed after the drawing of this number; everything, for a number that was never reached."""
    after = number if 0 < number <= held.number else 0
    return Patch(
        {name: html for name, html in held.drawn.parts.items() if held.changed[name] > after},
        {name: order for name, order in held.drawn.lists.items() if held.changed[name] > after},
    )


class Drawing:
    """Collects the live parts while one template is drawn; its two methods are what the template calls."""

    def __init__(self) -> None:
        self._parts: dict[str, str] = {}
        self._lists: dict[str, tuple[str, ...]] = {}
        self._open: list[list[str] | None] = []

    def drawn(self) -> Drawn:
        """What was collected."""
        return Drawn(self._parts, self._lists)

    def live(self, name: str, tag: str = "div", *, caller: Callable[[], Markup], **attributes: Any) -> Markup:
        """One element that is put in anew when it differs; ``name`` is its id. Live parts do not hold others.

        Attributes: ``class_`` is ``class``, other underscores are hyphens, ``None`` and ``False`` leave one out.
        Raises ``ValueError`` for an id used twice and for a part inside a part.
        """
        self._check(name)
        if self._open and self._open[-1] is None:
            raise ValueError(f"{name}: a live part inside another")
        if self._open and self._open[-1] is not None:
            self._open[-1].append(name)
        self._open.append(None)
        try:
            body = caller()
        finally:
            self._open.pop()
        html = _element(tag, {"id": name, "data_live": True, **attributes}, body)
        self._parts[name] = str(html)
        return html

    def live_list(self, name: str, tag: str = "div", *, caller: Callable[[], Markup], **attributes: Any) -> Markup:
        """An element whose children are live parts alone. Raises ``ValueError`` as :meth:`live` does."""
        self._check(name)
        if self._open:
            raise ValueError(f"{name}: a live list inside another live part")
        children: list[str] = []
        self._open.append(children)
        try:
            body = caller()
        finally:
            self._open.pop()
        self._lists[name] = tuple(children)
        return _element(tag, {"id": name, "data_list": True, **attributes}, body)

    def _check(self, name: str) -> None:
        if name in self._parts or name in self._lists:
            raise ValueError(f"{name}: this id is used twice")


def _element(tag: str, attributes: Mapping[str, Any], body: Markup) -> Markup:
    said = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{tag}{said}>{body}</{tag}>")  # noqa: S704 - tag is the template's own, values are escaped
