"""Block elements: what Slack refuses about them, and the state that a person's input gives them. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from closeloop.sandbox.model import Json

_SELECTS = {"static_select", "multi_static_select"}
_PEOPLE = {"users_select", "multi_users_select", "conversations_select", "channels_select"}
_TYPED = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
_CHOICES = {"radio_buttons", "checkboxes"}
_MOMENTS = {"datepicker", "timepicker", "datetimepicker"}
_MOST_OPTIONS = {"overflow": 5, **dict.fromkeys(_CHOICES, 10), **dict.fromkeys(_SELECTS, 100)}

ELEMENTS: dict[str, frozenset[str]] = {
    "section": frozenset({"button", "image", "overflow", "datepicker", "timepicker"} | _SELECTS | _PEOPLE | _CHOICES),
    "actions": frozenset({"button", "overflow"} | _SELECTS | _PEOPLE | _CHOICES | _MOMENTS),
    "input": frozenset(_SELECTS | _PEOPLE | _CHOICES | _MOMENTS | _TYPED),
}
"""Element types that each kind of block takes."""

_SELECTED_ID = {
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
}


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_KEYS = {
    "section": {"text", "fields", "accessory", "expand"},
    "header": {"text"},
    "divider": set(),
    "actions": {"elements"},
    "context": {"elements"},
    "input": {"label", "element", "hint", "optional", "dispatch_action"},
    "button": {"text", "url", "value", "style", "confirm", "accessibility_label", "visible_to_user_ids"},
    "mrkdwn": {"text", "verbatim"},
    "plain_text": {"text", "emoji"},
}
"""Properties of the kinds whose schema is closed; besides `type`, and `block_id` or `action_id`."""
_ID = {"mrkdwn": set[str](), "plain_text": set[str](), "button": {"action_id"}}


def problem(text: str, where: str) -> str:
    """Word one refusal: what is wrong and the place of it."""
    return f"[ERROR] {text} [json-pointer:{where}]"


def check_keys(value: Json, kind: str, where: str) -> Iterator[str]:
    """Properties that the schema of this kind of block, element or text does not know: Slack refuses them."""
    if kind in _KEYS:
        unknown = value.keys() - _KEYS[kind] - _ID.get(kind, {"block_id"}) - {"type"}
        for name in sorted(map(str, unknown)):
            yield problem(f"invalid additional property: {name}", where)


def check_text(value: Any, where: str, limit: int, *, plain: bool = False) -> Iterator[str]:
    """Problems of a text object: its type, emptiness and length in characters."""
    if not isinstance(value, dict):
        yield problem("a text object is missing", where)
        return
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if value.get("type") not in kinds:
        yield problem(f"type must be {' or '.join(kinds)}", f"{where}/type")
    yield from check_keys(value, str(value.get("type")), where)
    text = value.get("text")
    if not isinstance(text, str) or not text:
        yield problem("must be more than 0 characters", f"{where}/text")
    elif len(text) > limit:
        yield problem(f"must be less than {limit + 1} characters", f"{where}/text")


def _check_options(element: Json, where: str, most: int) -> Iterator[str]:
    groups = element.get("option_groups")
    if isinstance(groups, list) and groups:
        if len(groups) > 100:
            yield problem("at most 100 option groups", f"{where}/option_groups")
        lists = [
            (f"{where}/option_groups/{index}/options", group.get("options") if isinstance(group, dict) else None)
            for index, group in enumerate(groups)
        ]
    else:
        lists = [(f"{where}/options", element.get("options"))]
    for place, options in lists:
        if not isinstance(options, list) or not 1 <= len(options) <= most:
            yield problem(f"1 to {most} options are needed", place)
            continue
        for index, option in enumerate(options):
            if not isinstance(option, dict):
                yield problem("an option must be an object", f"{place}/{index}")
                continue
            yield from check_text(option.get("text"), f"{place}/{index}/text", 75)
            value = option.get("value")
            if not isinstance(value, str) or not 1 <= len(value) <= 150:
                yield problem("value must be 1 to 150 characters", f"{place}/{index}/value")
            if option.get("description") is not None:
                yield from check_text(option["description"], f"{place}/{index}/description", 75)
    offered = options_of(element)
    if element.get("initial_option") is not None and element["initial_option"] not in offered:
        yield problem("initial_option must be one of the options", f"{where}/initial_option")


def _check_confirm(confirm: Any, where: str) -> Iterator[str]:
    if not isinstance(confirm, dict):
        yield problem("confirm must be an object", where)
        return
    yield from check_text(confirm.get("title"), f"{where}/title", 100, plain=True)
    yield from check_text(confirm.get("text"), f"{where}/text", 300)
    yield from check_text(confirm.get("confirm"), f"{where}/confirm", 30, plain=True)
    yield from check_text(confirm.get("deny"), f"{where}/deny", 30, plain=True)


def _check_button(element: Json, where: str) -> Iterator[str]:
    yield from check_keys(element, "button", where)
    yield from check_text(element.get("text"), f"{where}/text", 75, plain=True)
    for name, limit in (("value", 2000), ("url", 3000)):
        if len(str(element.get(name) or "")) > limit:
            yield problem(f"must be at most {limit} characters", f"{where}/{name}")
    if element.get("style") not in (None, "primary", "danger"):
        yield problem("style must be primary or danger", f"{where}/style")


def check_element(element: Any, where: str, holder: str) -> Iterator[str]:
    """Problems of an element inside a block of type `holder`."""
    if not isinstance(element, dict):
        yield problem("an element is missing", where)
        return
    kind = element.get("type")
    if not isinstance(kind, str) or kind not in ELEMENTS[holder]:
        yield problem(f"unsupported type: {kind}", f"{where}/type")
        return
    action_id = element.get("action_id", "-")
    if not isinstance(action_id, str) or not 1 <= len(action_id) <= 255:
        yield problem("action_id must be 1 to 255 characters", f"{where}/action_id")
    if kind == "image":
        if not element.get("image_url") or not isinstance(element.get("alt_text"), str):
            yield problem("an image needs image_url and alt_text", where)
        return
    if kind == "button":
        yield from _check_button(element, where)
    elif kind in _MOST_OPTIONS:
        yield from _check_options(element, where, _MOST_OPTIONS[kind])
    elif kind == "plain_text_input" and int(element.get("max_length") or 1) > 3000:
        yield problem("max_length must be at most 3000", f"{where}/max_length")
    elif kind == "datepicker" and not _DAY.fullmatch(str(element.get("initial_date") or "2026-01-01")):
        yield problem("initial_date must be YYYY-MM-DD", f"{where}/initial_date")
    if element.get("placeholder") is not None:
        yield from check_text(element["placeholder"], f"{where}/placeholder", 150, plain=True)
    if element.get("confirm") is not None:
        yield from _check_confirm(element["confirm"], f"{where}/confirm")


def options_of(element: Json) -> list[Json]:
    """Every option of a select, overflow, radio or checkbox element, groups flattened."""
    groups = [group for group in element.get("option_groups") or () if isinstance(group, dict)]
    lists = [*(group.get("options") for group in groups), element.get("options")]
    return [option for listed in lists if isinstance(listed, list) for option in listed]


def element_state(element: Json, value: Any) -> Json:
    """The state of an element after a person chose `value`, as Slack writes it in payloads.

    `value` is the option's value, a list of them, an id, a text, `YYYY-MM-DD`, `HH:MM` or Unix seconds, by type.

    Raises:
        ValueError: the element does not offer that value.
    """
    kind = str(element["type"])
    state: Json = {"type": kind}
    if kind == "button":
        state["value"] = element.get("value")
    elif kind in ("static_select", "radio_buttons", "overflow"):
        state["selected_option"] = None if value in (None, "") else _option(element, value)
    elif kind in ("checkboxes", "multi_static_select"):
        state["selected_options"] = [_option(element, item) for item in value or []]
    elif kind in _SELECTED_ID:
        state[_SELECTED_ID[kind]] = value or None
    elif kind == "multi_users_select":
        state["selected_users"] = list(value or [])
    elif kind == "datepicker":
        state["selected_date"] = value or None
    elif kind == "timepicker":
        state["selected_time"] = value or None
    elif kind == "datetimepicker":
        state["selected_date_time"] = None if value in (None, "") else int(value)
    else:
        state["value"] = str(value) if value not in (None, "") else None
    return state


def _option(element: Json, value: Any) -> Json:
    for option in options_of(element):
        if option.get("value") == value:
            return option
    raise ValueError(f"{element.get('action_id')}: no option has the value {value!r}")


def initial_state(element: Json) -> Json | None:
    """The state that an element starts with, or None for elements that keep none (buttons, overflow menus)."""
    kind = str(element["type"])
    if kind in ("button", "overflow", "image"):
        return None
    state = element_state(element, None)
    for name in list(state):
        initial = f"initial_{name.removeprefix('selected_')}"
        if name != "type" and element.get(initial) is not None:
            state[name] = element[initial]
    return state


def is_blank(state: Json) -> bool:
    """Whether a required input with this state still has to be filled in."""
    return not any(value not in (None, "", []) for name, value in state.items() if name != "type")
