"""What Slack refuses, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closeloop.sandbox.elements import ELEMENTS, element_state, initial_state, is_blank
from closeloop.sandbox.model import SlackError
from closeloop.sandbox.rules import check_blocks, check_message, check_metadata, check_view, links, mentions
from tests.sandbox.blocks import Json, actions, button, card, modal, mrkdwn, options, plain, section, select


def refusal(blocks: list[Any]) -> str:
    with pytest.raises(SlackError) as caught:
        check_message("", blocks)
    assert caught.value.code == "invalid_blocks"
    return " ".join(caught.value.messages)


def test_a_real_card_and_modal_pass() -> None:
    check_message("Unhappy customer", card())
    check_view(modal(), "modal")


@pytest.mark.parametrize(
    ("blocks", "where"),
    [
        ([section("x" * 3001)], "/blocks/0/text/text"),
        ([section("")], "/blocks/0/text/text"),
        ([{"type": "section"}], "/blocks/0"),
        ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "/blocks/0/fields/0/text"),
        ([{"type": "section", "fields": [mrkdwn("x")] * 11}], "/blocks/0/fields"),
        ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
        ([{"type": "header", "text": mrkdwn("x")}], "/blocks/0/text/type"),
        ([{"type": "teapot"}], "/blocks/0/type"),
        ([None], "/blocks/0/type"),
        ([section(), actions()], "/blocks/1/elements"),
        ([actions(*(button(f"a{n}") for n in range(26)))], "/blocks/0/elements"),
        ([actions(button("same"), button("same"))], "same already exists"),
        ([section(block_id="b"), section(block_id="b")], "/blocks/1/block_id"),
        ([actions(button(text="x" * 76))], "/blocks/0/elements/0/text/text"),
        ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
        ([actions(button(style="loud"))], "/blocks/0/elements/0/style"),
        ([actions(button("x" * 256))], "/blocks/0/elements/0/action_id"),
        ([actions(select("s", *(f"v{n}" for n in range(101))))], "/blocks/0/elements/0/options"),
        ([actions(select("s", "v" * 151))], "/blocks/0/elements/0/options/0/value"),
        ([actions({"type": "overflow", "action_id": "o", "options": options(*"abcdef")})], "elements/0/options"),
        ([actions({"type": "plain_text_input", "action_id": "p"})], "/blocks/0/elements/0/type"),
        ([actions({"type": "teapot", "action_id": "t"})], "/blocks/0/elements/0/type"),
        ([{"type": "context", "elements": [mrkdwn("x")] * 11}], "/blocks/0/elements"),
        ([{"type": "image", "image_url": "https://x.example/a.png"}], "/blocks/0/alt_text"),
        ([section(accessory=button(confirm={"title": plain("t" * 101)}))], "/blocks/0/accessory/confirm/title"),
        ([{"type": "section", "text": "bare"}], "/blocks/0/text"),
        ([section(colour="red")], "invalid additional property: colour"),
        ([section(text="x"), {"type": "header", "text": {**plain("x"), "verbatim": True}}], "property: verbatim"),
        ([actions(button(colour="red"))], "invalid additional property: colour"),
        ([actions(select("s", initial_option=options("9h")[0]))], "/blocks/0/elements/0/initial_option"),
        ([actions({"type": "datepicker", "action_id": "d", "initial_date": "1.2.2027"})], "initial_date"),
    ],
)
def test_blocks_that_are_refused(blocks: list[Any], where: str) -> None:
    assert where in refusal(blocks)


def test_limits_are_inclusive() -> None:
    check_message("", [section("x" * 3000)])
    check_message("", [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 6}])
    check_message("", [{"type": "header", "text": plain("x" * 150)}])
    check_message("", [section()] * 50)
    assert "50" in refusal([section()] * 51)


def test_very_long_messages_are_refused_as_a_whole() -> None:
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        check_message("", [section("x" * 2700)] * 5)


@pytest.mark.parametrize(("text", "blocks"), [(None, None), ("", []), ("  ", None)])
def test_a_message_needs_text_or_blocks(text: Any, blocks: Any) -> None:
    with pytest.raises(SlackError, match="no_text"):
        check_message(text, blocks)


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ("text", "invalid_metadata_format"),
        ({"event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "", "event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "case"}, "invalid_metadata_format"),
        ({"event_type": "case", "event_payload": {"a": {"b": 1}}}, "invalid_metadata_schema"),
        ({"event_type": "case", "event_payload": {"a": None}}, "invalid_metadata_schema"),
        ({"event_type": "case", "event_payload": {"a": "x" * 17_000}}, "metadata_too_large"),
    ],
)
def test_metadata_that_is_refused(metadata: Any, code: str) -> None:
    with pytest.raises(SlackError, match=code):
        check_metadata(metadata)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"type": "home"}, "/view/type"),
        ({"title": plain("x" * 25)}, "/view/title/text"),
        ({"title": None}, "/view/title"),
        ({"submit": plain("x" * 25)}, "/view/submit/text"),
        ({"submit": None}, "/view/submit"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"blocks": []}, "/view/blocks"),
        ({"blocks": [section()] * 101}, "/blocks"),
    ],
)
def test_views_that_are_refused(change: Json, where: str) -> None:
    with pytest.raises(SlackError) as caught:
        check_view(modal(**change), "modal")
    assert caught.value.code == "invalid_arguments"
    assert where in " ".join(caught.value.messages)


def test_very_large_views_are_refused() -> None:
    huge = [section("é" * 3000)] * 50
    with pytest.raises(SlackError, match="view_too_large"):
        check_view(modal(blocks=huge), "modal")
    check_view(modal(blocks=huge[:40]), "modal")  # 40 x 6,000 bytes


def test_a_view_takes_a_hundred_blocks() -> None:
    check_view(modal(blocks=[section()] * 100), "modal")


def test_mentions_come_from_blocks_if_there_are_any_and_never_from_plain_text() -> None:
    assert mentions("<@U1> <!channel> <@U1>", []) == ["U1", "!channel"]
    blocks = [{"type": "header", "text": plain("<@U9> <!here>")}, section("hi <@U2|bob>")]
    assert mentions("<@U1>", blocks) == ["U2"]
    assert mentions("&lt;!channel&gt; &lt;@U1&gt;", []) == []


_words = st.sampled_from(["", "x", "plain_text", "mrkdwn", "button", "static_select", "overflow", "image"])
_keys = st.sampled_from(["type", "text", "elements", "element", "fields", "accessory", "label", "options", "confirm"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=6,
)
_kinds = st.sampled_from(["section", "header", "actions", "context", "image", "input", "markdown", "divider", "nope"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # shared machines stall
@given(st.lists(st.tuples(_kinds, st.dictionaries(_keys, _json, max_size=3)), max_size=3))
def test_whatever_is_sent_is_judged_and_never_breaks_the_judge(parts: list[tuple[str, Json]]) -> None:
    assert isinstance(check_blocks([{**body, "type": kind} for kind, body in parts], 50), list)


@pytest.mark.parametrize(
    ("element", "value", "expected"),
    [
        (select("s", "1h"), "1h", {"type": "static_select", "selected_option": options("1h")[0]}),
        ({"type": "users_select", "action_id": "u"}, "U1", {"type": "users_select", "selected_user": "U1"}),
        (
            {"type": "datetimepicker", "action_id": "d"},
            "1800000000",
            {"type": "datetimepicker", "selected_date_time": 1800000000},
        ),
        ({"type": "plain_text_input", "action_id": "p"}, "", {"type": "plain_text_input", "value": None}),
        (
            {"type": "checkboxes", "action_id": "c", "options": options("a", "b")},
            ["b"],
            {"type": "checkboxes", "selected_options": options("b")},
        ),
    ],
)
def test_states_are_written_as_slack_writes_them(element: Json, value: Any, expected: Json) -> None:
    assert element_state(element, value) == expected


def test_an_option_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ValueError, match="no option"):
        element_state(select("s", "1h"), "9h")


def test_presets_fill_the_first_state() -> None:
    preset = select("s", "1h", "4h", initial_option=options("4h")[0])
    state = initial_state(preset)
    assert state == {"type": "static_select", "selected_option": options("4h")[0]}
    assert not is_blank(state)
    assert is_blank(initial_state(select("s", "1h")) or {})
    assert initial_state(button()) is None


def test_every_element_type_has_a_state() -> None:
    for kind in ELEMENTS["input"]:
        state = initial_state({"type": kind, "action_id": "x", "options": options("a")})
        assert state is not None
        assert is_blank(state), kind


@pytest.mark.parametrize(
    ("text", "parse", "found"),
    [
        (
            "see <https://a.example/x|here> and <mailto:a@b.example>",
            "none",
            ["https://a.example/x", "mailto:a@b.example"],
        ),
        ("see https://a.example/x, http://b.example", "", ["https://a.example/x,", "http://b.example"]),
        ("see https://a.example/x or www.b.example", "none", []),
        ("@channel @here hi@there #general #1", "", ["@channel", "@here", "#general"]),
        ("mail a.b@c.example", "", ["a.b@c.example"]),
        ("&lt;https://a.example|b&gt;", "none", []),
        ("<javascript:alert(1)|x>", "none", ["javascript:alert(1)"]),
        ("<@U0ANA> <!date^1^{time}|then> 3 &gt; 2", "", []),
    ],
)
def test_where_a_text_leads(text: str, parse: str, found: list[str]) -> None:
    assert links(text, [], parse) == found


def test_where_blocks_lead() -> None:
    said = "https://a.example"
    quiet = {"type": "section", "text": {**mrkdwn(said), "verbatim": True}}
    assert links(said, [quiet, {"type": "header", "text": plain(said)}]) == []
    assert links("", [quiet, section(said)]) == [said]
    assert links("", [{"type": "section", "fields": [mrkdwn("<https://b.example|b>")]}]) == ["https://b.example"]
