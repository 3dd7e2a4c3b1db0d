"""views.*: opening, pushing, updating modals and publishing App Home."""

from typing import Any

from closeloop.sandbox.arguments import required, text_argument
from closeloop.sandbox.core import Core
from closeloop.sandbox.model import Json, SlackError, View
from closeloop.sandbox.rules import check_message, check_view


def _shown(core: Core, view: View) -> Json:
    return {"view": core.view_json(view)}


def _modal(arguments: Json) -> Json:
    """The modal to show, checked before its trigger is spent."""
    body: Any = arguments.get("view")
    check_view(body, "modal")
    return dict(body)


def validate_blocks(_core: Core, arguments: Json, _now: float) -> Json:
    """blocks.validate: the verdict on blocks or a view without showing them to anybody."""
    given = [name for name in ("blocks", "message", "view") if arguments.get(name) is not None]
    if len(given) != 1:
        raise SlackError("invalid_arguments", "must provide exactly one of `blocks`, `view`, or `message`")
    if given == ["view"]:
        view: Any = arguments["view"]
        check_view(view, str(view.get("type") if isinstance(view, dict) else "modal"))
    elif given == ["message"]:
        message: Any = arguments["message"]
        if not isinstance(message, dict):
            raise SlackError("invalid_arguments", "message must be an object")
        check_message(message.get("text"), message.get("blocks"))
    else:
        check_message("", arguments["blocks"])
    return {}


def open_view(core: Core, arguments: Json, now: float) -> Json:
    """views.open with the trigger of an interaction of at most three seconds ago."""
    body = _modal(arguments)
    grant = core.grants.use("trigger", required(arguments, "trigger_id"), now)
    return _shown(core, core.views.open(grant.user, body))


def push_view(core: Core, arguments: Json, now: float) -> Json:
    """views.push on top of the modal that the trigger came from."""
    body = _modal(arguments)
    grant = core.grants.use("trigger", required(arguments, "trigger_id"), now)
    return _shown(core, core.views.push(grant.user, body))


def update_view(core: Core, arguments: Json, _now: float) -> Json:
    """views.update by view_id or external_id, guarded by hash if given."""
    view = core.views.find(text_argument(arguments, "view_id"), text_argument(arguments, "external_id"))
    return _shown(core, core.views.update(view, arguments.get("view"), text_argument(arguments, "hash")))


def publish_view(core: Core, arguments: Json, _now: float) -> Json:
    """views.publish: a person's App Home."""
    user = core.workspace.user(required(arguments, "user_id"))
    return _shown(core, core.views.publish(user.id, arguments.get("view"), text_argument(arguments, "hash")))
