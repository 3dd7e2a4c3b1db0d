"""Public holidays by country and subdivision, from a library that many keep up to date. Pure: a code and a day in."""

import difflib
from datetime import date
from functools import lru_cache


def is_public_holiday(code: str | None, day: date) -> bool:
    """Whether the day is a public holiday there; where ``code`` is ``None`` there are none."""
    return code is not None and day in _days(code, day.year)


def unknown_country(code: str) -> str | None:
    """What is wrong with the code of a country or of its subdivision; ``None`` if its holidays are known."""
    import holidays

    supported = holidays.list_supported_countries()
    country, _, part = code.partition("-")
    if country not in supported:
        near = difflib.get_close_matches(country.upper(), supported, n=1, cutoff=0.5)
        return f"`{code[:40]}` is no country whose holidays are known; give a code such as {near[0] if near else 'BR'}"
    if "-" in code and part not in supported[country]:
        known = sorted(supported[country])
        near = difflib.get_close_matches(part.upper(), known, n=1, cutoff=0.5)
        said = f"one such as {country}-{near[0] if near else known[0]}" if known else f"{country} alone"
        return f"`{code[:40]}` is no part of {country} whose holidays are known; give {said}"
    return None


@lru_cache(maxsize=1024)
def _days(code: str, year: int) -> frozenset[date]:
    """The holidays of one year. Raises ``NotImplementedError`` for a place that :func:`unknown_country` refuses."""
    import holidays

    country, _, part = code.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
