"""Interaction payloads exactly as Slack builds them, from what a person did on the page. Pure but for the ids."""

from closeloop.sandbox.core import Core
from closeloop.sandbox.deeds import Click
from closeloop.sandbox.elements import element_state, initial_state, is_blank
from closeloop.sandbox.model import Json, Message, SlackError, View
from closeloop.sandbox.views import initial_values
from closeloop.sandbox.workspace import find_element


def _actor(core: Core, user_id: str) -> Json:
    user = core.workspace.user(user_id)
    team = core.settings.team_id
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": team}


def _envelope(core: Core, kind: str, user_id: str, now: float, view_id: str | None = None) -> Json:
    settings = core.settings
    return {
        "type": kind,
        "user": _actor(core, user_id),
        "api_app_id": settings.app_id,
        "token": "sandbox",
        "team": {"id": settings.team_id, "domain": "sandbox"},
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": core.grants.trigger(user_id, now, settings.trigger_seconds, view_id),
    }


def _action(block: Json, element: Json, value: object, now: float) -> Json:
    state = element_state(element, value)
    action: Json = {"block_id": block["block_id"], "action_id": element["action_id"]}
    if element["type"] == "button":
        action["text"] = element["text"]
        if element.get("style"):
            action["style"] = element["style"]
        if state["value"] is None:
            del state["value"]
    elif element.get("placeholder"):
        action["placeholder"] = element["placeholder"]
    return {**action, **state, "action_ts": f"{now:.6f}"}


def _located(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    found = find_element(blocks, action_id, block_id)
    if found is None:
        raise SlackError("action_not_found", f"nothing here has the action_id {action_id}")
    return found


def fill(blocks: list[Json], typed: Json) -> Json:
    """State values of all elements: what the app preset, overlaid by `typed` `{block_id: {action_id: value}}`.

    Raises:
        SlackError: `invalid_value`, when an element does not offer the value.
    """
    values = initial_values(blocks)
    for block_id, actions in typed.items():
        for action_id, value in actions.items():
            found = find_element(blocks, action_id, block_id)
            if found is None or initial_state(found[1]) is None:
                continue
            try:
                values[block_id][action_id] = element_state(found[1], value)
            except ValueError as error:
                raise SlackError("invalid_value", str(error)) from None
    return values


def message_action(core: Core, message: Message, click: Click, now: float) -> Json:
    """The block_actions payload of a click on a message.

    Raises:
        SlackError: the message has no such element, or it does not offer the value.
    """
    block, element = _located(message.blocks, click.action_id, click.block_id)
    channel = core.workspace.channels[message.channel]
    url = core.grants.response_url(click.user, channel.id, message.ts, now)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.visible_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    try:
        action = _action(block, element, click.value, now)
    except ValueError as error:
        raise SlackError("invalid_value", str(error)) from None
    return _envelope(core, "block_actions", click.user, now) | {
        "container": container,
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
        "message": core.message_json(message, with_metadata=True),
        "state": {"values": fill(message.blocks, click.typed)},
        "response_url": f"/response/{url}",
        "actions": [action],
    }


def view_action(core: Core, view: View, click: Click, now: float) -> Json:
    """The block_actions payload of a click in a modal or on App Home; keeps what was typed in the view's state.

    Raises:
        SlackError: the view has no such element, or it does not offer a value.
    """
    block, element = _located(view.body["blocks"], click.action_id, click.block_id)
    try:
        action = _action(block, element, click.value, now)
    except ValueError as error:
        raise SlackError("invalid_value", str(error)) from None
    view.state = fill(view.body["blocks"], click.typed)
    if initial_state(element) is not None:
        view.state[block["block_id"]][click.action_id] = element_state(element, click.value)
    payload = _envelope(core, "block_actions", click.user, now, view.id) | {
        "container": {"type": "view", "view_id": view.id},
        "view": core.view_json(view),
        "actions": [action],
    }
    if view.body["type"] == "home":
        del payload["is_enterprise_install"]
    return payload


def missing_inputs(view: View) -> dict[str, str]:
    """What Slack's own client says before it submits a modal: `{block_id: sentence}`."""
    errors: dict[str, str] = {}
    for block in view.body["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = view.state[block["block_id"]][element["action_id"]]
        text = state.get("value") or ""
        least, most = element.get("min_length") or 0, element.get("max_length") or 3000
        if is_blank(state):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif element["type"] == "plain_text_input" and not least <= len(text) <= most:
            errors[block["block_id"]] = f"Please write {least} to {most} characters."
    return errors


def submission(core: Core, user_id: str, view: View, now: float) -> Json:
    """The view_submission payload."""
    return _envelope(core, "view_submission", user_id, now, view.id) | {
        "view": core.view_json(view),
        "response_urls": [],
    }


def closing(core: Core, user_id: str, view: View, now: float, *, cleared: bool) -> Json:
    """The view_closed payload, sent only for views that asked for it; it carries no trigger."""
    payload = _envelope(core, "view_closed", user_id, now, view.id)
    del payload["trigger_id"]
    return payload | {"view": core.view_json(view), "is_cleared": cleared}


def home_opened(core: Core, user_id: str, now: float, tab: str) -> Json:
    """The event of a person opening a tab of the app: `home` or `messages`."""
    event: Json = {"type": "app_home_opened", "user": user_id, "tab": tab}
    event["channel"] = core.workspace.direct(user_id, now).id
    if tab == "home" and user_id in core.views.homes:
        event["view"] = core.view_json(core.views.homes[user_id])
    return event
