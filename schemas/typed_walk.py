"""Find every place where plain data does not fit a msgspec type, with its exact path.

msgspec stops at the first problem and names a mapping's entry only as ``[...]``. A person who edits a file wants all
problems at once, each with its line; so the types are walked here, and msgspec judges the leaves.
"""

import difflib
import re
import types
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from schemas.yaml_source import Path

Misfit = tuple[Path, str]

_NAMES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def misfits(data: object, kind: Any, path: Path = ()) -> Iterator[Misfit]:
    """Every place where ``data`` does not fit the type ``kind``: its path, what is wrong and what would be right."""
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield from _struct(data, kind, path)
    elif origin in (types.UnionType, Union):
        yield from _union(data, get_args(kind), kind, path)
    elif origin is dict:
        yield from _mapping(data, get_args(kind)[0], get_args(kind)[1], path)
    elif origin is list:
        yield from _items(data, [get_args(kind)[0]] * len(data) if isinstance(data, list) else [], path)
    elif origin is tuple:
        yield from _items(data, list(get_args(kind)), path, exactly=len(get_args(kind)))
    elif origin is Literal:
        known = [str(word) for word in get_args(kind)]
        if data not in known:
            yield path, unknown_word(data, known)
    else:
        yield from _leaf(data, kind, path)


def unknown_word(word: object, known: Iterable[str]) -> str:
    """What to say about a word that is not among the known ones; names the nearest."""
    words = sorted(set(known))
    near = difflib.get_close_matches(str(word), words, n=1, cutoff=0.6)
    said = f"{show_value(word)} is not known"
    if near:
        return f"{said}; did you mean {near[0]}?"
    if not words:
        return f"{said}; none is declared"
    more = ", ..." if len(words) > 12 else ""
    return f"{said}; known: {', '.join(words[:12])}{more}"


def show_value(value: object) -> str:
    """A value of the file in a few characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text[:40]}...`" if len(text) > 40 else f"`{text}`"


def _struct(data: object, kind: type[Struct], path: Path) -> Iterator[Misfit]:
    if not isinstance(data, dict):
        yield path, f"expected a mapping, got {show_value(data)}"
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    config = kind.__struct_config__
    tags = {config.tag_field} if config.tag_field else set()
    for key in data:
        if key not in fields and key not in tags:
            yield (*path, key), unknown_word(key, [*fields, *tags])
    for name, field in fields.items():
        if name in data:
            yield from misfits(data[name], field.type, (*path, name))
        elif field.required:
            yield (*path, name), "missing; it has to be given"


def _union(data: object, options: tuple[Any, ...], kind: Any, path: Path) -> Iterator[Misfit]:
    """Judge by the option that the data looks like, so that its own problems are named."""
    if data is None and type(None) in options:
        return
    rest = [option for option in options if option is not type(None)]
    structs = [option for option in rest if isinstance(option, type) and issubclass(option, Struct)]
    listed = next((option for option in rest if get_origin(option) is list), None)
    if len(rest) == 1:
        yield from misfits(data, rest[0], path)
    elif structs and (isinstance(data, dict) or len(structs) == len(rest)):
        yield from _tagged(data, structs, path) if len(structs) > 1 else _struct(data, structs[0], path)
    elif listed is not None and isinstance(data, list):
        yield from misfits(data, listed, path)
    else:
        yield from _leaf(data, kind, path)


def _tagged(data: object, structs: list[type[Struct]], path: Path) -> Iterator[Misfit]:
    tag_field = structs[0].__struct_config__.tag_field or "type"
    if not isinstance(data, dict):
        yield path, f"expected a mapping, got {show_value(data)}"
        return
    by_tag = {str(struct.__struct_config__.tag): struct for struct in structs}
    if tag_field not in data:
        yield (*path, tag_field), f"missing; give one of {', '.join(sorted(by_tag))}"
    elif data[tag_field] not in by_tag:
        yield (*path, tag_field), unknown_word(data[tag_field], by_tag)
    else:
        yield from _struct(data, by_tag[data[tag_field]], path)


def _mapping(data: object, key_kind: Any, value_kind: Any, path: Path) -> Iterator[Misfit]:
    if not isinstance(data, dict):
        yield path, f"expected a mapping, got {show_value(data)}"
        return
    for key, value in data.items():
        yield from misfits(key, key_kind, (*path, key))
        yield from misfits(value, value_kind, (*path, key))


def _items(data: object, kinds: list[Any], path: Path, exactly: int | None = None) -> Iterator[Misfit]:
    if not isinstance(data, list):
        yield path, f"expected a list, got {show_value(data)}"
        return
    if exactly is not None and len(data) != exactly:
        yield path, f"expected a list of {exactly}, got {len(data)}"
        return
    for number, (item, kind) in enumerate(zip(data, kinds, strict=True)):
        yield from misfits(item, kind, (*path, number))


def _leaf(data: object, kind: Any, path: Path) -> Iterator[Misfit]:
    try:
        msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        yield path, _say(str(error), data, kind)


def _say(said: str, data: object, kind: Any) -> str:
    """msgspec's words, in the reader's."""
    description = _description(kind)
    if description and "matching regex" in said:
        return f"{show_value(data)} does not fit; give {description[0].lower()}{description[1:].rstrip('.')}"
    if kind is date:
        return f"{show_value(data)} is no date; give one such as 2026-12-25"
    wanted, comma, _ = said.partition(", got ")
    for name, words in _NAMES.items():
        wanted = re.sub(rf"\b{name}\b", words, wanted)
    wanted = wanted.replace("`", "").replace(" | ", " or ").replace("Expected", "expected")
    got = f"the text {show_value(data)}" if isinstance(data, str) else show_value(data)
    return f"{wanted}, got {got}" if comma else f"{got} does not fit; {wanted}"


def _description(kind: Any) -> str | None:
    if get_origin(kind) is not Annotated:
        return None
    return next((meta.description for meta in get_args(kind)[1:] if isinstance(meta, Meta) and meta.description), None)
