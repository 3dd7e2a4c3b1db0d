"""The tab *Pipeline*: the books as equations, messages that wait, lag, and dead letters by reason. Pure."""

from collections.abc import Iterator

from rich.text import Text

from closeloop.printing import in_bytes, in_time
from closeloop.watch.columns import Cell, Column, beside, heading, table
from closeloop.watch.known import Known
from gateway.console.catalogue import console_words, number
from gateway.pipeline import Equation, Pipeline

WIDE = 160
_INDENT = 13
_LAG_STYLE_S = 60.0
_STANDING = {"stable": "stable", "empty": "empty", "dead": "absent", "": "unknown"}
"""Kafka's word for a group's state to ours; the others are steps of sharing out partitions."""


def pipeline_lines(known: Known, width: int) -> list[Text]:
    """The whole tab."""
    pipeline = known.pipeline
    if pipeline is None:
        return [Text(known.pipeline_why or "nothing is known yet", style="dim")]
    top = [*_books(pipeline, width), Text(), *_outbox(pipeline), Text()]
    half = (width - 3) // 2 if width >= WIDE else width
    readers = [*_groups(pipeline, half), Text(), *_letters(pipeline, half), Text(), *_unknown(pipeline, half)]
    topics = list(_topics(pipeline, half))
    return [*top, *(beside(readers, topics, half) if width >= WIDE else [*readers, *topics])]


def equation_lines(kind: str, books: Equation, width: int) -> list[Text]:
    """``Answers      5 received = 3 counted + 1 duplicates + 0 too late + 1 dead letters``, on two lines if need be."""
    words = console_words("en")

    def said(count: int, of: str) -> str:
        return f"{number(count, 'en')} {words.say(of)}"

    left = Text(no_wrap=True, overflow="crop").append(f"{words.say(f'books-of-{kind}'):<12} ", style="bold")
    left.append(said(books.received, "received"))
    right = Text(f"= {said(books.counted, 'counted')}", no_wrap=True, overflow="crop")
    right.append(f" + {said(books.duplicates, 'duplicates')} + {said(books.late, 'late-events')}")
    right.append(f" + {said(books.dead_letters, 'dead-letters')}")
    if left.cell_len + 1 + right.cell_len <= width:
        return [left.append(" ").append_text(right)]
    right.pad_left(min(_INDENT, max(width - right.cell_len, 0)))
    return [left, right]


def verdict_text(books: Equation) -> Text:
    """Whether the books balance, in a word and a colour."""
    words = console_words("en")
    line = Text(" " * _INDENT, no_wrap=True, overflow="crop")
    if books.holds:
        line.append(f"OK: {words.say('books-hold')}", style="bold green")
    else:
        line.append(f"WRONG: {words.say('books-differ', n=number(books.difference, 'en'))}", style="bold red")
    if books.unread is None:
        line.append(f"; {words.say('unread-unknown')}")
    else:
        line.append(f"; {words.say('unread', n=books.unread, said=number(books.unread, 'en'))}")
    return line


def _books(pipeline: Pipeline, width: int) -> Iterator[Text]:
    yield heading(console_words("en").say("books"), width)
    for kind, books in pipeline.books.items():
        yield from equation_lines(kind, books, width)
        yield verdict_text(books)


def _outbox(pipeline: Pipeline) -> Iterator[Text]:
    words, outbox = console_words("en"), pipeline.outbox
    line = Text(f"{words.say('unsent')}  ", style="bold", no_wrap=True)
    style = "not bold red" if outbox.oldest_seconds > _LAG_STYLE_S else "not bold"
    line.append(number(outbox.waiting, "en"), style=style)
    if outbox.waiting or outbox.in_doubt:
        line.append(f", {words.say('oldest', span=in_time(outbox.oldest_seconds))}", style=style)
    line.append(f" · {words.say('in-doubt')} {number(outbox.in_doubt, 'en')}", style="not bold")
    lost = "not bold red" if outbox.undeliverable else "not bold"
    line.append(f" · {words.say('undeliverable')} {number(outbox.undeliverable, 'en')}", style=lost)
    yield line


def _groups(pipeline: Pipeline, width: int) -> Iterator[Text]:
    words = console_words("en")
    yield heading(words.say("workers"), width, words.say("workers-hint"))
    rows = []
    for group in pipeline.groups:
        members = None if group.members is None else len(group.members)
        gone = members == 0
        waits = group.lag.seconds or 0.0
        rows.append(
            [
                Cell(group.group.removeprefix("closeloop-")),
                Cell(words.say(f"standing-{_STANDING.get(group.state or '', 'moving')}"), "red" if gone else ""),
                Cell("-" if members is None else str(members), "red" if gone else ""),
                Cell("not known" if group.lag.records is None else number(group.lag.records, "en")),
                Cell(in_time(waits) if group.lag.records else "", "red" if waits > _LAG_STYLE_S else ""),
            ]
        )
    columns = [
        Column("group", 0),
        Column("state", 22),
        Column("workers", 7, "right"),
        Column(words.say("lag"), 13, "right"),
        Column("waiting", 8, "right"),
    ]
    yield from table(columns, rows, width)


def _letters(pipeline: Pipeline, width: int) -> Iterator[Text]:
    words = console_words("en")
    yield heading(words.say("dead-letters-title"), width, words.say("dead-letters-hint"))
    found = [
        (reason, kind, count)
        for kind, books in pipeline.books.items()
        for reason, count in books.dead_letters_by_reason.items()
        if count
    ]
    rows = [
        [
            Cell(reason),
            Cell(words.say(f"dead-{reason}") if words.has(f"dead-{reason}") else ""),
            Cell(words.say(f"books-of-{kind}")),
            Cell(number(count, "en")),
        ]
        for reason, kind, count in sorted(found)
    ]
    columns = [Column("reason", 11), Column("", 0), Column("of", 11), Column("letters", 8, "right")]
    yield from table(columns, rows, width) if rows else [Text(words.say("no-dead-letters"), style="dim")]


def _topics(pipeline: Pipeline, width: int) -> Iterator[Text]:
    words = console_words("en")
    yield heading(words.say("topics"), width, "by partition")
    rows = []
    for topic in pipeline.topics:
        lags = [[lag.records for lag in one.lag.values() if lag.records is not None] for one in topic.partitions]
        behind = " ".join(number(max(lag), "en") if lag else "-" for lag in lags)
        rate = "-" if topic.rate_per_second is None else number(topic.rate_per_second, "en", 1)
        rows.append([Cell(topic.topic), Cell(rate), Cell(behind)])
    yield from table(
        [Column("topic", 22), Column(words.say("rate"), 10, "right"), Column(words.say("lag"), 0)], rows, width
    )
    for disk in pipeline.disks or ():
        if disk.free_bytes is not None and disk.size_bytes:
            share = disk.free_bytes / disk.size_bytes
            said = f"disk of broker {disk.broker}: {in_bytes(disk.free_bytes)} free of {in_bytes(disk.size_bytes)}"
            yield Text(
                said + (", nearly full" if share < 0.1 else ""), style="red" if share < 0.1 else "", no_wrap=True
            )


def _unknown(pipeline: Pipeline, width: int) -> Iterator[Text]:
    for fact, why in pipeline.unknown.items():
        line = Text(f"{fact}: {why}", style="yellow", no_wrap=True)
        line.truncate(width, overflow="ellipsis")
        yield line
