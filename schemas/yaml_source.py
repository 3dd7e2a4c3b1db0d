"""YAML as plain data that remembers its lines, without YAML's traps.

A strict reading of YAML 1.2's core schema: duplicate keys, anchors, aliases and tags are refused; ``no``, ``18:00``
and ``007`` are text, as they look. So a file cannot mean anything that it does not show, and cannot grow while it is
read.
"""

import re
from collections.abc import Mapping

import yaml
from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES = 512 * 1024
MAX_DEPTH = 40

Path = tuple[str | int, ...]

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[-+]?(0|[1-9]\d{0,17})(\.\d+([eE][-+]?\d{1,2})?|[eE][-+]?\d{1,2})")


class Problem(Struct, frozen=True):
    """One thing that is wrong: its line (from 1; 0 where there is none), its field, and what would be right."""

    line: int
    field: str
    text: str

    def show(self, name: str) -> str:
        """The problem as one line: ``loop.yaml:12: route.receiver: ...``."""
        where = f"{name}:{self.line}" if self.line else name
        return f"{where}: {self.field}: {self.text}" if self.field else f"{where}: {self.text}"


class SourceError(ValueError):
    """Text that is not the YAML that is read here."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


class Source(Struct, frozen=True):
    """What a YAML text says (``None``, bool, int, float, str, list, dict of str), and where each part stands."""

    data: object
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of this part, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def show_path(path: Path) -> str:
    """A path for people: ``route.routes[0].match``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(text: str | bytes) -> Source:
    """Read one YAML document. Raises :class:`SourceError` for anything else, with its line."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise SourceError(Problem(0, "", f"{len(raw):,} bytes; give at most {MAX_BYTES:,}"))
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(Problem(line, "", "not UTF-8; save the file as UTF-8")) from None
    try:
        loader = _Loader(decoded)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        line = decoded[: error.position].count("\n") + 1
        raise SourceError(Problem(line, "", "a control character; remove it")) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise SourceError(Problem(mark.line + 1 if mark else 0, "", f"cannot be read as YAML: {said}")) from None
    if node is None:
        raise SourceError(Problem(0, "", "empty; start from the example loop.yaml of the project"))
    lines: dict[Path, int] = {}
    return Source(_build(node, (), node.start_mark.line + 1, lines), lines)


class _Loader(yaml.SafeLoader):
    """Composes nodes only: no object is ever constructed by YAML's own rules."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Compose the next node. Raises ``ComposerError`` for an anchor, an alias, or nesting without end."""
        event = self.peek_event()  # type: ignore[no-untyped-call] # PyYAML's stubs leave it out
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.composer.ComposerError(
                None, None, "anchors (&) and aliases (*) are not read; write the value out", event.start_mark
            )
        if getattr(event, "tag", None) is not None:
            raise yaml.composer.ComposerError(
                None, None, f"tags ({event.tag}) are not read; write the plain value", event.start_mark
            )
        if self._depth >= MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _build(node: Node, path: Path, line: int, lines: dict[Path, int]) -> object:
    """The node's data; ``line`` is where a reader looks for it: the line of its key or of its item."""
    lines[path] = line
    if isinstance(node, MappingNode):
        return _build_mapping(node, path, lines)
    if isinstance(node, SequenceNode):
        return [
            _build(child, (*path, number), child.start_mark.line + 1, lines) for number, child in enumerate(node.value)
        ]
    return _scalar(str(node.value), plain=isinstance(node, ScalarNode) and node.style is None)


def _build_mapping(node: MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise SourceError(Problem(line, show_path(path), "a key is text; this one is a list or a mapping"))
        key = str(key_node.value)
        if key in mapping:
            first = lines[*path, key]
            raise SourceError(
                Problem(line, show_path((*path, key)), f"given twice, first in line {first}; keep one of them")
            )
        mapping[key] = _build(value_node, (*path, key), line, lines)
    return mapping


def _scalar(text: str, *, plain: bool) -> object:
    if not plain:
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
