"""What is refused is told in the reader's words where the console has a sentence for it, else in the API's own."""

from __future__ import annotations

import json
import re
from typing import get_args

import msgspec
import pytest

from gateway.case_requests import ActionRequest
from gateway.console.reader import LANGUAGES, ConsoleLanguage
from gateway.console.refusals import for_scripts, sentences, told
from gateway.problems import Problem
from gateway.silence_shapes import SilenceRequest
from schemas.words.catalogue import words_in
from tests.gateway.conftest import Served, gateway, make, serve  # noqa: F401 - fixtures
from tests.gateway.examples import opened

FIELDS = {
    "action",
    "authorization",
    "id",
    "key",
    "cut",
    "metric",
    "window",
    "from",
    "to",
    "day",
    "text",
    "with_from",
    "with_to",
    "with_key",
}


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Problem("invalid", "until", "lies in the past"), "Укажите время в будущем, не дальше 30 дней."),
        (Problem("forbidden", "authorization", "this key lacks it"), "Вашему ключу не хватает прав"),
        (Problem("stale", "version", "C-7 has changed"), "С тех пор как вы это видели, всё изменилось."),
        (Problem("invalid", "matchers.score", "not a number"), "not a number"),
        (Problem("invalid", "", "no such page"), "no such page"),
    ],
)
def test_reason_and_field_choose_the_sentence(problem: Problem, said: str) -> None:
    assert told(problem, "ru").startswith(said)


def test_sentences_are_about_fields_that_there_are() -> None:
    fields = FIELDS | {
        field.encode_name for request in (ActionRequest, SilenceRequest) for field in msgspec.structs.fields(request)
    }
    named = {name.partition("-")[2] for name in sentences("en") if "-" in name}
    assert named <= fields, named - fields
    assert all(json.loads(for_scripts(language)) == sentences(language) for language in LANGUAGES)


@pytest.mark.parametrize(("language", "said"), [("en", "There is no such metric here."), ("ru", "Такого показателя")])
def test_a_page_that_cannot_be_shown_says_why(gateway: Served, language: ConsoleLanguage, said: str) -> None:  # noqa: F811
    page = gateway.client.get(f"/explore?metric=joy&language={language}")
    assert (page.status_code, said in page.text) == (400, True)


def test_what_dialogs_lack_and_what_came_too_late_has_words(gateway: Served) -> None:  # noqa: F811
    case = opened(gateway.parts.writers, 1, owner="ana")
    known = sentences("ru")
    asked = [
        (f"/v1/cases/{case}/resolve", {}),
        (f"/v1/cases/{case}/snooze", {}),
        (f"/v1/cases/{case}/snooze", {"until": "2020-01-01T00:00:00Z"}),
        (f"/v1/cases/{case}/reassign", {}),
        (f"/v1/cases/{case}/contact", {"actor": "nobody"}),
        (f"/v1/cases/{case}/contact", {"note": "x" * 4000}),
        (f"/v1/cases/{case}/wake", {}),
        (f"/v1/cases/{case}/contact", {"version": 99}),
        ("/v1/cases/99/contact", {}),
        ("/v1/silences", {"matchers": {}, "for": "4h", "reason": "x"}),
        ("/v1/silences", {"matchers": {"touchpoint": "x"}, "for": "4h", "reason": " "}),
        ("/v1/silences", {"matchers": {"touchpoint": "x"}, "ends_at": "2020-01-01T00:00:00Z", "reason": "x"}),
    ]
    for path, body in asked:
        error = gateway.client.post(path, json=body).json()["error"]
        assert {f"{error['reason']}-{error['field']}", error["reason"]} & set(known), (path, body, error)


def test_every_kind_of_message_about_a_case_has_a_name() -> None:
    from consumers.slack.digest import GATHERED
    from consumers.timers.messages import DIGEST, Occasion
    from gateway.console.catalogue import console_words
    from schemas.case_cards import TAKEN_OVER
    from schemas.roll_ups import ROLL_UP

    for kind in ("card", TAKEN_OVER, DIGEST, GATHERED, ROLL_UP, *get_args(Occasion)):
        for language in LANGUAGES:
            name = f"kind-{kind.replace('_', '-')}"
            assert console_words(language).has(name) or words_in(language).has(name), name
    assert not re.search(r"[A-Za-z]{3}", console_words("ru").say("kind-card"))
