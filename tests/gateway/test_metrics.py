"""Metrics, history, totals, dead letters and configuration over HTTP."""

from __future__ import annotations

import base64
import time
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from msgspec import structs

from schemas.case_ledger import find_open_case, join_case
from schemas.tables import BooksRow, DeadLetterRow, MetricDayRow
from tests.gateway.conftest import Served
from tests.gateway.examples import metric_alert, opened
from tests.gateway.test_live_rows import books, metric, put

DESIGN_FIELDS = {"metric", "window", "cut", "key", "value", "low", "high", "n", "counts", "as_of"}


def days(gateway: Served, first: date, number: int, regions: int) -> None:
    with gateway.parts.writers.begin() as session:
        rows = [
            metric(1, key=f"R{region:02}", window="day", day=first + timedelta(days=offset))
            for offset in range(number)
            for region in range(regions)
        ]
        session.execute(
            MetricDayRow.__table__.insert(),
            [
                {
                    "id": row.record_key().decode(),
                    "metric": row.metric,
                    "cut": row.cut,
                    "day": row.day,
                    "payload": msgspec.to_builtins(row),
                    "version": row.version,
                    "as_of": row.as_of,
                }
                for row in rows
            ],
        )


def test_current_metrics_have_the_fields_of_the_contract(gateway: Served) -> None:
    put(gateway.parts.live.rows, metric(5))
    put(gateway.parts.live.rows, metric(5, window="1h"))
    (row,) = gateway.client.get("/v1/metrics?metric=nps&window=7d&cut=region").json()
    assert set(row) >= DESIGN_FIELDS
    assert (row["key"], row["counts"], row["n"]) == ({"attributes.region": "SP"}, {"3": 5}, 5)
    assert len(gateway.client.get("/v1/metrics").json()) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("metrics?metric=joy", "metric"),
        ("metrics?metric=clv", "metric"),
        ("metrics?window=2h", "window"),
        ("metrics?cut=planet", "cut"),
        ("metrics?limit=0", "limit"),
        ("metrics?offset=-1", "offset"),
        ("metrics/history", "metric"),
        ("metrics/history?metric=joy", "metric"),
        ("metrics/history?metric=nps&cut=planet", "cut"),
        ("metrics/history?metric=nps&from=yesterday", "from"),
        ("metrics/history?metric=nps&to=2026-02-30", "to"),
        ("metrics/history?metric=nps&from=2026-02-02&to=2026-02-01", "from"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(gateway: Served, query: str, field: str) -> None:
    refused = gateway.client.get(f"/v1/{query}")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)


@pytest.mark.parametrize("name", ["time_to_contact", "time_to_resolve_business", "in_sla_acknowledge", "recovered"])
def test_what_the_loop_reckons_of_itself_can_be_asked_for(gateway: Served, name: str) -> None:
    row = structs.replace(metric(5), metric=name, quantiles={"p50": 3600.0, "p90": 7800.0})
    put(gateway.parts.live.rows, row)
    (told,) = gateway.client.get(f"/v1/metrics?metric={name}").json()
    assert (told["metric"], told["quantiles"]) == (name, {"p50": 3600.0, "p90": 7800.0})
    assert gateway.client.get(f"/v1/metrics/history?metric={name}").json() == []
    entry = gateway.client.get("/v1/config").json()["catalogue"][name]
    assert entry["unit"] == ("seconds" if name.startswith("time_to_") else "percent")


def test_history_is_the_days_asked_for_in_their_order(on_both: Served) -> None:
    days(on_both, date(2026, 1, 1), 10, 3)
    query = "metric=nps&cut=region&from=2026-01-03&to=2026-01-04"
    rows = on_both.client.get(f"/v1/metrics/history?{query}").json()
    assert [(row["day"], row["key"]["attributes.region"]) for row in rows] == [
        (day, region) for day in ("2026-01-03", "2026-01-04") for region in ("R00", "R01", "R02")
    ]
    assert set(rows[0]) >= (DESIGN_FIELDS - {"window"}) | {"day"}
    assert "window" not in rows[0]
    page = on_both.client.get(f"/v1/metrics/history?{query}&limit=4")
    assert len(page.json()) == 4
    following = page.headers["link"].partition(">")[0][1:]
    assert [row["key"]["attributes.region"] for row in on_both.client.get(following).json()] == ["R01", "R02"]


def test_800_days_of_27_regions_come_in_one_answer(on_both: Served) -> None:
    days(on_both, date(2024, 1, 1), 800, 27)
    began = time.perf_counter()
    answer = on_both.client.get("/v1/metrics/history?metric=nps&cut=region")
    took = time.perf_counter() - began
    assert len(answer.json()) == 800 * 27
    assert "link" not in answer.headers
    print(f"800 days x 27 regions: {took:.2f} s, {len(answer.content) / 1e6:.1f} MB")  # noqa: T201


def test_totals_come_from_the_live_view_and_sql_together(on_both: Served) -> None:
    opened(on_both.parts.writers)
    opened(on_both.parts.writers, of=metric_alert(1))
    with on_both.parts.writers.begin() as session:
        case = find_open_case(session, "nps 7d region=SP", "metrics")
        assert case is not None
        for further in (metric_alert(2, recovered=True), metric_alert(3)):
            join_case(session, case, further, case.opened_at)
    put(on_both.parts.live.rows, books("cx.responses/0", 9, 10, alerts={"detractor": 1}))
    with on_both.parts.writers.begin() as session:
        for stored in (books("cx.responses/0", 3, 4), books("cx.touchpoints/1", 2, 3)):
            session.add(BooksRow(source=stored.source, payload=msgspec.to_builtins(stored), version=stored.version))
    empty = {"received": 0, "counted": 0, "duplicates": 0, "late": 0, "dead_letters": {}}
    told = on_both.client.get("/v1/totals").json()
    assert told["responses"] == {**empty, "received": 10, "counted": 10}
    assert told["touchpoints"] == {**empty, "received": 3, "counted": 3}
    assert told["alerts"] == {"detractor": 1, "nps_fall": 2}
    assert {state: n for state, n in told["cases"].items() if n} == {"open": 2}


def letter(gateway: Served, number: int, **said: object) -> str:
    row = {
        "id": f"letter-{number}",
        "topic": "cx.responses",
        "partition": 1,
        "offset": number,
        "reason": "metric",
        "field": "data.metric",
        "problem": "not declared",
        "at": datetime(2026, 1, 10, tzinfo=UTC) + timedelta(seconds=number // 2),
        "key": b"c1",
        "value": b"\xff\x00 untouched",
        "headers": [
            ["ce_id", base64.b64encode(b"r-1").decode()],
            ["empty", None],
            ["ce_id", base64.b64encode(b"again").decode()],
        ],
        "replayed_at": None,
        **said,
    }
    with gateway.parts.writers.begin() as session:
        session.add(DeadLetterRow(**row))
    return str(row["id"])


def test_dead_letters_page_newest_first_without_their_content(on_both: Served) -> None:
    for number in range(5):
        letter(on_both, number)
    letter(on_both, 9, reason="scale", topic="cx.touchpoints")
    seen: list[str] = []
    cursor = ""
    for _page in range(3):
        page = on_both.client.get("/v1/deadletters", params={"limit": 2, "cursor": cursor}).json()
        seen += [shown["id"] for shown in page["deadletters"]]
        cursor = page["next"]
    assert seen == ["letter-9", "letter-4", "letter-3", "letter-2", "letter-1", "letter-0"]
    assert cursor is None
    (one,) = on_both.client.get("/v1/deadletters?reason=scale").json()["deadletters"]
    assert (one["topic"], one["offset"], one["bytes"]) == ("cx.touchpoints", 9, 12)
    assert "value" not in one
    for wrong in ("x", "eA==", "é"):
        assert on_both.client.get("/v1/deadletters", params={"cursor": wrong}).status_code == 400


def test_a_dead_letter_is_sent_again_byte_for_byte_and_once(on_both: Served) -> None:
    known = letter(on_both, 1)
    replayed = on_both.client.post(f"/v1/deadletters/{known}/replay", json={})
    assert replayed.status_code == 200, replayed.text
    assert replayed.json()["replayed_at"] is not None
    (record,) = on_both.kafka.records
    assert (record.topic, record.key, record.value) == ("cx.responses", b"c1", b"\xff\x00 untouched")
    assert tuple(record.headers) == (("ce_id", b"r-1"), ("empty", None), ("ce_id", b"again"))
    assert on_both.client.post(f"/v1/deadletters/{known}/replay").status_code == 409
    assert on_both.client.post("/v1/deadletters/nothing/replay").status_code == 404
    assert on_both.client.post(f"/v1/deadletters/{letter(on_both, 2, value=None)}/replay").status_code == 422
    assert len(on_both.kafka.records) == 1


def test_a_replay_that_kafka_did_not_take_can_be_tried_again(gateway: Served) -> None:
    known = letter(gateway, 1)
    gateway.kafka.away = True
    assert gateway.client.post(f"/v1/deadletters/{known}/replay").status_code == 503
    gateway.kafka.away = False
    assert gateway.client.post(f"/v1/deadletters/{known}/replay").status_code == 200


def test_the_configuration_is_what_the_console_reads(gateway: Served) -> None:
    told = gateway.client.get("/v1/config").json()
    assert told["open"] is True
    assert (told["clock"], told["zone"], told["minimum_n"]) == ("wall", "UTC", 10)
    assert told["windows"] == ["1h", "7d"]
    assert told["cuts"] == {"all": [], "region": ["attributes.region"]}
    assert told["metrics"]["effort"] == {"kind": "mean", "minimum": 1, "maximum": 5, "higher_is_better": False}
    assert told["metrics"]["nps"]["maximum"] == 10
    assert told["people"]["ana"] == "Ana Sá"
    assert told["root_causes"]["late_delivery"] == "Late delivery"


def test_the_console_and_its_chart_library_are_served_and_nothing_else(gateway: Served) -> None:
    page = gateway.client.get("/")
    assert (page.status_code, page.url.path) == (200, "/now")
    assert page.headers["content-type"].startswith("text/html")
    assert gateway.client.get("/console/script/main.js").headers["content-type"].startswith("text/javascript")
    assert b"Chart.js" in gateway.client.get("/console/vendor/Chart.bundle.js").content[:100]
    for path in (
        "/console/../keys.py",
        "/console/%2e%2e/__init__.py",
        "/console/..%2f__init__.py",
        "/console/nothing.js",
    ):
        assert gateway.client.get(path).status_code == 404


def test_the_api_describes_itself(gateway: Served) -> None:
    document = gateway.client.get("/schema/openapi.json").json()
    for path in ("/v1/events", "/v1/metrics", "/v1/cases/{case_id}/{action}", "/v1/totals", "/v1/stream"):
        assert path in document["paths"]
    events = document["paths"]["/v1/events"]["post"]
    assert "application/x-ndjson" in events["requestBody"]["content"]
    assert {"202", "400", "413", "429", "503"} <= set(events["responses"])


def test_health_says_what_is_missing(gateway: Served) -> None:
    ready = gateway.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["waiting_for"] == ["the live view of cx.metrics"]
    gateway.parts.live.caught_up.set()
    assert gateway.client.get("/readyz").status_code == 200


def test_history_of_one_series_is_found_by_its_key_page_by_page(on_both: Served) -> None:
    days(on_both, date(2026, 1, 1), 6, 3)
    odd = 'São "P": 100 % \\ ümläut'
    with on_both.parts.writers.begin() as session:
        row = metric(2, key=odd, window="day", day=date(2026, 1, 3))
        session.add(
            MetricDayRow(
                id="odd",
                metric=row.metric,
                cut=row.cut,
                day=row.day,
                payload=msgspec.to_builtins(row),
                version=row.version,
                as_of=row.as_of,
            )
        )

    def found(**params: object) -> list[tuple[str, str]]:
        rows: list[tuple[str, str]] = []
        answer = on_both.client.get("/v1/metrics/history", params={"metric": "nps", **params})
        while True:
            rows += [(row["day"], row["key"]["attributes.region"]) for row in answer.json()]
            if "link" not in answer.headers:
                return rows
            answer = on_both.client.get(answer.headers["link"].partition(">")[0][1:])

    one = [(f"2026-01-0{day}", "R01") for day in range(1, 7)]
    assert found(cut="region", key="attributes.region:R01") == one
    assert found(cut="region", key="attributes.region:R01", limit=4) == one
    assert found(key=["attributes.region:R01"], **{"from": "2026-01-02", "to": "2026-01-03"}) == one[1:3]
    assert found(key=f"attributes.region:{odd}") == [("2026-01-03", odd)]
    assert found(cut="region", key="attributes.region:r01") == []
    assert found(cut="region", key="attributes.region:") == []


@pytest.mark.parametrize(
    "query",
    [
        "cut=region&key=SP",
        "cut=region&key=touchpoint:checkout",
        "cut=all&key=attributes.region:SP",
        "key=region:SP",
        "cut=region&key=attributes.region:SP&key=attributes.region:RJ",
    ],
)
def test_a_key_that_no_series_of_the_cut_can_have_is_refused(gateway: Served, query: str) -> None:
    refused = gateway.client.get(f"/v1/metrics/history?metric=nps&{query}")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "key")


def test_no_other_page_may_frame_the_console(gateway: Served) -> None:
    for path in ("/", "/console/script/main.js"):
        assert "frame-ancestors 'none'" in gateway.client.get(path).headers["content-security-policy"]
