"""Any tool that sends JSON: loop.yaml says by JSONPath what stands where."""

from typing import Any

from gateway.hooks.submissions import Read, Submission, instant, text_of
from schemas.config_hooks import Hook
from schemas.deadletters import InvalidEvent
from schemas.json_paths import PathError, values_at


def read(document: Any, hook: Hook) -> Read:
    """A document as it is, with its id and time. Raises ``InvalidEvent``."""
    found = text_of(_first(hook.id, document, "id"))
    if found is None:
        raise InvalidEvent("missing", "id", f"{hook.id} leads to no text or number; it tells deliveries apart")
    time = None
    if hook.time:
        value = _first(hook.time, document, "time")
        if value is None:
            raise InvalidEvent("missing", "time", f"{hook.time} leads to nothing")
        time = instant(value, "time")
    return Submission(id=found, time=time, document=document)


def _first(path: str, document: Any, field: str) -> Any:
    try:
        found = values_at(path, document)
    except PathError as error:
        raise InvalidEvent("invalid", field, str(error)) from None
    return found[0] if found else None
