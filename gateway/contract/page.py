"""The page: drawn once, because nothing on it changes while a gateway runs."""

import msgspec
from markupsafe import Markup, escape
from msgspec import Struct

from gateway.console.rendering import environment
from gateway.contract.reading import (
    Document,
    Message,
    Operation,
    Topic,
    read_message,
    read_operations,
    read_topics,
)
from schemas.contract import MESSAGES, asyncapi, json_schema

OPENAPI = "openapi.json"
ASYNCAPI = "asyncapi.json"


class Contract(Struct, frozen=True):
    """All that the page shows."""

    version: str
    topics: list[Topic]
    messages: list[Message]
    operations: list[Operation]


def contract_of(openapi: Document) -> Contract:
    """The contract of this gateway; ``openapi`` is its own document."""
    return Contract(
        str(openapi["info"]["version"]),
        read_topics(asyncapi()),
        [read_message(name, json_schema(name)) for name in MESSAGES],
        read_operations(openapi),
    )


def draw(contract: Contract) -> str:
    """The page as HTML, in English: it is for those who write programs."""
    return environment().get_template("contract.html").render(contract=contract, coded=_coded)


def _coded(text: str) -> Markup:
    """A text whose words in backticks are code."""
    pieces = text.replace("``", "`").split("`")
    parts = [
        escape(piece) if place % 2 == 0 else Markup("<code>{}</code>").format(piece)
        for place, piece in enumerate(pieces)
    ]
    return Markup("").join(parts)


def document(name: str, openapi: Document) -> bytes | None:
    """A document by its file's name, as JSON; ``None`` where there is none of this name."""
    if name == OPENAPI:
        found: Document = openapi
    elif name == ASYNCAPI:
        found = asyncapi()
    elif name.removesuffix(".json") in MESSAGES and name.endswith(".json"):
        found = json_schema(name.removesuffix(".json"))
    else:
        return None
    return msgspec.json.format(msgspec.json.encode(found), indent=2)
