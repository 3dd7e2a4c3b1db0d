"""The page of the loop's own health, without a Kafka: books green and red, and what may be seen of dead letters."""

from __future__ import annotations

import re

import msgspec

from gateway.cluster.looks import BrokerSeen, DiskSeen, GroupSeen, Look, MemberSeen, PartitionSeen, Place
from gateway.cluster.report import make_report
from gateway.cluster.trend import STEPS, ClusterTrend
from gateway.console.pages.pipeline import _lines
from gateway.keys import create_key
from schemas.topics import RESPONSES, STREAMS_GROUP
from tests.gateway.conftest import Served, gateway, make, serve  # noqa: F401 - fixtures
from tests.gateway.test_live_rows import books
from tests.gateway.test_live_rows import put as put_record
from tests.gateway.test_metrics import letter

HOSTILE = b"<img src=x onerror=alert(1)>\"'&"


class OneLook:
    """In place of Kafka: one look, over and over."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def look(self, at: float) -> Look:
        return msgspec.structs.replace(self._look, at=at)

    def close(self) -> None:
        return


def text_of(html: str, part: str) -> str:
    """The words of one part, without its markup."""
    found = re.search(rf'id="{part}".*?</(?:article|section|tr|tbody)>', html, re.DOTALL)
    assert found is not None, part
    return " ".join(re.sub(r"<[^>]+>", " ", found[0].split(">", 1)[1]).split())


def test_the_books_are_shown_as_an_equation_that_holds_or_does_not(gateway: Served) -> None:  # noqa: F811
    put_record(
        gateway.parts.live.rows,
        books("cx.responses/0", 9, 1210, counted=1200, duplicates=6, late=1, dead_letters={"scale": 3}),
    )
    put_record(gateway.parts.live.rows, books("cx.touchpoints/0", 9, 10, counted=7))
    html = gateway.client.get("/pipeline").text
    holds = text_of(html, "book-responses")
    assert "1,210 received = 1,200 counted + 6 duplicates + 1 too late + 3 dead letters" in holds
    assert "✓ the books balance" in holds
    assert "✗ the books differ by +3" in text_of(html, "book-touchpoints")
    assert re.search(r'id="book-responses"[^>]*data-holds="yes"', html)
    assert re.search(r'id="book-touchpoints"[^>]*data-holds="no"', html)
    assert "Kafka has not told yet." in html
    russian = gateway.client.get("/pipeline?language=ru").text
    assert "✓ учёт сходится" in text_of(russian, "book-responses")


def test_kafka_is_shown_with_its_topics_workers_and_disks(gateway: Served) -> None:  # noqa: F811
    places = {
        Place(RESPONSES, number): PartitionSeen(leader=1, replicas=1, in_sync=1, begin=0, end=40, stable_end=40)
        for number in range(2)
    }
    worker = MemberSeen("streams-1-1234-abcdef", "streams-1", "10.0.0.7", (Place(RESPONSES, 0), Place(RESPONSES, 1)))
    look = Look(
        at=0.0,
        brokers=(BrokerSeen(1, "k", 9092),),
        partitions=places,
        groups={STREAMS_GROUP: GroupSeen("stable", (worker,), {Place(RESPONSES, 0): 40, Place(RESPONSES, 1): 27})},
        disks=(DiskSeen(broker=1, log_dir="/data", size_bytes=10**10, free_bytes=10**9, loop_bytes=2_500_000),),
    )
    gateway.parts.cluster._reader = OneLook(look)  # type: ignore[assignment] # a double
    gateway.parts.cluster._look()
    html = gateway.client.get("/pipeline").text
    assert "13 still to read in Kafka" in text_of(html, "book-responses")
    topic = text_of(html, "topic-cx-responses")
    assert topic.startswith("cx.responses 2 partitions 80")
    assert "13" in topic
    assert "topic-cx-responses-1" not in html
    unfolded = gateway.client.get("/pipeline?topic=cx.responses").text
    assert text_of(unfolded, "topic-cx-responses-1").startswith("cx.responses partition 1 40 – 13")
    crew = text_of(html, "crew-streams")
    assert "at work" in crew
    assert "streams-1 10.0.0.7 · abcdef cx.responses 0, 1" in crew
    assert "▲ 1.0 GB free of 10.0 GB" in html
    assert "2.5 MB" in html


def test_dead_letters_unfold_from_reason_to_bytes_and_are_escaped(gateway: Served) -> None:  # noqa: F811
    known = letter(gateway, 3, value=HOSTILE)
    html = gateway.client.get("/pipeline").text
    assert "metric a metric that is not declared cx.responses 1 1 0" in text_of(html, "reason-metric-cx-responses")
    assert known not in html
    listed = gateway.client.get("/pipeline?reason=metric&origin=cx.responses").text
    assert "cx.responses/1 @ 3" in text_of(listed, f"letter-{known}")
    assert "onerror" not in listed
    shown = gateway.client.get(f"/pipeline?reason=metric&letter={known}").text
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "<img" not in shown
    assert "✗ would be refused again" in shown
    assert gateway.client.get("/pipeline?letter=nothing").status_code == 404
    assert gateway.client.get("/pipeline?reason=metric&cursor=x").status_code == 400


def test_who_may_only_read_sees_that_there_are_letters_and_not_what_is_in_them(gateway: Served) -> None:  # noqa: F811
    known = letter(gateway, 1, value=HOSTILE)
    head = {"authorization": f"Bearer {create_key(gateway.parts.writers, 'reports', 'read')}"}
    page = gateway.client.get(f"/pipeline?reason=metric&letter={known}", headers=head).text
    assert "a metric that is not declared" in page
    assert "onerror" not in page
    assert "content may be personal" in page
    assert "data-replay" not in page


def test_the_lines_of_a_quarter_of_an_hour_take_bounded_room() -> None:
    place = Place(RESPONSES, 0)
    trend = ClusterTrend()
    before = None
    for second in range(0, 3000, 2):
        seen = PartitionSeen(leader=1, replicas=1, in_sync=1, begin=0, end=second * 3, stable_end=second * 3)
        look = Look(
            at=float(second),
            partitions={place: seen},
            groups={STREAMS_GROUP: GroupSeen("stable", (), {place: max(0, second * 3 - second)})},
        )
        trend.note(make_report(look, before))
        before = look
    rates, lags = trend.rates(RESPONSES, 0), trend.lags(STREAMS_GROUP, RESPONSES)
    assert len(lags) == STEPS
    assert rates == [3.0] * STEPS
    assert lags[-1] == 2998
    assert 880 <= lags[-1] - lags[0] <= 920  # a quarter of an hour
    line = _lines(make_report(before, None).topics, "", trend)[0]
    assert line.lags[0].group == "streams"
