"""Qualtrics: notices of its event subscriptions that a response was completed. The answers are fetched.

A notice is a form; with a shared key its ``MSG`` holds JSON and its ``HMAC`` signs it.
https://api.qualtrics.com/docs/listen-to-and-retrieve-responses-in-real-time
"""

import re
from typing import Any

from gateway.hooks.submissions import Given, Read, Skipped, Submission, Wanted, instant, mapping_at, required, text_of
from schemas.config_hooks import Hook
from schemas.deadletters import InvalidEvent

_TOPIC = ".completedResponse."
_SURVEY = re.compile(r"SV_[A-Za-z0-9]{1,32}")
_RESPONSE = re.compile(r"(R|FS)_[A-Za-z0-9]{1,32}")


def read(document: Any, hook: Hook) -> Read:
    """Where the answers of this notice are. Raises ``InvalidEvent``."""
    notice = mapping_at(document, "MSG")
    if _TOPIC not in str(mapping_at(document).get("Topic", "")):
        return Skipped("event")
    survey = required(notice.get("SurveyID"), "MSG.SurveyID")
    response = required(notice.get("ResponseID"), "MSG.ResponseID")
    for field, shape, text in (("SurveyID", _SURVEY, survey), ("ResponseID", _RESPONSE, response)):
        if not shape.fullmatch(text):
            raise InvalidEvent("invalid", f"MSG.{field}", "is none of Qualtrics' ids")
    path = f"/API/v3/surveys/{survey}/responses/{response}"
    return Wanted(host=f"{hook.site}.qualtrics.com", path=path, header="X-API-TOKEN")


def read_fetched(notice: Any, fetched: Any, hook: Hook) -> Read:
    """The answers by what Qualtrics calls their values: ``QID1``, ``QID2_TEXT``. Raises ``InvalidEvent``."""
    del notice, hook
    result = mapping_at(fetched, "result")
    values, labels = mapping_at(result, "values"), mapping_at(result, "labels")
    answers: dict[str, Given] = {}
    for name, value in values.items():
        label = text_of(labels.get(name))
        if value is not None and value != "":
            answers[name] = Given(value=value, aliases=(label,) if label else ())
    language = text_of(values.get("userLanguage"))
    return Submission(
        id=required(result.get("responseId"), "result.responseId"),
        time=instant(values.get("recordedDate") or values.get("endDate"), "result.values.recordedDate"),
        document=result,
        answers=answers,
        complete=values.get("finished") in (1, "1", True),
        language=language.lower() if language and len(language) == 2 else language,
    )
