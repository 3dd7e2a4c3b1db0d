"""Who reads a page, and in which language."""

from __future__ import annotations

import pytest

from gateway.callers import EVERYONE, RIGHTS, Caller
from gateway.console.reader import Reader, reader_of

PEOPLE = {"ana", "bob"}


def read(accepts: str = "", shown: str | None = None, caller: Caller = EVERYONE, **cookies: str) -> Reader:
    return reader_of(caller, {f"closeloop_{name}": value for name, value in cookies.items()}, accepts, PEOPLE, shown)


@pytest.mark.parametrize(
    ("accepts", "language"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru"),
        ("en-GB,ru;q=0.9", "en"),
        ("pt-BR,pt;q=0.9", "en"),
        ("uk,ru;q=0.7,en;q=0.5", "ru"),
        ("ru;q=x,en", "en"),
        (";q=,,;q=1", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_best(accepts: str, language: str) -> None:
    assert read(accepts).language == language


def test_a_choice_goes_before_the_browser_and_the_address_before_both() -> None:
    assert read("ru", language="en").language == "en"
    assert read("ru", shown="en").language == "en"
    assert read("en", language="xx", theme="purple").theme == "auto"
    assert read("en", shown="xx", language="ru").language == "en"


def test_a_persons_key_acts_as_this_person_whatever_the_cookie_says() -> None:
    bob = Caller(name="bob", rights=RIGHTS["act"])
    assert read(caller=bob, me="ana").me == "bob"
    assert read(me="ana").me == "ana"
    assert read(me="nobody").me is None
    assert read(caller=Caller(name="reports", rights=RIGHTS["read"]), me="ana").me == "ana"
    assert not read(caller=Caller(name="reports", rights=RIGHTS["read"])).may("act")
