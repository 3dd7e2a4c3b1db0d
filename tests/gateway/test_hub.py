"""A client of the stream that was cut off gets what it missed, exactly."""

from __future__ import annotations

import asyncio
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hub import KEPT_SECONDS, Hub, frame


def values(batch: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"^data: (\d+)$", batch, re.MULTILINE)]


def marks(batch: bytes) -> list[str]:
    return re.findall(r"^id: (\S+)$", batch.decode(), re.MULTILINE)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=30), st.data())
def test_what_was_missed_is_what_was_sent_after_the_mark(batches: list[int], data: st.DataObject) -> None:
    hub = Hub()
    sent: list[int] = []
    read: list[tuple[str, int]] = [(hub.mark, 0)]
    for size in batches:
        frames = [frame("metric", len(sent) + number) for number in range(size)]
        sent += range(len(sent), len(sent) + size)
        hub.publish(frames)
        read.append((hub.mark, len(sent)))
    mark, known = data.draw(st.sampled_from(read))
    missed = hub.since(mark)
    assert missed is not None
    assert values(missed) == sent[known:]
    assert marks(missed) == [mark for mark, number in read if number > known]


def test_a_mark_that_is_not_known_begins_with_the_present() -> None:
    hub, other = Hub(), Hub()
    hub.publish([frame("metric", 1)])
    epoch = hub.mark.partition(".")[0]
    for mark in ("", "x", "x.1", other.mark, f"{epoch}.19", f"{epoch}.-1", f"{epoch}.²", epoch):
        assert hub.since(mark) is None, mark


def test_what_is_kept_has_a_bound_and_a_gap_is_never_passed_over() -> None:
    hub = Hub(kept_bytes=200)
    marks_ = []
    for number in range(20):
        hub.publish([frame("metric", number)])
        marks_.append(hub.mark)
    assert hub.since(marks_[0]) is None
    assert values(hub.since(marks_[-2]) or b"") == [19]
    assert hub.since(marks_[-1]) == b""


def test_nobody_is_awaited_for_ever() -> None:
    async def scenario() -> None:
        hub = Hub()
        assert not hub.wanted(math.inf)
        subscriber = hub.subscribe()
        hub.publish([frame("metric", 1)])
        mark = hub.mark
        assert hub.wanted(math.inf)
        hub.leave(subscriber)
        left = hub._left_at
        assert hub.wanted(left + KEPT_SECONDS - 1)
        hub.publish([frame("metric", 2)])
        assert values(hub.since(mark) or b"") == [2]
        newest = hub.mark
        assert not hub.wanted(left + KEPT_SECONDS)
        assert hub.since(mark) is None
        assert hub.since(newest) is None, "what came while nobody listened was kept for nobody"

    asyncio.run(scenario())


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_a_subscriber_hears_each_frame_once(frames: int) -> None:
    async def scenario() -> bytes:
        hub = Hub()
        subscriber = hub.subscribe()
        hub.publish([frame("metric", number) for number in range(frames)])
        hub.close()
        return b"".join([part async for part in subscriber.frames(b"", 1.0)])

    assert values(asyncio.run(scenario())) == []  # closing lets go of what waits
