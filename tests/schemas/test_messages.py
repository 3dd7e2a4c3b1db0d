"""Every message survives its encoding, and every key is the same in every process."""

from __future__ import annotations

import base64
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import contract
from schemas.cases import TRANSITIONS, CaseState, UserAction, after, allowed_actions
from schemas.cloudevents import EventReader
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.deadletters import DeadLetter, InvalidEvent, dead_letter
from schemas.events import RESPONSE_TYPE, ResponseEvent
from schemas.loop_yaml import parse
from schemas.metrics import Metric, MetricRecord, Partial, PartialRecord, Series, Tick, partial_key
from schemas.scales import DEFAULT_METRICS, Scale
from schemas.settings import SettingsError, from_environment
from schemas.topics import DEADLETTERS, DEFAULT_PARTITIONS, RESPONSES, STATE_OF, catalogue

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_optional = st.none() | _text
_counts = st.dictionaries(_text, st.integers(0, 2**53), max_size=4)
_finite = st.floats(allow_nan=False, allow_infinity=False)  # JSON has no other
_instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them naive
_attributes = st.dictionaries(
    st.text("abcé😀", min_size=1, max_size=8),
    _text | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    max_size=4,
)
_series = st.builds(Series, _text, _text, st.lists(_text, max_size=3).map(tuple), _text)
_KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    str: _text, str | None: _optional, datetime: _instants, Series: _series, dict[str, int]: _counts,
    float: _finite, float | None: st.none() | _finite,
}  # fmt: skip


def _strategy(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Values of every field of the struct, by its type."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(struct):
        if field.name == "attributes":
            fields[field.name] = _attributes
        elif field.type in _KNOWN:
            fields[field.name] = _KNOWN[field.type]
        elif field.required:
            fields[field.name] = st.from_type(field.type)
    return st.builds(struct, **fields)


_EMITTED = [struct for struct, direction in contract.MESSAGES.values() if direction == "written"]


@pytest.mark.parametrize("struct", _EMITTED)
def test_any_message_encoded_decodes_the_same(struct: type[msgspec.Struct]) -> None:
    @given(_strategy(struct))
    def check(message: msgspec.Struct) -> None:
        assert msgspec.json.decode(msgspec.json.encode(message), type=struct) == message

    check()


@given(
    st.builds(Partial, _series, _text, _text, st.integers(), _counts, st.integers(0))
    | st.builds(Tick, _text, st.floats(0, 4e9), st.integers(0))
)
def test_a_partial_is_told_from_a_tick(record: PartialRecord) -> None:
    assert msgspec.json.decode(msgspec.json.encode(record), type=PartialRecord) == record


@given(_text.filter(bool), st.sampled_from(list(DEFAULT_METRICS)), _optional, _attributes, _instants)
def test_any_valid_answer_is_read_as_it_was_written(
    customer: str, metric: str, comment: str | None, attributes: dict[str, Any], at: datetime
) -> None:
    from schemas.events import Response

    texts = [customer, comment or "", *attributes, *(v for v in attributes.values() if isinstance(v, str))]
    if any("\0" in text for text in texts):
        return
    answer = Response(
        customer_id=customer, metric=metric, score=DEFAULT_METRICS[metric].scale.minimum, comment=comment,
        attributes=attributes,
    )  # fmt: skip
    event = ResponseEvent(specversion="1.0", id="i", source="s", time=at, data=answer)
    raw = msgspec.json.encode(event)
    assert f'"type":"{RESPONSE_TYPE}"'.encode() in raw
    assert EventReader(DEFAULT_METRICS).read(raw, datetime(2100, 1, 1, tzinfo=UTC)) == event


@given(_series, _text, _text, st.integers())
def test_a_partial_s_key_leaves_out_what_changes(series: Series, source: str, window: str, pane: int) -> None:
    one = Partial(series, source, window, pane, {"1": 1}, 1)
    two = Partial(series, source, window, pane, {"1": 2, "5": 1}, 9)
    assert one.key() == two.key() == partial_key(series, source, window, pane)
    assert Partial(series, source, window, pane + 1, {}, 1).key() != one.key()


def test_keys_are_the_same_in_another_process() -> None:
    code = (
        "from schemas.metrics import *; s = Series('nps', 'région', ('São Paulo', ''), '1..5-');"
        "import sys; sys.stdout.buffer.write(Partial(s, 'cx.responses/0', 'day', 739576, {}, 1).key() + s.key())"
    )
    series = Series("nps", "région", ("São Paulo", ""), "1..5-")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout == Partial(series, "cx.responses/0", "day", 739576, {}, 1).key() + series.key()
    assert series.key() == '["nps","région",["São Paulo",""],"1..5-"]'.encode()


def test_a_metric_s_key_is_series_window_and_day() -> None:
    example = next(one for one in contract.EXAMPLES["Metric"] if isinstance(one, Metric))
    later = msgspec.structs.replace(example, value=1.0, n=9, version=99)
    assert example.record_key() == later.record_key()
    assert example.record_key() != msgspec.structs.replace(example, window="24h").record_key()
    decoded = msgspec.json.decode(msgspec.json.encode(example), type=MetricRecord)
    assert decoded == example


@given(st.none() | st.binary(max_size=50), st.none() | st.binary(max_size=50), st.none() | st.binary(max_size=9))
def test_a_dead_letter_gives_back_every_byte(key: bytes | None, value: bytes | None, header: bytes | None) -> None:
    error = InvalidEvent("not_json", "", "not JSON")
    letter = dead_letter("t", 3, 17, key, value, [("h", header)], error, datetime(2026, 1, 1, tzinfo=UTC))
    read = msgspec.json.decode(msgspec.json.encode(letter), type=type(letter))
    assert (read.key_bytes(), read.value_bytes(), read.header_bytes()) == (key, value, [("h", header)])
    again = dead_letter("t", 3, 17, b"", b"", [], error, datetime(2027, 1, 1, tzinfo=UTC))
    assert again.id == letter.id
    if value is not None:
        assert base64.b64decode(read.value or "") == value


def test_a_dead_letter_of_any_record_fits_into_its_topic() -> None:
    """A record that the letters' topic does not take would stop a worker for ever."""
    error = InvalidEvent("too_large", "", "too large")
    limit = int({topic.name: topic for topic in catalogue()}[DEADLETTERS].config["max.message.bytes"])

    def letter(key: bytes, value: bytes, headers: list[tuple[str, bytes | None]]) -> DeadLetter:
        return dead_letter(RESPONSES, 3, 17, key, value, headers, error, datetime(2026, 1, 1, tzinfo=UTC))

    by_default = letter(b"k", b"\xff" * 1_048_000, [])  # what a broker takes unless it is told otherwise
    assert by_default.value_bytes() == b"\xff" * 1_048_000
    whole = 4 * 1024 * 1024
    for key, value, headers in (
        (b"", b"\xff" * whole, []),
        (b"\xff" * whole, b"", []),
        (b"", b"", [("\1" * (whole // 6), b"")]),
        (b"k", b"v", [("h", b"\xff" * (whole - 8))]),
    ):
        kept = letter(key, value, headers)
        assert (kept.key_bytes(), kept.value_bytes()) == (key, value)
        assert len(msgspec.json.encode(kept)) + 100_000 < limit
        without = letter(key + b"more", value, headers * 2)
        assert (without.key, without.value, without.headers) == (None, None, [])
        assert without.problem.startswith("too large; ")
        assert without.problem.endswith(
            "bytes are more than a dead letter holds, they stay on the topic at this offset"
        )
        assert without.id == kept.id


def test_every_live_state_can_end_and_every_ended_one_can_reopen() -> None:
    for state in get_args(CaseState):
        if state == "resolved":
            assert allowed_actions(state) == ("contact", "reopen")
            assert allowed_actions(state, "metric") == ("reopen",)
        elif state == "dismissed":
            assert allowed_actions(state) == ("reopen",)
        else:
            assert {"resolve", "dismiss", "contact"} <= set(allowed_actions(state))
    for action, table in TRANSITIONS.items():
        for state, target in table.items():
            assert after(action, state) == target
    assert set(get_args(UserAction)) <= set(TRANSITIONS)
    assert after("wake", "open") is None


def test_scales_hold_both_their_ends() -> None:
    scale = Scale(1, 5, higher_is_better=False)
    assert [score for score in range(-1, 8) if scale.holds(score)] == [1, 2, 3, 4, 5]
    assert scale.label() == "1..5-"
    assert Scale(1, 7).label() == "1..7"


def test_state_topics_have_the_partitions_of_their_source() -> None:
    for partitions, replication in ((DEFAULT_PARTITIONS, 1), (12, 3)):
        topics = {topic.name: topic for topic in catalogue(partitions, replication)}
        for source, state in STATE_OF.items():
            assert topics[state].partitions == topics[source].partitions == partitions
            assert topics[state].config["cleanup.policy"] == "compact"
        assert all(("min.insync.replicas" in topic.config) == (replication == 3) for topic in topics.values())


def test_settings_name_the_variable_that_is_wrong() -> None:
    assert from_environment({}).kafka == "127.0.0.1:9092"
    assert from_environment({"CLOSELOOP_CLOCK": "event", "CLOSELOOP_PORT": "0"}).clock == "event"
    for name, value in (("CLOSELOOP_CLOCK", "lunar"), ("CLOSELOOP_PORT", "x"), ("CLOSELOOP_SLACK_PACE", "-1"), ("CLOSELOOP_PORT", "nan")):  # fmt: skip  # noqa: E501 - a table
        with pytest.raises(SettingsError, match=name):
            from_environment({name: value})


def test_secrets_are_not_in_the_settings_words() -> None:
    settings = from_environment({"SLACK_BOT_TOKEN": "xoxb-1", "DATABASE_URL": "postgresql://u:pw@h/d"})
    assert "xoxb" not in repr(settings)
    assert "pw" not in repr(settings)


def test_durations_in_seconds() -> None:
    assert [seconds(text) for text in ("90s", "30m", "4h", "7d")] == [90, 1800, 14_400, 604_800]


def test_a_checked_loop_survives_its_encoding() -> None:
    loop = parse(
        "people: {a: {name: A, email: a@b.co}}\nreceivers: {r: {person: a, channel: '#r'}}\nroute: {receiver: r}"
    )
    assert msgspec.json.decode(msgspec.json.encode(loop), type=Loop) == loop


def test_the_arrival_tolerance_is_five_minutes() -> None:
    from schemas.cloudevents import FUTURE_TOLERANCE

    assert timedelta(minutes=5) == FUTURE_TOLERANCE
