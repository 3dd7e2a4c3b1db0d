"""Events that wait on disk, so that they outlive the process and a long outage.

An event is in the file before the call that emitted it returns: from then on it is lost neither with the process, even
by ``kill -9``, nor while the other end is away, up to the bound. It is not forced to the platter: a machine that loses
its power may lose what its system had not written yet. What a process leaves behind, another one with the same folder
sends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from closeloop_client.lives import Life, begin, orphans
from closeloop_client.notices import Notices
from closeloop_client.outgoing import Outgoing
from closeloop_client.segment import START, Segment

SEGMENT_BYTES = 4 * 1024 * 1024
ORPHANS_AT_ONCE = 16
"""So many dead processes' folders are open at a time."""
_ALL = 2**62
_KEEP_OPEN = 256 * 1024
"""A file that is all settled is emptied when it is larger."""


class Spool:
    """A queue on disk. Not thread-safe: its owner holds a lock.

    Args:
        root: the folder, which many processes may share.
        most_bytes: what this process may hold there, with what it took over of others.
        notices: where damage is told.
    """

    def __init__(self, root: Path, most_bytes: int, notices: Notices) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root = root
        self._most_bytes = most_bytes
        self._segment_bytes = min(SEGMENT_BYTES, max(most_bytes // 8, 4096))
        self._notices = notices
        self._begin()

    def forget(self) -> None:
        """In a forked child: the parent's files are the parent's; close them here and begin anew."""
        for segment in (*self._own, *self._adopted):
            segment.close()
        for life in self._lives if self._life is None else (self._life, *self._lives):
            life.close()
        self._begin()

    def _begin(self) -> None:
        self._life: Life | None = None
        self._lives: list[Life] = []
        self._own: list[Segment] = []
        self._adopted: list[Segment] = []
        self._adopted_bytes = 0
        self._numbered = 0
        self._put = 0
        self._unread = 0
        self._under_way: list[Outgoing] = []
        self._under_way_from: Segment | None = None
        self._rewind_to = 0
        self._first_under_way = 0
        self._turn_of_others = False
        self.recovered = 0
        """Events taken over from processes that died."""
        self.lost = 0
        """Events of this process that cannot be read any more."""

    @property
    def waiting(self) -> int:
        """This process's events that are not settled; those it took over are not counted."""
        own = self._under_way if self._under_way_from in self._own else ()
        return self._unread + len(own)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the files."""
        return sum(segment.size for segment in self._own) + self._adopted_bytes

    @property
    def oldest(self) -> int:
        """The number of the first event of this process that is not settled."""
        if self._under_way and self._under_way_from in self._own:
            return self._first_under_way
        return self._put - self._unread

    @property
    def has_orphans(self) -> bool:
        """Whether there are events of others to be sent."""
        return bool(self._adopted)

    def put(self, item: Outgoing) -> bool:
        """Write an event, if there is room. Raises ``OSError`` where the disk does not take it."""
        if self.waiting_bytes + len(item.value) > self._most_bytes:
            return False
        if self._life is None:
            self._life = begin(self._root)
        if not self._own or self._own[-1].size >= self._segment_bytes:
            self._own.append(self._new_segment(self._life))
        self._own[-1].append(item)
        self._put += 1
        self._unread += 1
        return True

    def drop_oldest(self) -> list[Outgoing]:
        """Give up the oldest file's events, but for those under way."""
        for segment in self._own:
            if segment.all_read:
                continue
            position = segment.read_at
            dropped = segment.read(_ALL, _ALL)
            self._count(segment, len(dropped))
            if segment is self._under_way_from:
                segment.cut(position)  # what is under way stays until it is settled
            else:
                self._own.remove(segment)
                segment.remove()
            return dropped
        return []

    def take(self, most: int, most_bytes: int) -> list[Outgoing]:
        """The next events: by turns of this process and of those that died."""
        self._turn_of_others = not self._turn_of_others
        first, second = (self._adopted, self._own) if self._turn_of_others else (self._own, self._adopted)
        self._first_under_way = self._put - self._unread
        for segments in (first, second):
            for segment in list(segments):
                if segment.all_read:
                    continue
                self._rewind_to = segment.read_at
                taken = segment.read(most, most_bytes)
                if segments is self._own:
                    self._count(segment, len(taken))
                else:
                    self._tell_of_damage(segment)
                    self.recovered += len(taken)
                if taken:
                    self._under_way, self._under_way_from = taken, segment
                    return taken
            self._sweep()
        return []

    def settle(self, left: Sequence[Outgoing] = ()) -> None:
        """The events under way are done with. While some are left, all stay in the file: sending them again is safe."""
        segment = self._under_way_from
        if segment is None or left:
            return
        self._under_way, self._under_way_from = [], None
        with contextlib.suppress(OSError):  # a disk that takes no cursor: after a crash these events are sent again
            segment.settle()
        self._sweep()

    def adopt(self) -> None:
        """Take over what processes left behind that are no more, some at a time."""
        if len(self._lives) >= ORPHANS_AT_ONCE:
            return
        for life in orphans(self._root):
            segments: list[Segment] = []
            try:
                segments.extend(Segment(path, new=False) for path in life.segments())
            except OSError as error:
                for segment in segments:
                    segment.close()
                life.close()
                text = f"closeloop: {{n}} times a folder of the spool cannot be read ({error.strerror}); it stays"
                self._notices.warn("unreadable", text)
                continue
            self._adopted += segments
            self._lives.append(life)
            if len(self._lives) >= ORPHANS_AT_ONCE:
                break
        self._sweep()

    def close(self) -> list[Outgoing]:
        """End; what is not settled stays on disk for whoever comes next, so nothing is lost."""
        if self._under_way_from is not None:
            self._under_way_from.read_at = self._rewind_to
            self._under_way, self._under_way_from = [], None
        self._sweep()
        if self._life is not None and all(segment.all_read for segment in self._own):
            for segment in self._own:
                segment.remove()
            self._life.remove()
            self._own, self._life = [], None
        self.forget()
        return []

    def _new_segment(self, life: Life) -> Segment:
        self._numbered += 1
        name = f"{self._numbered:012}.events"
        try:
            return Segment(life.folder / name, new=True)
        except FileNotFoundError:  # somebody removed the folder; what is open is still sent
            life.close()
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._life = begin(self._root)
            return Segment(self._life.folder / name, new=True)

    def _count(self, segment: Segment, read: int) -> None:
        """This process's events were read, or turn out to be no more: a file was cut, say."""
        damaged = min(segment.damaged, self._unread - read)
        segment.damaged = 0
        self._unread -= read + damaged
        if all(one.all_read for one in self._own):
            damaged, self._unread = damaged + self._unread, 0
        self.lost += damaged
        self._warn_of(damaged)

    def _tell_of_damage(self, segment: Segment) -> None:
        self._warn_of(segment.damaged)
        segment.damaged = 0

    def _warn_of(self, damaged: int) -> None:
        if damaged:
            text = "closeloop: {n} events of the spool cannot be read (the file is damaged) and are skipped"
            self._notices.warn("damage", text, damaged)

    def _sweep(self) -> None:
        """Delete the files that are done with, and the folders that are empty."""
        for segment in list(self._adopted):
            if segment.all_read and segment is not self._under_way_from:
                self._tell_of_damage(segment)
                self._adopted.remove(segment)
                segment.remove()
        self._adopted_bytes = sum(segment.size for segment in self._adopted)
        for life in list(self._lives):
            if not life.segments():
                self._lives.remove(life)
                life.remove()
        for segment in self._own[:-1]:
            if segment.all_read and segment is not self._under_way_from:
                self._own.remove(segment)
                segment.remove()
        last = self._own[-1] if self._own else None
        if last is not None and last.all_read and last is not self._under_way_from and last.size > START + _KEEP_OPEN:
            last.clear()
