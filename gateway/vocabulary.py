"""The words that requests may use: metrics, windows, cuts and people of loop.yaml. Pure."""

from collections.abc import Collection, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.problems import Refusal
from schemas.config import Loop
from schemas.loop_yaml import metric_specs
from schemas.metric_catalogue import CatalogueEntry, catalogue
from schemas.metrics import DAY
from schemas.scales import MetricSpec
from schemas.settings import Settings


class Vocabulary(Struct, frozen=True, kw_only=True):
    """What loop.yaml and the settings declare, as the gateway needs it."""

    metrics: Mapping[str, MetricSpec]
    """The metrics of answers."""
    catalogue: Mapping[str, CatalogueEntry]
    """Every metric there is."""
    windows: tuple[str, ...]
    cuts: Mapping[str, tuple[str, ...]]
    people: Mapping[str, str]
    """Person key to name."""
    zone: str

    def check_metric(self, text: str | None) -> str | None:
        """The metric, if it is one. Raises :class:`Refusal` (400)."""
        return _one_of("metric", text, list(self.catalogue))

    def check_window(self, text: str | None) -> str | None:
        """The window, if it is one. Raises :class:`Refusal` (400)."""
        return _one_of("window", text, [*self.windows, DAY])

    def check_cut(self, text: str | None) -> str | None:
        """The cut, if it is one. Raises :class:`Refusal` (400)."""
        return _one_of("cut", text, list(self.cuts))

    def check_key(self, texts: Collection[str], cut: str | None) -> dict[str, str]:
        """The values that a series must have, from ``DIMENSION:VALUE``. Raises :class:`Refusal` (400).

        With a cut its dimensions are known, else those of all cuts.
        """
        cuts = self.cuts.values() if cut is None else [self.cuts[cut]]
        known = sorted({dimension for dimensions in cuts for dimension in dimensions}, key=len, reverse=True)
        wanted: dict[str, str] = {}
        for text in texts:
            # A dimension may have a colon itself: the longest one that fits is meant.
            dimension = next((one for one in known if text.startswith(f"{one}:")), None)
            if dimension is None:
                raise Refusal(
                    400,
                    "invalid",
                    "key",
                    f"give DIMENSION:VALUE; dimensions here are {', '.join(sorted(known)) or 'none'}",
                )
            if dimension in wanted:
                raise Refusal(400, "invalid", "key", f"names {dimension} twice; a series has one value of it")
            wanted[dimension] = text[len(dimension) + 1 :]
        return wanted

    def name_of(self, actor: str | None) -> str | None:
        """The person's name; another actor as it is."""
        return None if actor is None else self.people.get(actor, actor)


def vocabulary(loop: Loop, settings: Settings) -> Vocabulary:
    """Gather the words. Raises ``ZoneInfoNotFoundError`` for a zone that does not exist."""
    return Vocabulary(
        metrics=metric_specs(loop),
        catalogue=catalogue(loop),
        windows=tuple(loop.windows),
        cuts={name: tuple(dimensions) for name, dimensions in loop.cuts.items()},
        people={key: person.name for key, person in loop.people.items()},
        zone=ZoneInfo(settings.zone or loop.history.zone).key,
    )


def parse_day(field: str, text: str | None) -> date | None:
    """A calendar day of a query. Raises :class:`Refusal` (400)."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(400, "invalid", field, "not a calendar day; write it as 2026-11-21") from None


def _one_of(field: str, text: str | None, known: list[str]) -> str | None:
    if text is None or text in known:
        return text
    raise Refusal(400, "invalid", field, f"not declared in loop.yaml; known are {', '.join(sorted(known))}")
