"""Typeform: ``form_response``, with the answers and the definition of the form.

https://www.typeform.com/developers/webhooks/example-payload/
"""

from typing import Any

from gateway.hooks.submissions import Given, Read, Skipped, Submission, instant, mapping_at, required, text_of
from schemas.config_hooks import Hook

_EVENTS = ("form_response", "form_response_partial")


def read(document: Any, hook: Hook) -> Read:
    """The answers by the ids and by the references of the fields. Raises ``InvalidEvent``."""
    event = mapping_at(document).get("event_type")
    if event not in _EVENTS:
        return Skipped("event")
    complete = event == "form_response"
    if not complete and not hook.partial:
        return Skipped("partial")
    response = mapping_at(document, "form_response")
    fields = _objects(mapping_at(response, "definition").get("fields"))
    scales = {name: scale for field in fields if (scale := _scale(field)) for name in _names(field)}
    answers: dict[str, Given] = {}
    for answer in _objects(response.get("answers")):
        value, aliases = _value(answer)
        for name in _names(mapping_at(answer, "field")):
            answers[name] = Given(value=value, aliases=aliases, scale=scales.get(name))
    return Submission(
        id=required(response.get("token"), "form_response.token"),
        time=instant(response.get("submitted_at") or response.get("landed_at"), "form_response.submitted_at"),
        document=document,
        answers=answers,
        known=frozenset(name for field in fields for name in _names(field)) if fields else None,
        complete=complete,
        editable=hook.partial,
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _names(field: dict[str, Any]) -> list[str]:
    return [name for name in (text_of(field.get("id")), text_of(field.get("ref"))) if name]


def _scale(field: dict[str, Any]) -> tuple[int, int] | None:
    """The scale of a question, where its definition says how many steps it has and at which number it begins."""
    kind, properties = field.get("type"), mapping_at(field, "properties")
    if kind == "nps":
        return 0, 10
    steps = properties.get("steps")
    if not isinstance(steps, int) or isinstance(steps, bool) or not 2 <= steps <= 101:
        return None
    if kind == "rating":
        return 1, steps
    if kind == "opinion_scale" and isinstance(properties.get("start_at_one"), bool):
        first = int(properties["start_at_one"])
        return first, first + steps - 1
    return None


def _value(answer: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The value of an answer stands under the name of its type; that of a choice has a label, an id and a reference."""
    kind = answer.get("type")
    value = answer.get(kind) if isinstance(kind, str) else None
    if kind == "choice" and isinstance(value, dict):
        names = (text_of(value.get(name)) for name in ("id", "ref"))
        return value.get("label") or value.get("other"), tuple(name for name in names if name)
    if kind == "choices" and isinstance(value, dict):
        return value.get("labels"), ()
    return value, ()
