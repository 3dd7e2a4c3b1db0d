"""Cells as what they mean: whole numbers, amounts, yes and no, times; what is none is refused, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop.importer.cells import amount, flag, moments, whole, wrong_form

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [("9", ".", 9), ("-3", ".", -3), ("9.0", ".", 9), ("9.", ".", 9), ("9,00", ",", 9), ("007", ".", 7)],
)
def test_whole_numbers(text: str, decimal: str, expected: int) -> None:
    assert whole(text, decimal) == expected


@pytest.mark.parametrize(
    "text", ["9.5", "9/10", "1_0", "9,0", "1.000", "1,000", "1e1", "nan", "", "٣", "9" * 19, "0x9"]
)
def test_what_is_no_whole_number_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match="such as 9"):
        whole(text)


@given(st.integers(-(10**15), 10**15), st.integers(0, 99))
def test_amounts_with_a_comma_mean_what_they_mean_with_a_point(units: int, cents: int) -> None:
    german = f"{units:,}".replace(",", ".") + f",{cents:02}"
    plain = f"{units}.{cents:02}"
    assert amount(german, ",") == amount(plain.replace(".", ","), ",") == amount(plain) == plain


@pytest.mark.parametrize(("text", "decimal"), [("19,90", "."), ("1,234.50", "."), ("19.9", ","), ("1.23,5", ",")])
def test_an_amount_that_could_be_another_is_refused(text: str, decimal: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        amount(text, decimal)


def test_yes_and_no() -> None:
    assert [flag(word) for word in ("Yes", "TRUE", "x", "1", "no", "0")] == [True] * 4 + [False] * 2
    with pytest.raises(ValueError, match="neither yes nor no"):
        flag("ja")


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (None, "2024-04-03T10:00:00Z", datetime(2024, 4, 3, 10, tzinfo=UTC)),
        (None, "2024-04-03 10:00:00.5 UTC", datetime(2024, 4, 3, 10, 0, 0, 500_000, tzinfo=UTC)),
        (None, "2024-04-03 10:00", datetime(2024, 4, 3, 10, tzinfo=SAO_PAULO)),
        (None, "20240403", datetime(2024, 4, 3, tzinfo=SAO_PAULO)),
        ("%d/%m/%Y", "03/04/2024", datetime(2024, 4, 3, tzinfo=SAO_PAULO)),
        ("unix", "1712138400", datetime(2024, 4, 3, 10, tzinfo=UTC)),
        ("unix", "1712138400.25", datetime(2024, 4, 3, 10, 0, 0, 250_000, tzinfo=UTC)),
        ("unix_ms", "1712138400000", datetime(2024, 4, 3, 10, tzinfo=UTC)),
        # As LibreOffice and Excel show 44927 and 44927,75: 1 January 2023, 18:00
        ("excel", "44927", datetime(2023, 1, 1, tzinfo=SAO_PAULO)),
        ("excel", "44927,75", datetime(2023, 1, 1, 18, tzinfo=SAO_PAULO)),
    ],
)
def test_times(form: str | None, text: str, expected: datetime) -> None:
    assert moments(form, "America/Sao_Paulo")(text) == expected


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        (None, "03/04/2024", "give time_format"),
        (None, "1712121200000", "a bare number"),  # as ISO 8601 it would be 12 December 1712
        (None, "44927", "time_format: unix, unix_ms or excel"),
        ("%d/%m/%Y", "2024-04-03", "not in the form %d/%m/%Y"),
        ("unix", "2024-04-03", "not the number that time_format says"),
        ("unix", "1712138400000", "no time has"),
        ("excel", "99999999999999", "no time has"),
    ],
)
def test_what_is_no_such_time_says_so(form: str | None, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        moments(form, "UTC")(text)


def test_a_time_without_a_zone_needs_one() -> None:
    with pytest.raises(ValueError, match="time_zone"):
        moments("excel", None)("44927")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - its bounds have none
def test_a_spreadsheet_s_number_is_the_moment_to_the_millisecond(moment: datetime) -> None:
    days = (moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1)
    assert abs(moments("excel", "UTC")(f"{days:.10f}") - moment) <= timedelta(milliseconds=1)


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", "%Y-%j", "%G-W%V-%u", "%y%m%d", "%c", "unix", "%d.%m.%Y %I:%M %p"])
def test_forms_that_tell_a_day_are_good(form: str) -> None:
    assert wrong_form(form) is None


@pytest.mark.parametrize("form", ["%Q %Y", "%d.%m. %H:%M", "%Y-%m", "%H:%M", "DD/MM/YYYY", "%d/%m/%Y %"])
def test_forms_that_do_not_are_named_before_a_row_is_read(form: str) -> None:
    assert wrong_form(form) is not None
