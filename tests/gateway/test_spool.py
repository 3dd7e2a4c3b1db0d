"""What waits on the disk while Kafka is away: nothing accepted is lost, and it goes on in its order."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from gateway.intake import Record
from gateway.producer import NotDeliveredError
from gateway.spool.forwarder import Forwarder
from gateway.spool.journal import FILE, Journal
from gateway.spool.place import claim, filesystem_of, left_behind
from gateway.spool.spool import NotKeptError
from schemas.deadletters import DeadLetter
from tests.gateway.spooling import MB, Bench, numbers, on_bench, record, until


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.spool.forwarder.AGAIN_SECONDS", 0.01)


def test_gateways_that_share_a_directory_have_a_place_each_and_take_over_what_is_left_behind(tmp_path: Path) -> None:
    first, second = claim(tmp_path / "spool"), claim(tmp_path / "spool")
    assert first.folder != second.folder
    assert list(left_behind(tmp_path / "spool")) == []
    first.leave()
    (left,) = left_behind(tmp_path / "spool")
    assert left.folder == first.folder
    left.leave()
    again = claim(tmp_path / "spool")
    assert again.folder == first.folder
    again.leave()
    second.leave()


def test_what_a_gateway_left_that_is_gone_is_sent_by_its_neighbour(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        gone = claim(tmp_path)
        journal = Journal(gone.folder, MB)
        journal.append([[record(1), record(2)]])
        journal.close()
        gone.leave()
        bench.forward()
        await until(lambda: len(bench.kafka.taken) == 2)
        assert numbers(bench.kafka.taken) == [1, 2]

    on_bench(tmp_path, play)


def test_a_directory_in_memory_is_told_from_one_on_a_disk() -> None:
    mounts = (
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "30 22 0:5 / /var/lib/closeloop rw - tmpfs tmpfs rw,size=64m\n"
        "31 30 8:2 / /var/lib/closeloop/a\\040disk rw shared:1 - xfs /dev/sdb rw\n"
    )
    found = {
        "/srv/spool": "ext4",
        "/var/lib/closeloop": "tmpfs",
        "/var/lib/closeloop/spool": "tmpfs",
        "/var/lib/closeloop2": "ext4",
        "/var/lib/closeloop/a disk/0": "xfs",
    }
    assert {path: filesystem_of(Path(path), mounts) for path in found} == found


def test_while_kafka_answers_nothing_touches_the_disk(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        assert await bench.hand_on(1, 2) == []
        assert (numbers(bench.kafka.taken), bench.spool.records) == ([1, 2], 0)

    on_bench(tmp_path, play)


@pytest.mark.parametrize("state", ["away", "silent"])
def test_kafka_away_is_the_disk_and_kafka_back_is_everything_in_its_order(tmp_path: Path, state: str) -> None:
    async def play(bench: Bench) -> None:
        bench.kafka.state = state
        assert await bench.hand_on(1, 2) == [0, 1]
        bench.kafka.state = "up"
        assert await bench.hand_on(3) == [0]  # behind those that wait
        assert bench.kafka.taken == []
        bench.forward()
        await bench.drained()
        assert await bench.hand_on(4) == []
        assert numbers(bench.kafka.taken) == [1, 2, 3, 4]
        assert (bench.spool.bytes, bench.spool.age(1e12)) == (0, 0.0)

    on_bench(tmp_path, play)


def test_requests_under_way_when_kafka_goes_are_kept_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        bench.kafka.state = "silent"
        requests = []
        for number in range(20):
            requests.append(asyncio.create_task(bench.hand_on(number)))
            await asyncio.sleep(0.005)  # the first runs out of patience while later ones still come
        assert await asyncio.gather(*requests) == [[0]] * 20
        bench.kafka.state = "up"
        bench.forward()
        await bench.drained()
        assert numbers(bench.kafka.taken) == list(range(20))

    on_bench(tmp_path, play)


def test_only_what_kafka_has_not_acknowledged_is_kept(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        async def half(_records: Sequence[Record]) -> None:
            raise NotDeliveredError(1, "NOT_ENOUGH_REPLICAS", {1: "NOT_ENOUGH_REPLICAS"})

        assert list(await bench.spool.hand_on(half, [record(1), record(2), record(3)])) == [1]
        bench.forward()
        await bench.drained()
        assert numbers(bench.kafka.taken) == [2]

    on_bench(tmp_path, play)


def test_a_fault_of_ours_on_the_way_to_kafka_is_not_taken_for_kafka_away(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        async def broken(_records: Sequence[Record]) -> None:
            raise RuntimeError("a fault of ours")

        with pytest.raises(RuntimeError):
            await bench.spool.hand_on(broken, [record(1)])
        assert bench.spool.records == 0

    on_bench(tmp_path, play)


def test_a_full_spool_refuses_and_has_room_again_when_it_is_drained(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        bench.kafka.state = "away"
        for number in range(9):
            assert await bench.hand_on(number, size=100_000) == [0]
        with pytest.raises(NotKeptError, match="full"):
            await bench.hand_on(9, size=100_000)
        assert bench.spool.bytes <= MB
        bench.kafka.state = "up"
        bench.forward()
        await bench.drained()
        assert await bench.hand_on(10, size=100_000) == []
        assert numbers(bench.kafka.taken) == [*range(9), 10]

    on_bench(tmp_path, play, most=MB)


def test_where_nothing_more_fits_kafka_itself_is_waited_for(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        async def slow(_records: Sequence[Record]) -> None:
            await asyncio.sleep(0.2)  # longer than the patience

        assert list(await bench.spool.hand_on(slow, [record(1, 2 * MB)])) == []

        async def away(_records: Sequence[Record]) -> None:
            await asyncio.sleep(0.2)
            raise NotDeliveredError(1, "_MSG_TIMED_OUT")

        with pytest.raises(NotKeptError, match="_MSG_TIMED_OUT"):
            await bench.spool.hand_on(away, [record(1, 2 * MB)])
        assert (bench.spool.records, bench.spool.bytes) == (0, 0)

    on_bench(tmp_path, play, most=MB)


def test_a_disk_that_takes_nothing_is_a_refusal_and_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(bench: Bench) -> None:
        bench.kafka.state = "away"
        assert await bench.hand_on(1) == [0]
        with monkeypatch.context() as full:

            def refuse(_journal: Journal, _batches: object) -> None:
                raise sqlite3.OperationalError("database or disk is full")

            full.setattr(Journal, "append", refuse)
            with pytest.raises(NotKeptError, match="disk is full"):
                await bench.hand_on(2)
            assert (bench.spool.records, bench.spool.failures) == (1, 1)
        assert await bench.hand_on(3) == [0]
        bench.kafka.state = "up"
        bench.forward()
        await bench.drained()
        assert numbers(bench.kafka.taken) == [1, 3]

    on_bench(tmp_path, play)


def test_what_waited_when_the_gateway_ended_is_sent_after_its_next_start(tmp_path: Path) -> None:
    async def before(bench: Bench) -> None:
        bench.kafka.state = "away"
        await bench.hand_on(1, 2, 3)

    async def after(bench: Bench) -> None:
        assert bench.spool.records == 3
        assert await bench.hand_on(4) == [0]
        bench.forward()
        await bench.drained()
        assert numbers(bench.kafka.taken) == [1, 2, 3, 4]
        assert bench.spool.bytes == 0

    on_bench(tmp_path, before)
    on_bench(tmp_path, after)


def test_a_damaged_file_is_set_aside_whole_and_a_new_one_begun(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        assert bench.spool.records == 0
        bench.kafka.state = "away"
        assert await bench.hand_on(1) == [0]

    place = claim(tmp_path)
    place.leave()
    (place.folder / FILE).write_bytes(b"this is no database" * 1000)
    on_bench(tmp_path, play)
    (aside,) = place.folder.glob("damaged-*")
    assert aside.read_bytes() == b"this is no database" * 1000


def test_a_directory_that_cannot_be_used_is_said_and_kafka_is_still_there(tmp_path: Path) -> None:
    async def run() -> None:
        (tmp_path / "file").write_bytes(b"")
        bench = Bench(tmp_path / "file" / "spool")
        assert not bench.spool.open()
        assert bench.spool.folder is None
        assert await bench.hand_on(1) == []
        bench.kafka.state = "away"
        with pytest.raises(NotKeptError, match="_MSG_TIMED_OUT"):
            await bench.hand_on(2)
        bench.spool.close()

    asyncio.run(run())


def test_what_kafka_never_takes_becomes_a_dead_letter_and_holds_up_nothing(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        bench.kafka.state = "away"
        await bench.hand_on(*range(10))
        bench.kafka.never = {record(4).value}
        bench.kafka.state = "up"
        bench.forward()
        await bench.drained()
        assert numbers(bench.kafka.taken) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
        (letter,) = [
            msgspec.json.decode(one.value, type=DeadLetter)
            for one in bench.kafka.taken
            if one.topic == "cx.deadletters"
        ]
        assert (letter.topic, letter.reason, letter.value_bytes(), letter.key_bytes()) == (
            "cx.responses",
            "too_large",
            record(4).value,
            record(4).key,
        )
        assert bench.spool.refused == 1

    on_bench(tmp_path, play)


def test_a_disk_without_room_to_remove_anything_holds_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.spool.forwarder.BATCH_RECORDS", 2)
    monkeypatch.setattr("gateway.spool.forwarder.NEIGHBOURS_SECONDS", 0.02)
    full = True
    remove = Journal.remove
    refusals = []

    def removing(journal: Journal, through: int) -> None:
        if full:
            refusals.append(through)
            raise sqlite3.OperationalError("database or disk is full")
        remove(journal, through)

    monkeypatch.setattr(Journal, "remove", removing)

    async def play(bench: Bench) -> None:
        nonlocal full
        bench.kafka.state = "away"
        await bench.hand_on(1, 2, 3, 4, 5)
        bench.kafka.state = "up"
        bench.forward()
        await bench.drained()
        assert await bench.hand_on(6) == []  # nothing waits any more
        await until(lambda: len(refusals) > 10)  # tried again and again
        assert numbers(bench.kafka.taken) == [1, 2, 3, 4, 5, 6]
        full = False
        kept = sqlite3.connect(tmp_path / "0" / FILE)
        await until(lambda: kept.execute("SELECT count(*) FROM records").fetchone() == (0,))
        kept.close()
        bench.kafka.state = "away"
        await bench.hand_on(7)
        bench.kafka.state = "up"
        await bench.drained()
        assert numbers(bench.kafka.taken) == [1, 2, 3, 4, 5, 6, 7]
        assert (bench.spool.records, bench.spool.bytes) == (0, 0)

    on_bench(tmp_path, play)


def test_a_neighbour_that_cannot_be_read_keeps_back_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.spool.forwarder.NEIGHBOURS_SECONDS", 0.05)

    async def play(bench: Bench) -> None:
        damaged, gone = claim(tmp_path), claim(tmp_path)
        (damaged.folder / FILE).write_bytes(b"this is no database" * 1000)
        journal = Journal(gone.folder, MB)
        journal.append([[record(1)]])
        journal.close()
        damaged.leave()
        gone.leave()
        bench.forward()
        await until(lambda: numbers(bench.kafka.taken) == [1])
        bench.kafka.state = "away"
        assert await bench.hand_on(2) == [0]
        bench.kafka.state = "up"
        await bench.drained()
        assert numbers(bench.kafka.taken) == [1, 2]

    on_bench(tmp_path, play)


def test_a_large_request_that_no_longer_fits_keeps_a_later_one_from_nothing(tmp_path: Path) -> None:
    async def play(bench: Bench) -> None:
        settled = asyncio.Event()

        async def slow(records: Sequence[Record]) -> None:
            await settled.wait()
            bench.kafka.taken.extend(records)

        large = asyncio.create_task(bench.spool.hand_on(slow, [record(1, 2 * MB)]))
        await asyncio.sleep(0)
        bench.kafka.never = {record(2).value}
        assert await bench.hand_on(2) == [0]  # refused at once, while the one before it is under way
        settled.set()
        assert list(await large) == []
        assert numbers(bench.kafka.taken) == [1]

    on_bench(tmp_path, play, most=MB, patience=5.0)


def test_a_letter_that_kafka_never_takes_is_a_file_and_holds_up_nothing(tmp_path: Path) -> None:
    letter = Record("cx.deadletters", b"hooks/form", b'{"of": "a hook"}')

    async def play(bench: Bench) -> None:
        async def deliver(records: Sequence[Record]) -> None:
            if any(one.topic == "cx.deadletters" for one in records):
                raise NotDeliveredError(len(records), "MSG_SIZE_TOO_LARGE")
            await bench.kafka.deliver(records)

        bench.kafka.state = "away"
        await bench.hand_on(1, 2, 3)
        await bench.spool.hand_on(bench.kafka.deliver, [letter])
        bench.kafka.state, bench.kafka.never = "up", {record(2).value}
        forwarding = asyncio.create_task(Forwarder(bench.spool, deliver).run())
        await bench.drained()
        forwarding.cancel()
        await asyncio.wait((forwarding,))
        assert numbers(bench.kafka.taken) == [1, 3]
        files = sorted((tmp_path / "0").glob("refused-*.json"))
        assert [file.stat().st_mode & 0o077 for file in files] == [0, 0]
        kept = {file.name.rpartition("-")[2]: file.read_bytes() for file in files}
        assert kept.pop("4.json") == letter.value  # as it is, not within another letter
        assert msgspec.json.decode(kept.pop("2.json"), type=DeadLetter).value_bytes() == record(2).value
        assert bench.spool.refused == 2

    on_bench(tmp_path, play)


@pytest.mark.parametrize("column", ["topic", "key", "value", "headers"])
def test_a_record_that_the_disk_damaged_is_a_dead_letter_and_holds_up_nothing(tmp_path: Path, column: str) -> None:
    other = {"topic": "CAST(x'ff63' AS TEXT)", "key": "x'00'", "value": "x'7b7d'", "headers": "x'c1'"}[column]

    async def play(bench: Bench) -> None:
        bench.kafka.state = "away"
        await bench.hand_on(1, 2, 3)
        with contextlib.closing(sqlite3.connect(tmp_path / "0" / FILE)) as sql, sql:
            sql.execute(f"UPDATE records SET {column} = {other} WHERE seq = 2")
        bench.kafka.state = "up"
        bench.forward()
        await bench.drained()
        assert numbers(bench.kafka.taken) == [1, 3]
        (letter,) = [one for one in bench.kafka.taken if one.topic == "cx.deadletters"]
        told = msgspec.json.decode(letter.value, type=DeadLetter)
        assert (told.reason, told.offset, "damaged" in told.problem) == ("invalid", 2, True)
        assert told.value_bytes() == (b"{}" if column == "value" else record(2).value)
        assert (bench.spool.refused, bench.spool.bytes) == (1, 0)

    on_bench(tmp_path, play)
