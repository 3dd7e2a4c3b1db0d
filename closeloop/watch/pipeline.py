"""The tab *Pipeline*: the books as equations, messages that wait, lag, and dead letters by reason. Pure."""

from collections.abc import Iterator

from rich.text import Text

from closeloop.watch.columns import Cell, Column, beside, heading, table
from closeloop.watch.known import Known
from closeloop.watch.speech import Speech
from gateway.pipeline import Equation, Pipeline

WIDE = 160
_INDENT = 13
_LAG_STYLE_S = 60.0
_NEARLY_FULL = 0.1
"""Of a disk that is free."""
_STANDING = {"stable": "stable", "empty": "empty", "dead": "absent", "": "unknown"}
"""Kafka's word for a group's state to ours; the others are steps of sharing out partitions."""


def pipeline_lines(known: Known, width: int, speech: Speech) -> list[Text]:
    """The whole tab."""
    pipeline = known.pipeline
    if pipeline is None:
        return [Text(_why_not(known, speech), style="dim")]
    top = [*_books(pipeline, width, speech), Text(), *_outbox(pipeline, width, speech), Text()]
    half = (width - 3) // 2 if width >= WIDE else width
    readers = [
        *_groups(pipeline, half, speech),
        Text(),
        *_letters(pipeline, half, speech),
        Text(),
        *_unknown(pipeline, half),
    ]
    topics = list(_topics(pipeline, half, speech))
    return [*top, *(beside(readers, topics, half) if width >= WIDE else [*readers, *topics])]


def equation_lines(kind: str, books: Equation, width: int, speech: Speech) -> list[Text]:
    """``Answers      5 received = 3 counted + 1 duplicates + 0 too late + 1 dead letters``, on two lines if need be."""

    def said(count: int, of: str) -> str:
        return f"{speech.number(count)} {speech.say(of)}"

    left = Text(no_wrap=True, overflow="crop").append(f"{speech.say(f'books-of-{kind}'):<12} ", style="bold")
    left.append(said(books.received, "received"))
    right = Text(f"= {said(books.counted, 'counted')}", no_wrap=True, overflow="crop")
    right.append(f" + {said(books.duplicates, 'duplicates')} + {said(books.late, 'late-events')}")
    right.append(f" + {said(books.dead_letters, 'dead-letters')}")
    if left.cell_len + 1 + right.cell_len <= width:
        return [left.append(" ").append_text(right)]
    right.pad_left(min(_INDENT, max(width - right.cell_len, 0)))
    return [left, right]


def verdict_text(books: Equation, speech: Speech) -> Text:
    """Whether the books balance, in a word and a colour."""
    line = Text(" " * _INDENT, no_wrap=True, overflow="crop")
    if books.holds:
        line.append(f"{speech.say('watch-ok')}: {speech.say('books-hold')}", style="bold green")
    else:
        differ = speech.say("books-differ", n=speech.number(books.difference))
        line.append(f"{speech.say('watch-wrong')}: {differ}", style="bold red")
    if books.unread is None:
        line.append(f"; {speech.say('unread-unknown')}")
    else:
        line.append(f"; {speech.say('unread', n=books.unread, said=speech.number(books.unread))}")
    return line


def _books(pipeline: Pipeline, width: int, speech: Speech) -> Iterator[Text]:
    yield heading(speech.say("books"), width)
    for kind, books in pipeline.books.items():
        yield from equation_lines(kind, books, width, speech)
        yield verdict_text(books, speech)


def _outbox(pipeline: Pipeline, width: int, speech: Speech) -> Iterator[Text]:
    outbox = pipeline.outbox
    line = Text(f"{speech.say('unsent')}  ", style="bold", no_wrap=True)
    style = "not bold red" if outbox.oldest_seconds > _LAG_STYLE_S else "not bold"
    line.append(speech.number(outbox.waiting), style=style)
    if outbox.waiting or outbox.in_doubt:
        line.append(f", {speech.say('oldest', span=speech.span(outbox.oldest_seconds))}", style=style)
    rest = Text(f"{speech.say('in-doubt')} {speech.number(outbox.in_doubt)}", no_wrap=True)
    lost = "red" if outbox.undeliverable else ""
    rest.append(f" · {speech.say('undeliverable')} {speech.number(outbox.undeliverable)}", style=lost)
    if line.cell_len + 3 + rest.cell_len <= width:
        yield line.append(" · ", style="not bold").append_text(rest)
    else:
        yield from (line, rest)


def _groups(pipeline: Pipeline, width: int, speech: Speech) -> Iterator[Text]:
    yield heading(speech.say("workers"), width, speech.say("workers-hint"))
    rows = []
    for group in pipeline.groups:
        members = None if group.members is None else len(group.members)
        gone = members == 0
        waits = group.lag.seconds or 0.0
        rows.append(
            [
                Cell(group.group.removeprefix("closeloop-")),
                Cell(speech.say(f"standing-{_STANDING.get(group.state or '', 'moving')}"), "red" if gone else ""),
                Cell("-" if members is None else str(members), "red" if gone else ""),
                Cell(speech.say("standing-unknown") if group.lag.records is None else speech.number(group.lag.records)),
                Cell(speech.span(waits) if group.lag.records else "", "red" if waits > _LAG_STYLE_S else ""),
            ]
        )
    columns = [
        Column(speech.say("watch-group"), 0),
        Column(speech.say("state"), 22),
        Column(speech.say("workers"), 9, "right"),
        Column(speech.say("lag"), 16, "right"),
        Column(speech.say("watch-oldest"), 9, "right"),
    ]
    yield from table(columns, rows, width)


def _letters(pipeline: Pipeline, width: int, speech: Speech) -> Iterator[Text]:
    yield heading(speech.say("dead-letters-title"), width, speech.say("dead-letters-hint"))
    found = [
        (reason, kind, count)
        for kind, books in pipeline.books.items()
        for reason, count in books.dead_letters_by_reason.items()
        if count
    ]
    rows = [
        [
            Cell(reason),
            Cell(speech.say(f"dead-{reason}") if speech.has(f"dead-{reason}") else ""),
            Cell(speech.say(f"books-of-{kind}")),
            Cell(speech.number(count)),
        ]
        for reason, kind, count in sorted(found)
    ]
    columns = [
        Column(speech.say("reason"), 11),
        Column("", 0),
        Column("", 14),
        Column(speech.say("letters"), 8, "right"),
    ]
    yield from table(columns, rows, width) if rows else [Text(speech.say("no-dead-letters"), style="dim")]


def _topics(pipeline: Pipeline, width: int, speech: Speech) -> Iterator[Text]:
    yield heading(speech.say("topics"), width, speech.say("watch-by-partition"))
    rows = []
    for topic in pipeline.topics:
        lags = [[lag.records for lag in one.lag.values() if lag.records is not None] for one in topic.partitions]
        behind = " ".join(speech.number(max(lag)) if lag else "-" for lag in lags)
        rate = "-" if topic.rate_per_second is None else speech.number(topic.rate_per_second, 1)
        rows.append([Cell(topic.topic), Cell(rate), Cell(behind)])
    yield from table(
        [Column(speech.say("topic"), 22), Column(speech.say("rate"), 10, "right"), Column(speech.say("lag"), 0)],
        rows,
        width,
    )
    for disk in pipeline.disks or ():
        if disk.free_bytes is not None and disk.size_bytes:
            share = disk.free_bytes / disk.size_bytes
            free = speech.say("disk-free", free=speech.size(disk.free_bytes), all=speech.size(disk.size_bytes))
            full = f", {speech.say('watch-disk-full')}" if share < _NEARLY_FULL else ""
            style = "red" if full else ""
            yield Text(f"{speech.say('broker', n=disk.broker)}: {free}{full}", style=style, no_wrap=True)


def _unknown(pipeline: Pipeline, width: int) -> Iterator[Text]:
    for fact, why in pipeline.unknown.items():
        line = Text(f"{fact}: {why}", style="yellow", no_wrap=True)
        line.truncate(width, overflow="ellipsis")
        yield line


def _why_not(known: Known, speech: Speech) -> str:
    """Why nothing is shown."""
    if known.pipeline_status is None:
        return speech.say("watch-nothing-known")
    return speech.say("watch-not-told", status=known.pipeline_status)
