"""Make events of a submission by a hook of loop.yaml. Pure, and each field says where its value comes from."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.hooks.scoring import score
from gateway.hooks.submissions import Given, Skipped, Submission, text_of
from schemas.cloudevents import EventReader
from schemas.config_base import Scalar
from schemas.config_hooks import Conditions, Hook, HookResponse, HookTouchpoint
from schemas.deadletters import InvalidEvent
from schemas.events import MAX_ID_BYTES, RESPONSE_TYPE, TOUCHPOINT_TYPE
from schemas.json_paths import PathError, is_path, values_at
from schemas.scales import MetricSpec

_VERSION_CHARACTERS = 12
_LONGEST_ID = MAX_ID_BYTES - _VERSION_CHARACTERS - 1
_TRUE = frozenset({"true", "yes", "1", "on"})
_FALSE = frozenset({"false", "no", "0", "off", ""})


class FieldShown(Struct, frozen=True, kw_only=True):
    """One field of an event: its name, where its value comes from in the mapping, and the value."""

    field: str
    source: str
    value: str


class MadeEvent(Struct, frozen=True, kw_only=True):
    """A CloudEvent in our wire format, and where each of its fields comes from."""

    id: str
    value: bytes
    fields: tuple[FieldShown, ...]


class Mapper(Struct, frozen=True, kw_only=True):
    """What the mapping of one hook needs: its name and configuration, and the metrics of loop.yaml."""

    name: str
    hook: Hook
    specs: Mapping[str, MetricSpec]
    events: EventReader

    def map(self, submission: Submission, at: datetime) -> tuple[MadeEvent, ...] | Skipped:
        """The events of a submission; all of them or none. ``at`` is its arrival, UTC.

        Raises :class:`InvalidEvent`: ``field`` names the place of the mapping that does not fit.
        """
        made: list[MadeEvent] = []
        meant = unanswered = 0
        for number, response in enumerate(self.hook.responses):
            place = f"responses[{number}]"
            if not _holds(response.when, submission.document, place):
                continue
            meant += 1
            given = _answer(submission, response, place)
            if given is None:
                unanswered += 1
                continue
            made.append(self._made(self._response(submission, response, given, place), submission, place, at))
        for number, touchpoint in enumerate(self.hook.touchpoints):
            place = f"touchpoints[{number}]"
            if _holds(touchpoint.when, submission.document, place):
                meant += 1
                made.append(self._made(self._touchpoint(submission, touchpoint, place), submission, place, at))
        if made:
            return tuple(made)
        if unanswered and submission.complete and self.hook.unanswered == "letter":
            text = "no question of the mapping was answered; name one that the survey has, or say unanswered: ignore"
            raise InvalidEvent("missing", "responses", text)
        return Skipped("unanswered" if meant else "when")

    def _response(self, submission: Submission, response: HookResponse, given: Given, place: str) -> "_Draft":
        draft = _Draft(RESPONSE_TYPE, submission.document, place)
        self._customer(draft, submission)
        draft.put("metric", "metric", response.metric)
        asked = response.question or response.score
        key = "question" if response.question else "score"
        scored = score(given, response, self.specs[response.metric], f"{place}.{key}")
        draft.put("score", f"{key} {asked}", scored.score)
        if scored.scale is not None:
            spec = self.specs[response.metric].scale
            draft.put("scale_min", "scale", scored.scale.minimum)
            draft.put("scale_max", "scale", scored.scale.maximum)
            if scored.scale.higher_is_better != spec.higher_is_better:
                draft.put("higher_is_better", "higher_is_better", scored.scale.higher_is_better)
        for field in ("touchpoint", "touchpoint_event_id", "channel"):
            draft.text(field, getattr(response, field))
        if response.language:
            draft.text("language", response.language)
        elif submission.language:
            draft.put("language", self.hook.tool, submission.language)
        if response.comment_question:
            said = _known(submission, response.comment_question, f"{place}.comment_question")
            words = _words(said)
            if words:
                draft.put("comment", f"comment_question {response.comment_question}", words)
        else:
            draft.text("comment", response.comment)
        draft.flag("contact_requested", response.contact_requested)
        draft.attributes(response.attributes)
        draft.key = f"{submission.id}:{response.metric}:{asked}"
        return draft

    def _touchpoint(self, submission: Submission, touchpoint: HookTouchpoint, place: str) -> "_Draft":
        draft = _Draft(TOUCHPOINT_TYPE, submission.document, place)
        self._customer(draft, submission)
        draft.text("touchpoint", touchpoint.touchpoint, needed=True)
        for field in ("channel", "outcome"):
            draft.text(field, getattr(touchpoint, field))
        draft.count("duration_ms", touchpoint.duration_ms)
        draft.attributes(touchpoint.attributes)
        draft.key = f"{submission.id}:{touchpoint.touchpoint}"
        return draft

    def _customer(self, draft: "_Draft", submission: Submission) -> None:
        path = self.hook.customer_id
        found = text_of(_value(path, submission.document, "customer_id")) if path else submission.customer_id
        if found is None:
            said = f"{path} leads to no text or number" if path else f"{self.hook.tool} does not say who it is"
            raise InvalidEvent("missing", "customer_id", f"{said}; give a JSONPath to what tells customers apart")
        if self.hook.hash_customer_id:
            found = hashlib.sha256(found.strip().lower().encode()).hexdigest()
        draft.put("customer_id", path or self.hook.tool, found)

    def _made(self, draft: "_Draft", submission: Submission, place: str, at: datetime) -> MadeEvent:
        """The event of a draft, held against the same rules as one over HTTP."""
        identifier = _short(draft.key)
        if submission.editable:
            # What the tool sends again unchanged is the same event; what it changed replaces what stood there.
            draft.data["revises"] = identifier
            content = hashlib.sha256(msgspec.json.encode(draft.data, order="sorted"))
            identifier = f"{identifier}:{content.hexdigest()[:_VERSION_CHARACTERS]}"
        time = at if submission.time is None else submission.time
        event = {
            "specversion": "1.0",
            "id": identifier,
            "source": self.hook.source or f"/hooks/{self.name}",
            "type": draft.kind,
            "time": time,
            "data": draft.data,
        }
        value = msgspec.json.encode(event)
        try:
            self.events.read(value, at)
        except InvalidEvent as error:
            field = error.field.removeprefix("data.")
            raise InvalidEvent(error.reason, f"{place}.{field}" if field else place, error.problem) from None
        shown = FieldShown(field="time", source="arrival" if submission.time is None else self.hook.tool, value="")
        stamp = msgspec.structs.replace(shown, value=time.isoformat())
        return MadeEvent(id=identifier, value=value, fields=(*draft.fields, stamp))


class _Draft:
    """An event's data while it is being put together."""

    def __init__(self, kind: str, document: Any, place: str) -> None:
        self.kind = kind
        self.key = ""
        self.data: dict[str, Any] = {}
        self.fields: list[FieldShown] = []
        self._document = document
        self._place = place

    def put(self, field: str, source: str, value: Any) -> None:
        self.data[field] = value
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        self.fields.append(FieldShown(field=field, source=source, value=shown))

    def text(self, field: str, said: str, *, needed: bool = False) -> None:
        """A text or number; left out where a path leads to nothing. Raises :class:`InvalidEvent` for anything else."""
        if not said:
            return
        value = _value(said, self._document, f"{self._place}.{field}") if is_path(said) else said
        found = text_of(value)
        if found is not None:
            self.put(field, said, found)
        elif needed:
            raise InvalidEvent("missing", f"{self._place}.{field}", f"{said} leads to no text")
        elif isinstance(value, dict | list | bool | float):
            raise InvalidEvent("invalid", f"{self._place}.{field}", f"{said} leads to something that is no text")

    def flag(self, field: str, said: str) -> None:
        """Yes or no, as tools write it."""
        if not said:
            return
        value = _value(said, self._document, f"{self._place}.{field}") if is_path(said) else said
        word = str(value).strip().lower() if isinstance(value, bool | str | int) else "" if value is None else "?"
        if word in _TRUE:
            self.put(field, said, value=True)
        elif word not in _FALSE:
            raise InvalidEvent(
                "invalid", f"{self._place}.{field}", "is neither true nor false; a yes is true, yes or 1"
            )

    def count(self, field: str, said: str) -> None:
        """A whole number of at least 0; parts are cut off."""
        if not said:
            return
        value = _value(said, self._document, f"{self._place}.{field}")
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
            raise InvalidEvent("invalid", f"{self._place}.{field}", f"{said} leads to no number of at least 0")
        self.put(field, said, int(value))

    def attributes(self, said: Mapping[str, Scalar]) -> None:
        found: dict[str, Scalar] = {}
        for name, source in said.items():
            place = f"{self._place}.attributes.{name}"
            value = _value(source, self._document, place) if isinstance(source, str) and is_path(source) else source
            if value is None:
                continue
            if not isinstance(value, str | int | float | bool):
                raise InvalidEvent("invalid", place, f"{source} leads to no text, number or truth value")
            found[name] = value
            self.fields.append(FieldShown(field=f"attributes.{name}", source=str(source), value=str(value)))
        if found:
            self.data["attributes"] = found


def _answer(submission: Submission, response: HookResponse, place: str) -> Given | None:
    """What was answered; None where nothing was."""
    if response.question:
        return _known(submission, response.question, f"{place}.question")
    value = _value(response.score, submission.document, f"{place}.score")
    return None if value is None or value == "" else Given(value=value)


def _known(submission: Submission, question: str, field: str) -> Given | None:
    if submission.known is not None and question not in submission.known:
        raise InvalidEvent("missing", field, "the survey has no such question; give its id or its reference")
    return submission.answers.get(question)


def _words(given: Given | None) -> str | None:
    if given is None:
        return None
    if isinstance(given.value, list):
        return ", ".join(one for one in given.value if isinstance(one, str)) or None
    return text_of(given.value)


def _holds(conditions: Conditions, document: Any, place: str) -> bool:
    for path, wanted in conditions.items():
        options = wanted if isinstance(wanted, list) else [wanted]
        value = _value(path, document, f"{place}.when")
        # True is not 1 here, as it is not in JSON.
        if not any(type(value) is type(one) and value == one for one in options):
            return False
    return True


def _value(path: str, document: Any, field: str) -> Any:
    """The first value that a path leads to; None where there is none."""
    try:
        found = values_at(path, document)
    except PathError as error:
        raise InvalidEvent("invalid", field, str(error)) from None
    return found[0] if found else None


def _short(key: str) -> str:
    raw = key.encode("utf-8", "replace")
    return key if len(raw) <= _LONGEST_ID else hashlib.sha256(raw).hexdigest()
