"""What Slack refuses, or must never be sent, and slack-sdk does not check. Pure.

Limits: https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/reference/methods/chat.postMessage.
"""

import re
from collections.abc import Iterator
from typing import Any

from consumers.slack.render import Card

MAX_BLOCKS = 50
MAX_TEXT = 4_000
MAX_CARD = 6_000
"""Characters of all blocks together: Slack has refused messages of about twice this, without documenting a limit."""

_LIVE_MENTION = re.compile(r"<!(?!date\^)")
_LOOSE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")


def check_message(card: Card) -> list[str]:
    """The problems of a card, in words; empty when Slack will take it."""
    problems = list(_check_text(card.text, "text", MAX_TEXT))
    if len(card.blocks) > MAX_BLOCKS:
        problems.append(f"blocks: {len(card.blocks)}; at most {MAX_BLOCKS}")
    block_ids = [str(block["block_id"]) for block in card.blocks]
    problems += [f"block_id {name}: used twice" for name in sorted(_repeated(block_ids))]
    for block in card.blocks:
        problems += _check_block(block)
    total = sum(len(text) for block in card.blocks for text in _texts(block))
    if total > MAX_CARD:
        problems.append(f"blocks: {total} characters together; at most {MAX_CARD}")
    return problems


def _check_block(block: dict[str, Any]) -> Iterator[str]:
    name = str(block["block_id"])
    if len(name) > 255:
        yield f"block_id {name[:20]}: over 255 characters"
    limits = {"header": 150, "section": 3000, "context": 3000}
    if isinstance(block.get("text"), dict):
        plain = block["text"]["type"] == "plain_text"
        yield from _check_text(block["text"]["text"], name, limits[block["type"]], plain=plain)
    for field in block.get("fields", []):
        yield from _check_text(field["text"], f"{name}.fields", 2000)
    if len(block.get("fields", [])) > 10:
        yield f"{name}: over 10 fields"
    elements = block.get("elements", [])
    if block["type"] == "context":
        for element in elements:
            yield from _check_text(element["text"], name, 3000)
    if block["type"] == "actions":
        ids = [str(element["action_id"]) for element in elements]
        yield from (f"action_id {action}: used twice in {name}" for action in sorted(_repeated(ids)))
        for element in elements:
            if len(element.get("value", "")) > 2000:
                yield f"{name}: a button's value is over 2000 characters"
            for option in element.get("options", []):
                if len(option["value"]) > 150:
                    yield f"{name}: an option's value is over 150 characters"


def _check_text(text: str, where: str, limit: int, *, plain: bool = False) -> Iterator[str]:
    if not text.strip():
        yield f"{where}: empty text"
    if len(text) > limit:
        yield f"{where}: {len(text)} characters; at most {limit}"
    if _LIVE_MENTION.search(text):
        yield f"{where}: a broadcast that was not escaped"
    if not plain and _LOOSE_AMPERSAND.search(text):
        yield f"{where}: an ampersand that was not escaped, or an entity that was cut"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            elif isinstance(inner, dict | list):
                yield from _texts(inner)


def _repeated(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
