"""What Slack refuses about messages, views and metadata, as pure functions of the JSON an app sent.

Each check returns the problems it found, worded `what is wrong [json-pointer:/where]`; an empty list is a pass.
The limits are those of Slack's Block Kit reference.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from closeloop.sandbox.elements import check_element, check_keys, check_text, problem
from closeloop.sandbox.model import Json, SlackError

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_TEXT = 40_000
"""Characters of top-level text that are kept; Slack cuts the rest."""
BLOCKS_CHARACTERS = 13_200
"""Characters over all blocks of one message beyond which Slack was seen to answer `msg_blocks_too_long`."""
METADATA_BYTES = 16_000
VIEW_BYTES = 250_000

_BROADCAST = re.compile(r"<!(channel|here|everyone)(?:\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto|tel|slack|ftp|[a-z][a-z0-9+.-]*):[^|>]*)(?:\|[^>]*)?>", re.IGNORECASE)
_ANGLES = re.compile(r"<[^<>]*>")
_AUTOMATIC = re.compile(
    r"(?:https?|ftp|slack)://[^\s<>]+|\bwww\.[^\s<>]+|\bmailto:[^\s<>]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w.-]+"
    r"|(?<!\w)@(?:channel|here|everyone)\b|(?<![\w&])#[a-z][a-z0-9_-]+",
    re.IGNORECASE,
)
"""What Slack makes a link or a mention by itself: addresses, mail addresses, broadcasts and names of channels."""
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def _section(block: Json, where: str) -> Iterator[str]:
    fields = block.get("fields")
    if block.get("text") is None and not fields:
        yield problem("a section needs text or fields", where)
    if block.get("text") is not None:
        yield from check_text(block["text"], f"{where}/text", 3000)
    if fields is not None:
        if not isinstance(fields, list) or not 1 <= len(fields) <= 10:
            yield problem("a section has 1 to 10 fields", f"{where}/fields")
        else:
            for index, field in enumerate(fields):
                yield from check_text(field, f"{where}/fields/{index}", 2000)
    if block.get("accessory") is not None:
        yield from check_element(block["accessory"], f"{where}/accessory", "section")


def _header(block: Json, where: str) -> Iterator[str]:
    yield from check_text(block.get("text"), f"{where}/text", 150, plain=True)


def _actions(block: Json, where: str) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        yield problem("an actions block has 1 to 25 elements", f"{where}/elements")
        return
    for index, element in enumerate(elements):
        yield from check_element(element, f"{where}/elements/{index}", "actions")


def _context(block: Json, where: str) -> Iterator[str]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        yield problem("a context block has 1 to 10 elements", f"{where}/elements")
        return
    for index, element in enumerate(elements):
        place = f"{where}/elements/{index}"
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element, place)
        else:
            yield from check_text(element, place, 3000)


def _image(block: Json, where: str) -> Iterator[str]:
    if not block.get("image_url") and not block.get("slack_file"):
        yield problem("an image needs image_url or slack_file", where)
    alt = block.get("alt_text")
    if not isinstance(alt, str) or len(alt) > 2000:
        yield problem("alt_text must be a string of at most 2000 characters", f"{where}/alt_text")


def _input(block: Json, where: str) -> Iterator[str]:
    yield from check_text(block.get("label"), f"{where}/label", 2000, plain=True)
    if block.get("hint") is not None:
        yield from check_text(block["hint"], f"{where}/hint", 2000, plain=True)
    yield from check_element(block.get("element"), f"{where}/element", "input")


def _markdown(block: Json, where: str) -> Iterator[str]:
    text = block.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= 12_000:
        yield problem("markdown text must be 1 to 12000 characters", f"{where}/text")


def _anything(_block: Json, _where: str) -> Iterator[str]:
    yield from ()


_BLOCKS: dict[str, Callable[[Json, str], Iterator[str]]] = {
    "section": _section,
    "header": _header,
    "actions": _actions,
    "context": _context,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "divider": _anything,
    "rich_text": _anything,
    "table": _anything,
    "video": _anything,
    "file": _anything,
}


def elements_of(block: Json) -> list[Json]:
    """The elements of a block in the order shown: those of actions and context, an accessory, an input's."""
    listed = block.get("elements")
    found = [*(listed if isinstance(listed, list) else ()), block.get("accessory"), block.get("element")]
    return [element for element in found if isinstance(element, dict)]


def interactive_elements(block: Json) -> list[Json]:
    """The elements of a block that carry an action_id."""
    return [element for element in elements_of(block) if "action_id" in element and "type" in element]


def check_blocks(blocks: Any, limit: int) -> list[str]:
    """Problems of a list of blocks: count, types, sizes, and ids used twice."""
    if not isinstance(blocks, list):
        return [problem("blocks must be an array", "/blocks")]
    if len(blocks) > limit:
        return [problem(f"no more than {limit} items allowed", "/blocks")]
    problems: list[str] = []
    block_ids: set[str] = set()
    for index, block in enumerate(blocks):
        where = f"/blocks/{index}"
        check = _BLOCKS.get(str(block.get("type"))) if isinstance(block, dict) else None
        if check is None:
            kind = block.get("type") if isinstance(block, dict) else block
            problems.append(problem(f"unsupported type: {kind}", f"{where}/type"))
            continue
        problems.extend(check(block, where))
        problems.extend(check_keys(block, str(block["type"]), where))
        block_id = block.get("block_id")
        if block_id is not None:
            if not isinstance(block_id, str) or not 1 <= len(block_id) <= 255:
                problems.append(problem("block_id must be 1 to 255 characters", f"{where}/block_id"))
            elif block_id in block_ids:
                problems.append(problem(f"block_id {block_id} already exists", f"{where}/block_id"))
            else:
                block_ids.add(block_id)
        action_ids = [str(element["action_id"]) for element in interactive_elements(block)]
        problems.extend(
            problem(f"action_id {name} already exists in this block", where)
            for name in sorted({name for name in action_ids if action_ids.count(name) > 1})
        )
    return problems


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("type", "block_id", "action_id", "value"):
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def check_message(text: Any, blocks: Any) -> None:
    """Refuse a message as chat.postMessage would.

    Raises:
        SlackError: `no_text`, `invalid_blocks`, `invalid_blocks_format` or `msg_blocks_too_long`.
    """
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format", problem("blocks must be an array", "/blocks"))
    if not blocks and (not isinstance(text, str) or not text.strip()):
        raise SlackError("no_text")
    if blocks:
        problems = check_blocks(blocks, MESSAGE_BLOCKS)
        if problems:
            raise SlackError("invalid_blocks", *problems)
        if sum(len(part) for part in _strings(blocks)) > BLOCKS_CHARACTERS:
            raise SlackError("msg_blocks_too_long")


def check_metadata(metadata: Any) -> None:
    """Refuse message metadata that is not `{event_type, event_payload}` with a flat payload.

    Raises:
        SlackError: `invalid_metadata_format`, `invalid_metadata_schema` or `metadata_too_large`.
    """
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format", problem("metadata must be an object", "/metadata"))
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(event_type, str) or not event_type:
        raise SlackError("invalid_metadata_format", problem("event_type must be a string", "/metadata"))
    if not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format", problem("event_payload must be an object", "/metadata"))
    for key, value in payload.items():
        if not isinstance(value, str | int | float | bool):
            where = f"/metadata/event_payload/{key}"
            raise SlackError("invalid_metadata_schema", problem("values must be flat", where))
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise SlackError("metadata_too_large")


def check_view(view: Any, kind: str) -> None:
    """Refuse a view as views.open (`kind` modal) or views.publish (`kind` home) would.

    Raises:
        SlackError: `invalid_arguments`, with one message a problem, or `view_too_large`.
    """
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", problem("view must be an object", "/view"))
    problems = [] if view.get("type") == kind else [problem(f"type must be {kind}", "/view/type")]
    if kind == "modal":
        problems.extend(check_text(view.get("title"), "/view/title", 24, plain=True))
        for name in ("submit", "close"):
            if view.get(name) is not None:
                problems.extend(check_text(view[name], f"/view/{name}", 24, plain=True))
    blocks = view.get("blocks")
    if not blocks:
        problems.append(problem("a view needs at least one block", "/view/blocks"))
    else:
        problems.extend(check_blocks(blocks, VIEW_BLOCKS))
        inputs = [b for b in blocks if isinstance(b, dict) and b.get("type") == "input"]
        if kind == "modal" and inputs and not view.get("submit"):
            problems.append(problem("a modal with input blocks needs submit", "/view/submit"))
    for name, limit in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if len(str(view.get(name) or "")) > limit:
            problems.append(problem(f"must be at most {limit} characters", f"/view/{name}"))
    if problems:
        raise SlackError("invalid_arguments", *problems)
    if len(json.dumps(view, ensure_ascii=False).encode(errors="replace")) > VIEW_BYTES:
        raise SlackError("view_too_large")


def mentions(text: str, blocks: list[Json]) -> list[str]:
    """Who a message notifies: user ids and `!channel`, `!here`, `!everyone`, each once, in order of appearance.

    Blocks decide if there are any, as in Slack; `plain_text` objects never mention anybody.
    """
    found: dict[str, None] = {}
    for part in [part for part, _ in _texts(blocks)] if blocks else [text]:
        for match in re.finditer(rf"{_USER.pattern}|{_BROADCAST.pattern}", part):
            found[match.group(1) or f"!{match.group(2)}"] = None
    return list(found)


def links(text: str, blocks: list[Json], parse: str = "") -> list[str]:
    """Where a message leads: addresses in angle brackets, each once, and what Slack makes a link or a mention itself.

    The latter are bare addresses, `@here` and the like, and `#names`, in every mrkdwn text that is not `verbatim` and
    in a message without blocks that was not sent with `parse` "none". A `plain_text` object leads nowhere.
    """
    found: dict[str, None] = {}
    parts = list(_texts(blocks)) if blocks else [(text, parse == "none")]
    for part, verbatim in parts:
        found.update(dict.fromkeys(match.group(1) for match in _LINK.finditer(part)))
        if not verbatim:
            found.update(dict.fromkeys(match.group() for match in _AUTOMATIC.finditer(_ANGLES.sub(" ", part))))
    return list(found)


def _texts(value: Any) -> Iterator[tuple[str, bool]]:
    """Every mrkdwn text in blocks, and whether it is verbatim."""
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn" and isinstance(value.get("text"), str):
            yield value["text"], value.get("verbatim") is True
        else:
            for inner in value.values():
                if isinstance(inner, dict | list):
                    yield from _texts(inner)
