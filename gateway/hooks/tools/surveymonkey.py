"""SurveyMonkey: notices that a response was completed or updated. They carry no answers: those are fetched.

https://api.surveymonkey.com/v3/docs#webhooks and ``GET /surveys/{id}/responses/{id}/details`` there.
"""

import re
from typing import Any

from gateway.hooks.submissions import Given, Read, Skipped, Submission, Wanted, instant, mapping_at, required, text_of
from schemas.config_hooks import Hook
from schemas.deadletters import InvalidEvent

HOSTS = {"us": "api.surveymonkey.com", "eu": "api.eu.surveymonkey.com", "ca": "api.surveymonkey.ca"}
_EVENTS = ("response_completed", "response_updated")
_NUMBER = re.compile(r"[0-9]{1,20}")


def read(document: Any, hook: Hook) -> Read:
    """Where the answers of this notice are. Raises ``InvalidEvent``."""
    notice = mapping_at(document)
    if notice.get("event_type") not in _EVENTS or notice.get("object_type") != "response":
        return Skipped("event")
    survey = required(mapping_at(notice, "resources").get("survey_id"), "resources.survey_id")
    response = required(notice.get("object_id"), "object_id")
    for field, text in (("resources.survey_id", survey), ("object_id", response)):
        if not _NUMBER.fullmatch(text):
            raise InvalidEvent("invalid", field, "is no number as SurveyMonkey's ids are")
    path = f"/v3/surveys/{survey}/responses/{response}/details?simple=true"
    return Wanted(host=HOSTS[hook.site], path=path, header="Authorization", prefix="Bearer ")


def read_fetched(notice: Any, fetched: Any, hook: Hook) -> Read:
    """The answers by the ids of the questions. Raises ``InvalidEvent``."""
    del hook
    response = mapping_at(fetched)
    answers: dict[str, Given] = {}
    for page in _objects(response.get("pages")):
        for question in _objects(page.get("questions")):
            name = text_of(question.get("id"))
            given = _given(_objects(question.get("answers")))
            if name and given is not None:
                answers[name] = given
    return Submission(
        id=required(response.get("id"), "id"),
        time=instant(response.get("date_modified") or response.get("date_created"), "date_modified"),
        document=fetched,
        answers=answers,
        complete=response.get("response_status") == "completed",
        editable=mapping_at(notice).get("event_type") == "response_updated",
    )


def _given(answers: list[dict[str, Any]]) -> Given | None:
    """The first answer of a question: its own words, or what was chosen.

    The weight of a choice is not taken for a score: that of an NPS question is -100, 0 or 100.
    """
    for answer in answers:
        names = tuple(name for key in ("choice_id", "row_id") if (name := text_of(answer.get(key))))
        value = answer.get("text") or answer.get("simple_text") or (names[0] if names else None)
        if value is not None:
            return Given(value=value, aliases=names)
    return None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
