"""``closeloop hooks``: what would come of a delivery, said field by field; and which hooks the gateway has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.asking import ask
from tests.gateway.hooks import shop


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "loop.yaml").write_text(shop.HOOKS, encoding="utf-8")
    return str(tmp_path / "loop.yaml")


def test_each_field_is_told_with_its_path_and_value(config: str) -> None:
    found = ask("hooks", "test", "form", str(shop.PAYLOADS / "typeform.json"), "--config", config)
    assert found.code == 0, found.err
    rows = [line.split("\t") for line in found.out.splitlines()]
    assert ["6c2b1f0f0b7a4e6f9d2a:nps:nps", "score", "question nps", "2"] in rows
    assert ["6c2b1f0f0b7a4e6f9d2a:nps:nps", "customer_id", "$.form_response.hidden.customer_id", "c42"] in rows
    assert ["6c2b1f0f0b7a4e6f9d2a:nps:nps", "attributes.region", "$.form_response.hidden.region", "SP"] in rows
    assert "3 events: response, response, response" in found.err


def test_the_field_that_does_not_fit_is_named(config: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(shop.changed("typeform.json", form_response__hidden={}))
    found = ask("hooks", "test", "form", str(tmp_path / "bad.json"), "--config", config)
    assert found.code == 1
    assert "hooks.form.customer_id: $.form_response.hidden.customer_id leads to no text" in found.err
    found = ask("hooks", "test", "form", str(tmp_path / "bad.json"), "--config", config, "--json")
    (piece,) = json.loads(found.out)["pieces"]
    assert (piece["problem"]["reason"], piece["problem"]["field"]) == ("missing", "hooks.form.customer_id")


def test_a_notice_says_where_its_answers_are_and_maps_them_where_they_are_given(config: str) -> None:
    notice = str(shop.PAYLOADS / "surveymonkey.json")
    found = ask("hooks", "test", "monkey", notice, "--config", config)
    assert found.code == 0
    assert "https://api.eu.surveymonkey.com/v3/surveys/123456789/responses/5007154402/details" in found.err
    fetched = str(shop.PAYLOADS / "surveymonkey-response.json")
    found = ask("hooks", "test", "monkey", notice, "--fetched", fetched, "--config", config)
    assert "5007154402:nps:90001\tscore\tquestion 90001\t2" in found.out


def test_a_hook_that_is_not_there_and_a_file_that_is_not_there_are_named(config: str) -> None:
    found = ask("hooks", "test", "nobody", str(shop.PAYLOADS / "typeform.json"), "--config", config)
    assert found.code == 2
    assert "no hook nobody; there are: bricks" in found.err
    found = ask("hooks", "test", "form", "/nowhere.json", "--config", config)
    assert (found.code, "no such file" in found.err) == (2, True)


def test_a_signature_is_judged_by_the_secret_of_this_environment(config: str, tmp_path: Path) -> None:
    body, headers = shop.signed("calls", shop.payload("segment-track.json"), shop.AT)
    (tmp_path / "call.json").write_bytes(body)
    words = ("hooks", "test", "calls", str(tmp_path / "call.json"), "--config", config)
    header = f"X-Signature: {headers['X-Signature']}"
    assert "not checked, CLOSELOOP_HOOK_CALLS_SECRET is not set" in ask(*words, "--header", header).err
    secret = {"CLOSELOOP_HOOK_CALLS_SECRET": shop.SECRETS["calls"]}
    assert "signature: good" in ask(*words, "--header", header, **secret).err
    assert "signature: refused" in ask(*words, "--header", "X-Signature: 00", **secret).err
    assert ask(*words, "--header", "nothing", **secret).code == 2
