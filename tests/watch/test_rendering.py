"""What a person reads of a loop, by tab and width: nothing is wider than the terminal, no colour says a thing alone."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from closeloop.watch.columns import fit
from closeloop.watch.events import Event, EventLines
from closeloop.watch.frame import TABS, status, tab_lines
from closeloop.watch.known import MOST_CASES, Known, Link, Numbers, chosen_window, next_window, with_cases, with_values
from closeloop.watch.plain import plain_lines
from closeloop.watch.speech import Speech, locale_language
from tests.watch.examples import NOW, case, known, pipeline, value

ENGLISH, RUSSIAN = Speech("en"), Speech("ru")


def told(tab: str, width: int = 80, of: Known | None = None, speech: Speech = ENGLISH) -> list[str]:
    return [line.plain.rstrip() for line in tab_lines(tab, of or known(), "24h", width, NOW, speech)]


def line_of(lines: list[str], *parts: str) -> str:
    (found,) = [line for line in lines if all(part in line for part in parts)]
    return found


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("width", [77, 120, 160, 197])
@pytest.mark.parametrize("speech", [ENGLISH, RUSSIAN])
def test_no_line_is_wider_than_the_terminal_and_nobody_s_words_are_shown(tab: str, width: int, speech: Speech) -> None:
    for line in tab_lines(tab, known(), "24h", width, NOW, speech):
        assert line.cell_len <= width, line.plain
        assert "geheim" not in line.plain


def test_metrics_have_interval_n_and_the_week_before() -> None:
    lines = told("now")
    # 60 promoters, 40 detractors: NPS +20; the week before +80. Adjusted Wald: 0.6 to 38.2.
    first = line_of(lines, "NPS", " 100 ")
    assert first.split() == ["NPS", "+20.0", "1", "to", "38", "100", "▼−60.0", "worse"]
    assert "too few to say" in line_of(lines, "CSAT", " 5")
    assert "too few to say" in line_of(lines, "rare.step")


def test_the_weakest_step_and_what_is_worse_are_said_in_words() -> None:
    lines = told("now")
    assert "worse" in line_of(lines, "order.delivered")
    assert "worse" not in line_of(lines, "support.closed")
    both = with_values(known(), [value("csat", {"1": 40, "5": 2}, "order.delivered")], ("touchpoint",))
    assert "> weakest step" in line_of(told("now", of=both), "weakest")


def test_a_wide_terminal_shows_the_newest_cases_beside_the_metrics() -> None:
    assert not [line for line in told("now", 80) if "C-12" in line]
    assert line_of(told("now", 197), "C-12", "Ana Sá")


def test_cases_are_counted_and_the_broken_promise_comes_first() -> None:
    lines = told("cases")
    assert lines[0] == "Waiting 2 · Overdue 1 · resolved 5"
    late = next(number for number, line in enumerate(lines) if line.startswith("Overdue"))
    assert lines[late + 2].split() == ["C-12", "high", "open", "take", "overdue", "2", "h", "NPS", "3", "of", "10"]
    assert line_of(told("cases", 150), "C-3 ", "Ana Sá", "c3", "critical")
    few = told("cases", of=known(numbers=Numbers(waiting=900, overdue=0)))
    assert "900 in all, the most urgent of the newest 2" in "\n".join(few)


def test_the_books_say_whether_they_balance() -> None:
    lines = told("pipeline", 120)
    shown = line_of(lines, "1,204 received")
    assert shown == "Answers      1,204 received = 1,200 counted + 0 duplicates + 0 too late + 4 dead letters"
    assert line_of(lines, "OK: the books balance", "7 still to read in Kafka")
    wrong = told("pipeline", 120, known(pipeline=pipeline(balanced=False)))
    assert line_of(wrong, "WRONG: the books differ by 10")


def test_messages_workers_dead_letters_disks_and_what_is_not_known() -> None:
    lines = told("pipeline", 120, known(pipeline=pipeline(members=0)))
    assert line_of(lines, "Unsent messages  3, oldest 2 min · In doubt 1 · Undeliverable 0")
    assert line_of(lines, "streams", "no workers", "1,200", "5 min")
    assert line_of(lines, "scale", "a score outside its scale", "4")
    assert line_of(lines, "Broker 1: 5.4 GB free of 107.4 GB, nearly full")
    assert line_of(lines, "disks: not known: too old a Kafka")
    none = told("pipeline", of=known(pipeline=None, pipeline_status=404))
    assert none == ["the gateway does not tell (status 404)"]


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (Link(state="live", since=NOW), "* Live  http://g"),
        (Link(state="connecting", since=NOW), "~ connecting"),
        (Link(state="lost", since=NOW - timedelta(seconds=9), why="not-listening"),
         "! Connecting again: connection refused; what you see is 9 s old"),
        (Link(state="lost", since=NOW, why="status", status=502), "! Connecting again: it answers 502; what you see"),
        (Link(state="lost", since=NOW, why="no buffer space"), "! Connecting again: no buffer space; what you see"),
        (Link(state="refused", since=NOW, why="key"), "! Refused: the gateway asks for a key"),
    ],
)  # fmt: skip
def test_the_first_line_says_how_the_link_stands(link: Link, said: str) -> None:
    assert status(known(link=link), "http://g", NOW, ENGLISH).plain.startswith(said)


def test_before_anything_is_known() -> None:
    empty = Known(link=Link(state="connecting", since=NOW))
    for tab in TABS:
        assert tab_lines(tab, empty, "24h", 80, NOW, ENGLISH)
    assert chosen_window(empty, "7d") == next_window(empty, "7d") == "7d"


def test_windows_go_around() -> None:
    assert chosen_window(known(), "9d") == "24h"
    assert [next_window(known(), window) for window in ("1h", "24h", "9d")] == ["24h", "1h", "1h"]
    assert "Nothing counted" in "\n".join(line.plain for line in tab_lines("now", known(), "1h", 80, NOW, ENGLISH))


def test_plain_lines_have_every_tab_below_each_other() -> None:
    lines = plain_lines(known(), "http://g", TABS, "24h", 80, NOW, ENGLISH)
    assert [line for line in lines if line.startswith("==")] == ["== Now ==", "== Cases ==", "== Pipeline =="]
    assert "\x1b" not in "".join(lines)


def test_older_news_changes_nothing_and_closed_cases_make_room() -> None:
    held = known()
    older = msgspec.structs.replace(value("nps", {"9": 1}), version=0)
    assert with_values(held, [older], ("all",)).values == held.values
    foreign = msgspec.structs.replace(older, cut="region", version=9)
    assert with_values(held, [foreign], ("all",)).values == held.values
    assert with_cases(held, [case(1, version=0, state="resolved")]).cases[1].state == "open"
    many = [case(100 + number, state="resolved", closed_at=NOW) for number in range(MOST_CASES)]
    crowded = with_cases(held, many).cases
    assert len(crowded) == MOST_CASES
    assert {1, 12} <= set(crowded), "an open case stays"


@given(st.text(max_size=40), st.integers(1, 30))
def test_text_fits_whatever_it_is(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) <= width


@given(st.lists(st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b"")), max_size=5))
def test_events_come_out_whole(data: list[bytes]) -> None:
    reader = EventLines()
    found = []
    for part in data:
        for line in (b": still here", b"event: metric", b"data: " + part, b"", b""):
            found += list(reader.take(line + b"\n"))
    assert found == [Event("metric", part) for part in data]


def test_in_russian_it_has_the_words_of_the_console() -> None:
    now = told("now", speech=RUSSIAN)
    first = line_of(now, "NPS", " 100 ")
    assert first.split() == ["NPS", "+20,0", "1", "…", "38", "100", "▼−60,0", "хуже"]
    assert "слишком мало" in line_of(now, "rare.step")
    cases = told("cases", speech=RUSSIAN)
    assert cases[0] == "Ждут 2 · Просрочены 1 · решено 5"
    assert line_of(cases[:5], "взять: опоздание 2 ч", "срочно", "открыто", "NPS 3 из 10")
    books = told("pipeline", 120, speech=RUSSIAN)
    assert line_of(books, "получено = 1\N{NO-BREAK SPACE}200 учтено + 0 повторы + 0 опоздали + 4 не прочитано")
    assert line_of(books, "Брокер 1: свободно 5,4 ГБ из 107,4 ГБ, почти полон")
    lost = status(known(link=Link(state="lost", since=NOW, why="not-listening")), "http://g", NOW, RUSSIAN).plain
    assert lost.startswith("! Соединяюсь снова: в соединении отказано; вы видите то, что было 0 с назад")


def test_no_english_word_is_left_in_russian() -> None:
    names = {
        "NPS", "CSAT", "C", "Kafka", "Ana", "Sá", "order", "delivered", "support", "closed", "rare", "step", "c", "n",
        "h", "streams", "desk", "scale", "cx", "responses", "disks", "not", "known", "too", "old", "a",
    }  # fmt: skip
    for tab in TABS:
        found = {word for line in told(tab, 197, speech=RUSSIAN) for word in re.findall(r"[A-Za-zá]+", line)}
        assert found <= names, found - names


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "", "LC_MESSAGES": "de_DE"}, "en"),
        ({"LC_MESSAGES": "ru"}, "ru"),
        ({"LC_ALL": "ru.KOI8-R", "LANG": "en_US"}, "ru"),
    ],
)
def test_the_locale_says_the_language(environment: dict[str, str], language: str) -> None:
    assert locale_language(environment) == language
