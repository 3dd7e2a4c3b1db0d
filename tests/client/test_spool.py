"""The spool: what it took outlives the process, its damage is skipped and told, and its bound holds."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeloop_client import Delivery, Emitter
from closeloop_client.lives import begin, orphans
from closeloop_client.notices import Notices
from closeloop_client.outgoing import Outgoing
from closeloop_client.segment import MAGIC, START, Segment, pack, unpack
from closeloop_client.spool import Spool
from tests.client.stub import StubGateway, running
from tests.client.test_emitter import Recorder
from tests.client.waiting import wait_until

Make = Callable[..., Emitter]
_texts = st.text(max_size=20)
_items = st.builds(Outgoing, _texts, _texts, st.binary(max_size=30), st.binary(max_size=300))


def item(name: str, size: int = 10) -> Outgoing:
    return Outgoing("touchpoint", name, b"c", b"x" * size)


@given(_items)
def test_a_record_is_read_as_it_was_written(one: Outgoing) -> None:
    assert unpack(pack(one)[8:]) == one


@given(st.lists(_items, max_size=12), st.integers(1, 5), st.data())
@settings(max_examples=40)
def test_a_file_gives_back_what_it_took_wherever_its_writing_was_cut(
    tmp_path_factory: pytest.TempPathFactory, items: list[Outgoing], most: int, data: Any
) -> None:
    path = tmp_path_factory.mktemp("s") / "1.events"
    segment = Segment(path, new=True)
    ends = [START]
    for one in items:
        segment.append(one)
        ends.append(segment.size)
    segment.close()
    cut = data.draw(st.integers(START, ends[-1]))
    os.truncate(path, cut)
    again = Segment(path, new=False)
    read: list[Outgoing] = []
    while not again.all_read:
        read += again.read(most, 10**6)
    assert read == items[: sum(end <= cut for end in ends) - 1]
    assert again.damaged == 0
    again.remove()


def test_what_is_settled_is_not_read_again(tmp_path: Path) -> None:
    segment = Segment(tmp_path / "1.events", new=True)
    for n in range(10):
        segment.append(item(str(n)))
    segment.read(4, 10**6)
    segment.settle()
    segment.read(3, 10**6)
    segment.close()
    again = Segment(tmp_path / "1.events", new=False)
    assert [one.id for one in again.read(100, 10**6)] == ["4", "5", "6", "7", "8", "9"]
    again.close()


@pytest.mark.parametrize("where", ["an event", "a length", "the magic"])
def test_damage_costs_what_is_damaged_and_is_told(where: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    life = begin(tmp_path)
    segment = Segment(life.folder / "1.events", new=True)
    ends = [START]
    for n in range(4):
        segment.append(item(str(n)))
        ends.append(segment.size)
    segment.close()
    life.close()
    raw = bytearray((life.folder / "1.events").read_bytes())
    if where == "an event":
        raw[ends[2] - 1] ^= 1
    elif where == "a length":
        raw[ends[2] : ends[2] + 4] = struct.pack(">I", 2**31)
    else:
        raw[: len(MAGIC)] = b"DIFFERNT"
    (life.folder / "1.events").write_bytes(raw)
    spool = Spool(tmp_path, 2**20, Notices())
    spool.adopt()
    found = spool.take(100, 10**6)
    spool.settle()
    expected = {"an event": ["0", "2", "3"], "a length": ["0", "1"], "the magic": []}[where]
    assert [one.id for one in found] == expected
    assert "cannot be read" in caplog.text
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_a_living_process_s_folder_is_not_taken_over(tmp_path: Path) -> None:
    mine = begin(tmp_path)
    assert list(orphans(tmp_path)) == []
    mine.close()
    found = list(orphans(tmp_path))
    assert [life.folder for life in found] == [mine.folder]
    assert list(orphans(tmp_path)) == []  # it has an owner again
    found[0].remove()
    assert list(tmp_path.iterdir()) == []


def test_the_bound_holds_and_the_oldest_go_by_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 2**20, Notices())
    count = 0
    while spool.put(item(str(count), 4000)):
        count += 1
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.events"))
    assert 2**20 - 8192 < size <= 2**20 + 4096
    under_way = [one.id for one in spool.take(3, 10**6)]
    assert under_way == ["0", "1", "2"]
    dropped = [one.id for one in spool.drop_oldest()]
    assert dropped == [str(n) for n in range(3, 3 + len(dropped))]
    assert spool.put(item("new", 4000))
    assert spool.waiting == count - len(dropped) + 1
    spool.settle()
    rest: list[str] = []
    while taken := spool.take(100, 10**6):
        rest += [one.id for one in taken]
        spool.settle()
    assert rest == [str(n) for n in range(3 + len(dropped), count)] + ["new"]
    assert spool.waiting == 0
    spool.close()
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.sampled_from(["put", "take", "settle", "drop", "reopen"]), max_size=40))
@settings(max_examples=40)
def test_nothing_is_lost_and_order_holds_whatever_the_order_of_calls(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    root = tmp_path_factory.mktemp("s")
    spool = Spool(root, 2**20, Notices())
    waiting: list[str] = []  # the model: what was put and is neither settled nor dropped
    under_way: list[str] = []
    number = 0
    for step in steps:
        if step == "put":
            assert spool.put(item(str(number), 30_000))
            waiting.append(str(number))
            number += 1
        elif step == "take" and not under_way:
            under_way = [one.id for one in spool.take(2, 10**6)]
            assert under_way == waiting[: len(under_way)]
            assert bool(under_way) == bool(waiting)
        elif step == "settle" and under_way:
            spool.settle()
            waiting, under_way = waiting[len(under_way) :], []
        elif step == "drop":
            dropped = [one.id for one in spool.drop_oldest()]
            assert dropped == waiting[len(under_way) : len(under_way) + len(dropped)]
            waiting = waiting[: len(under_way)] + waiting[len(under_way) + len(dropped) :]
        elif step == "reopen":
            spool.close()
            under_way = []
            spool = Spool(root, 2**20, Notices())
            spool.adopt()
            adopted: list[str] = []
            while taken := spool.take(100, 10**6):
                adopted += [one.id for one in taken]
                spool.settle()
            assert adopted == waiting
            waiting = []
        if step != "reopen":
            assert spool.waiting == len(waiting)
    spool.close()


def test_an_outage_costs_nothing_and_the_order_holds(tmp_path: Path, emitter: Make, unused_url: str) -> None:
    port = int(unused_url.rpartition(":")[2])
    client = emitter(unused_url, spool=tmp_path, buffer_events=5)
    ids = [client.touchpoint("c", "t") for _ in range(2000)]  # far more than the buffer would hold
    wait_until(lambda: client.stats.retries > 0)
    assert client.stats.waiting == 2000
    with running(StubGateway(), port) as gateway:
        assert client.flush(60)
        assert list(dict.fromkeys(gateway.ids())) == ids
    client.close()
    assert list(tmp_path.iterdir()) == []


def test_what_waits_at_the_end_is_the_next_emitter_s(tmp_path: Path, emitter: Make, unused_url: str) -> None:
    told: list[Delivery] = []
    first = emitter(unused_url, spool=tmp_path, on_delivery=told.append)
    ids = [first.touchpoint("c", "t") for _ in range(7)]
    first.close(0.1)
    assert told == []
    recorder = Recorder()
    second = emitter(recorder, spool=tmp_path)
    own = second.touchpoint("c", "t")
    wait_until(lambda: {*recorder.taken} == {*ids, own})
    assert [one for one in recorder.taken if one != own] == ids
    wait_until(lambda: second.stats.recovered == 7)
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_counted_and_said(
    tmp_path: Path, emitter: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Delivery] = []
    recorder = Recorder()
    client = emitter(recorder, spool=tmp_path, on_delivery=told.append)
    client.touchpoint("c", "t", id="1")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("closeloop_client.segment.os.pwrite", full)
        client.touchpoint("c", "t", id="2")
    client.touchpoint("c", "t", id="3")
    assert client.flush(30)
    assert [one for one in recorder.taken if one != "2"] == ["1", "3"]
    assert ("2", "dropped", "spool") in [(row.id, row.status, row.reason) for row in told]
    assert "No space left on device" in caplog.text


def test_a_folder_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"^spool: "):
        Emitter("http://127.0.0.1:1", spool=tmp_path / "file")


def test_nothing_of_the_spool_is_readable_for_others(tmp_path: Path, emitter: Make, unused_url: str) -> None:
    client = emitter(unused_url, spool=tmp_path / "spool")
    client.response("c", "nps", 3, comment="my own words")
    for path in [tmp_path / "spool", *(tmp_path / "spool").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("cut", [0, START, START + 150])
def test_a_file_that_somebody_cut_is_told_and_does_not_hold_up_a_flush(
    cut: int, tmp_path: Path, emitter: Make, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    recorder.open.clear()
    client = emitter(recorder, spool=tmp_path, batch_events=1)
    client.touchpoint("c", "t", id="under way")
    assert recorder.entered.wait(30)
    for n in range(5):
        client.touchpoint("c", "t", id=str(n))
    (path,) = tmp_path.glob("*/*.events")
    os.truncate(path, cut)
    recorder.open.set()
    assert client.flush(30)
    stats = client.stats
    assert (stats.accepted, stats.delivered, stats.dropped, stats.waiting) == (6, 1, 5, 0)
    assert "5 events of the spool cannot be read" in caplog.text
    client.touchpoint("c", "t", id="afterwards")
    assert client.flush(30)
    assert recorder.taken == ["under way", "afterwards"]


def test_a_folder_that_cannot_be_read_holds_up_no_other_and_stays(
    tmp_path: Path, emitter: Make, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("1", "2"):
        life = begin(tmp_path)
        segment = Segment(life.folder / "1.events", new=True)
        segment.append(item(name))
        segment.close()
        life.close()
    unreadable = min(tmp_path.iterdir()) / "2.events"
    unreadable.mkdir()  # what cannot be opened as a file
    spool = Spool(tmp_path, 10**6, Notices())
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(3):
        spool.adopt()
    assert len(spool.take(10, 10**6)) == 1
    spool.settle()
    assert len([*Path("/proc/self/fd").iterdir()]) <= before + 2
    assert "cannot be read" in caplog.text
    assert (unreadable.parent / "1.events").exists()
    unreadable.rmdir()
    spool.adopt()
    assert len(spool.take(10, 10**6)) == 1
    spool.settle()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_signal_handler_that_emits_writes_over_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in the midst of the call that it interrupts, which holds the lock that it is let through."""
    segment = Segment(tmp_path / "1.events", new=True)
    write = os.pwrite
    interrupted: list[str] = []

    def interrupting(fd: int, record: bytes, at: int) -> int:
        written = write(fd, record, at)
        if not interrupted:
            interrupted.append("once")
            segment.append(item("of the handler"))
        return written

    monkeypatch.setattr(os, "pwrite", interrupting)
    segment.append(item("first"))
    segment.append(item("second"))
    assert [one.id for one in segment.read(10, 10**6)] == ["first", "of the handler", "second"]
    assert segment.damaged == 0
    segment.close()


def test_a_signal_handler_that_ends_the_call_leaves_no_hole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = Segment(tmp_path / "1.events", new=True)
    segment.append(item("first"))
    with monkeypatch.context() as patch:

        def ended(*_: Any) -> int:
            raise SystemExit

        patch.setattr(os, "pwrite", ended)
        with pytest.raises(SystemExit):
            segment.append(item("never"))
    segment.append(item("second"))
    assert [one.id for one in segment.read(10, 10**6)] == ["first", "second"]
    segment.close()


def test_a_folder_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", 10**6, Notices())
    assert spool.put(item("1", 200_000))
    shutil.rmtree(tmp_path / "s")
    assert spool.put(item("2"))
    assert spool.put(item("3"))
    assert [one.id for one in spool.take(10, 10**6)] == ["1"]
    spool.settle()
    assert [one.id for one in spool.take(10, 10**6)] == ["2", "3"]
    spool.settle()
    assert spool.close() == []
    assert list((tmp_path / "s").iterdir()) == []
