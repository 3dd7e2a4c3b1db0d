"""Reading the arguments of a Web API call in every way that Slack's clients send them."""

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from closeloop.sandbox.model import Json, SlackError

_JSON_ARGUMENTS = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
    "message": "invalid_arguments",
}


async def read_arguments(request: web.Request) -> Json:
    """Merge query and body (form, multipart or JSON, also empty) into one object; JSON within strings is decoded.

    Raises:
        SlackError: `invalid_json`, `json_not_object`, or the code of the argument that is not JSON.
    """
    arguments: Json = dict(request.query)
    if request.method == "POST":
        if request.content_type == "application/json":
            arguments.update(json_object(await request.read()))
        elif request.content_type == "multipart/form-data":
            form = await request.post()
            arguments.update({name: value for name, value in form.items() if isinstance(value, str)})
        else:
            arguments.update(parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True))
    for name, code in _JSON_ARGUMENTS.items():
        value = arguments.get(name)
        if isinstance(value, str):
            try:
                arguments[name] = json.loads(value) if value else None
            except ValueError:
                raise SlackError(code) from None
    return arguments


def json_object(body: bytes) -> Json:
    """Decode a body that must be a JSON object; an empty body is an empty object.

    Raises:
        SlackError: `invalid_json` or `json_not_object`.
    """
    if not body.strip():
        return {}
    try:
        decoded = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(decoded, dict):
        raise SlackError("json_not_object")
    return decoded


def text_argument(arguments: Json, name: str) -> str:
    """A string argument, empty if it was not sent."""
    value = arguments.get(name)
    return "" if value is None else str(value)


def required(arguments: Json, name: str) -> str:
    """A string argument that must be there.

    Raises:
        SlackError: `invalid_arguments`, naming it.
    """
    value = text_argument(arguments, name)
    if not value:
        raise SlackError("invalid_arguments", f"[ERROR] missing required field: {name}")
    return value


def flag(arguments: Json, name: str) -> bool:
    """A boolean argument as Slack reads it: true, 1, "1", "true"."""
    return str(arguments.get(name, "")).lower() in ("1", "true")


def count_argument(arguments: Json, name: str, default: int, most: int) -> int:
    """A whole number between 1 and `most`.

    Raises:
        SlackError: `invalid_limit`.
    """
    value: Any = arguments.get(name)
    if value in (None, ""):
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise SlackError("invalid_limit") from None
    if not 1 <= number <= most:
        raise SlackError("invalid_limit")
    return number
