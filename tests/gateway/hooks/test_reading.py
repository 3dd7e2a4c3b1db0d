"""Reading and mapping by themselves: whatever comes, it is an event, passed over, or refused with its field."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.hooks.mapping import Mapper
from gateway.hooks.reading import Mapped, Refused, pieces, read_fetched, read_piece
from gateway.hooks.scoring import converted
from gateway.hooks.signatures import Delivery, Unsigned, verify
from gateway.hooks.submissions import Skipped, Wanted, instant
from gateway.hooks.tools import TOOLS, scheme_for
from schemas.cloudevents import EventReader
from schemas.deadletters import InvalidEvent
from schemas.hook_secrets import hook_secrets
from schemas.loop_yaml import ConfigError, metric_specs, parse
from schemas.scales import Scale
from schemas.settings import SettingsError
from tests.gateway.hooks import shop

EXAMPLES = int(os.environ.get("HOOK_EXAMPLES", "12"))
"""Inputs a tool and property; HOOK_EXAMPLES=2000 for a long run."""

NOW = str(int(shop.AT.timestamp()))
LOOP = shop.loop()
SPECS = metric_specs(LOOP)
READER = EventReader(SPECS)
MAPPERS = {name: Mapper(name=name, hook=hook, specs=SPECS, events=READER) for name, hook in LOOP.hooks.items()}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    steps: list[Any] = list(document) if isinstance(document, dict) else []
    steps = list(range(len(document))) if isinstance(document, list) else steps
    for step in steps:
        found += paths_of(document[step], (*path, step))
    return found


def bent(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a path."""
    copy = json.loads(json.dumps(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


def assert_sound(name: str, raw: bytes, fetched: bytes | None) -> None:
    mapper = MAPPERS[name]
    for piece in pieces(mapper, raw):
        outcome = read_piece(mapper, piece, shop.AT)
        if isinstance(outcome, Wanted):
            assert outcome.url.startswith(
                ("https://fra1.qualtrics.com/API/v3/surveys/SV_", "https://api.eu.surveymonkey")
            )
            assert not set(".@#%\\ \r\n") & set(outcome.path)
            assert fetched is not None
            outcome = read_fetched(mapper, piece, fetched, shop.AT)
        assert isinstance(outcome, Mapped | Skipped | Refused), outcome
        if isinstance(outcome, Mapped):
            for event in outcome.events:
                read = READER.read(event.value, shop.AT)
                assert read.source == f"/hooks/{name}"


DOCUMENTS = {name: json.loads(shop.payload(fetched or file)) for name, (file, fetched) in shop.EXAMPLES.items()}


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data(), value=json_values)
@pytest.mark.parametrize("name", sorted(shop.EXAMPLES))
def test_no_value_anywhere_in_a_payload_is_more_than_a_mapper_can_take(
    name: str, data: st.DataObject, value: Any
) -> None:
    document = DOCUMENTS[name]
    path = data.draw(st.sampled_from(paths_of(document)))
    raw = json.dumps(bent(document, path, value)).encode()
    if shop.EXAMPLES[name][1] is not None:
        assert_sound(name, shop.payload(shop.EXAMPLES[name][0]), raw)
    else:
        assert_sound(name, raw, None)


@settings(max_examples=EXAMPLES, deadline=None)
@example(raw=b'"{"')
@example(raw=b'"[1]"')
@given(raw=st.binary(max_size=200) | json_values.map(lambda one: json.dumps(one).encode()))
@pytest.mark.parametrize("name", sorted(LOOP.hooks))
def test_no_bytes_are_more_than_a_mapper_can_take(name: str, raw: bytes) -> None:
    assert_sound(name, raw, raw)
    if shop.EXAMPLES.get(name, ("", None))[1] is not None:
        assert_sound(name, shop.payload(shop.EXAMPLES[name][0]), raw)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    headers=st.dictionaries(
        st.sampled_from(
            ["webhook-id", "webhook-timestamp", "webhook-signature", "typeform-signature", "x-closeloop-token",
             "x-chatwoot-signature", "x-chatwoot-timestamp", "sm-signature", "x-signature", "x-sign", "x-time"]
        ),
        st.text(max_size=80) | st.sampled_from(["v1,", "v1,====", "sha256=", "sha256=zz", NOW]),
        max_size=6,
    ),
    body=st.binary(max_size=60) | st.just(b"HMAC=00&MSG=%7B%7D"),
)  # fmt: skip
@pytest.mark.parametrize("name", sorted(LOOP.hooks))
def test_nothing_made_up_passes_for_a_signature(name: str, headers: dict[str, str], body: bytes) -> None:
    delivery = Delivery(headers=headers, body=body, at=shop.AT)
    with pytest.raises(Unsigned):
        verify(scheme_for(LOOP.hooks[name]), delivery, ["a secret that nobody knows"], 300)


def test_the_standard_webhooks_example_of_the_specification_is_good() -> None:
    """The vector that the libraries of https://github.com/standard-webhooks/standard-webhooks are tested with."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,other v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330 + 60, UTC)
    delivery = Delivery(headers={**headers, "webhook-signature": headers["webhook-signature"].split()[1]},
                        body=b'{"test": 2432232314}', at=at)  # fmt: skip
    verify(TOOLS["formbricks"].scheme, delivery, [secret], 300)
    with pytest.raises(Unsigned):
        verify(TOOLS["formbricks"].scheme, msgspec.structs.replace(delivery, at=at + timedelta(hours=1)), [secret], 300)


@given(
    low=st.integers(-10, 10), width=st.integers(1, 100), to_low=st.integers(-10, 10), to_width=st.integers(1, 100),
    place=st.integers(0, 100), turned=st.booleans(),
)  # fmt: skip
def test_a_score_goes_to_the_nearest_on_another_scale(
    low: int, width: int, to_low: int, to_width: int, place: int, turned: bool
) -> None:
    found = low + place % (width + 1)
    asked, wanted = Scale(low, low + width, not turned), Scale(to_low, to_low + to_width)
    share = Fraction(low + width - found if turned else found - low, width)
    exact = to_low + share * to_width
    got = converted(found, asked, wanted)
    assert wanted.holds(got)
    assert abs(got - exact) <= Fraction(1, 2)
    if got != exact and abs(got - exact) == Fraction(1, 2):
        assert got > exact


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-20T10:00:00+01:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2020-03-03 13:05:57 UTC", datetime(2020, 3, 3, 13, 5, 57, tzinfo=UTC)),
        (1_763_632_800, datetime(2025, 11, 20, 10, tzinfo=UTC)),
        (1_763_632_800_500, datetime(2025, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_tools_write_them(said: Any, meant: datetime) -> None:
    assert instant(said, "t") == meant


@pytest.mark.parametrize("said", [None, True, "", "yesterday", "2026-11-20T10:00:00", 1e300, {}, "9" * 100])
def test_a_time_that_cannot_be_meant_is_refused(said: Any) -> None:
    with pytest.raises(InvalidEvent):
        instant(said, "t")


def test_secrets_come_from_the_environment_and_never_show() -> None:
    env = {
        "CLOSELOOP_HOOK_FORM_SECRET": "s1",
        "CLOSELOOP_HOOK_FORM_SECRET_PREVIOUS": "s0",
        "CLOSELOOP_HOOK_XM_TOKEN": "t",
    }
    found = hook_secrets(["form", "xm"], env)
    assert found["form"].keys() == ("s1", "s0")
    assert (found["xm"].keys(), found["xm"].token) == ((), "t")
    assert "s1" not in repr(found)
    with pytest.raises(SettingsError, match="CLOSELOOP_HOOK_FORM_SECRET_FILE"):
        hook_secrets(["form"], {**env, "CLOSELOOP_HOOK_FORM_SECRET_FILE": "/nowhere"})


WRONG: list[tuple[str, str, str]] = [
    ("form: {tool: tapeform, responses: [{metric: nps, question: q}]}", "hooks.form.tool", "typeform"),
    ("Form: {tool: typeform, responses: [{metric: nps, question: q}]}", "hooks.Form", "small letters"),
    ("form: {tool: typeform}", "hooks.form", "maps nothing"),
    ("form: {tool: typeform, responses: [{metric: npz, question: q}]}", "hooks.form.responses[0].metric", "nps"),
    ("form: {tool: typeform, responses: [{metric: nps}]}", "hooks.form.responses[0]", "question or score"),
    ("form: {tool: typeform, responses: [{metric: nps, question: q, scale: [1, 5]}]}",
     "hooks.form.responses[0].scale", "NPS"),
    ("form: {tool: typeform, responses: [{metric: csat, question: q, convert: true}]}",
     "hooks.form.responses[0].convert", "scale"),
    ("form: {tool: typeform, responses: [{metric: csat, question: q, scores: {bad: 0}}]}",
     "hooks.form.responses[0].scores.bad", "1..5"),
    ("form: {tool: typeform, responses: [{metric: csat, question: q}, {metric: csat, question: q}]}",
     "hooks.form.responses[1]", "same"),
    ("form: {tool: typeform, responses: [{metric: csat, score: '$.a['}]}",
     "hooks.form.responses[0].score", "JSONPath"),
    ("form: {tool: typeform, responses: [{metric: csat, score: \"$.a[?match(@.b, 'x')]\"}]}",
     "hooks.form.responses[0].score", "match"),
    ("form: {tool: typeform, responses: [{metric: csat, score: '$..a..b'}]}",
     "hooks.form.responses[0].score", "once"),
    ("form: {tool: typeform, customer_id: c42, responses: [{metric: csat, question: q}]}",
     "hooks.form.customer_id", "same for every"),
    ("form: {tool: typeform, tolerance: 7d, responses: [{metric: csat, question: q}]}", "hooks.form.tolerance", "1h"),
    ("form: {tool: typeform, rate_limit: {burst: 5s}, responses: [{metric: csat, question: q}]}",
     "hooks.form.rate_limit.events_per_second", "missing"),
    ("form: {tool: typeform, site: eu, responses: [{metric: csat, question: q}]}", "hooks.form.site", "leave it out"),
    ("xm: {tool: qualtrics, site: evil.example/, responses: [{metric: csat, question: q}]}", "hooks.xm.site", "fra1"),
    ("sm: {tool: surveymonkey, site: us.evil, responses: [{metric: csat, question: q}]}", "hooks.sm.site", "us, eu"),
    ("any: {tool: generic, id: $.id, responses: [{metric: csat, score: $.s}]}", "hooks.any.signature", "missing"),
    ("any: {tool: generic, customer_id: $.c, signature: {kind: query}, responses: [{metric: csat, score: $.s}]}",
     "hooks.any.id", "missing"),
    ("any: {tool: generic, id: $.i, customer_id: $.c, signature: {kind: hmac}, "
     "responses: [{metric: csat, score: $.s}]}",
     "hooks.any.signature.header", "missing"),
    ("calls: {tool: segment, responses: [{metric: csat, question: q}]}", "hooks.calls.responses[0].question", "score"),
    ("calls: {tool: segment, touchpoints: [{touchpoint: t, when: {event: x}}]}",
     "hooks.calls.touchpoints[0].when.event", "JSONPath"),
]  # fmt: skip


@pytest.mark.parametrize(("hook", "field", "says"), WRONG)
def test_a_wrong_hook_is_named_with_its_field_and_what_would_be_right(hook: str, field: str, says: str) -> None:
    text = shop.HOOKS[: shop.HOOKS.index("hooks:")] + f"hooks:\n  {hook}\n"
    with pytest.raises(ConfigError) as told:
        parse(text)
    lines = [line for line in str(told.value).splitlines() if f": {field}: " in line]
    assert lines, str(told.value)
    assert any(says in line for line in lines), lines
