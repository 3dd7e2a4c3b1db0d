"""Whether the tables are what this closeloop needs, and what to run where they are not."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from schemas import migrate


class Standing(Struct, frozen=True, kw_only=True):
    """What was found. ``differences`` are looked for only where the revision is the one that is needed."""

    revision: str | None
    """Of the database; ``None`` without tables of ours."""
    wanted: str
    """The revision that this closeloop works with."""
    known: bool
    """Whether this closeloop has the database's revision among its own."""
    differences: tuple[str, ...] = ()


class Verdict(Struct, frozen=True):
    """What is wrong and what to run; both empty where all is well."""

    problem: str
    remedy: str


def look(url: str) -> Standing:
    """Ask the database. Raises ``MigrationError`` where it does not answer."""
    revision, wanted = migrate.current(url), migrate.head()
    known = revision is None or any(step.revision == revision for step in migrate.history())
    found = tuple(described(migrate.differences(url))) if revision == wanted else ()
    return Standing(revision=revision, wanted=wanted, known=known, differences=found)


def judge(standing: Standing) -> Verdict:
    """Say what a standing means. Pure."""
    if standing.revision is None:
        return Verdict("the database has no tables of closeloop", "closeloop db upgrade")
    if not standing.known:
        return Verdict(
            f"the database is at revision {standing.revision}, which this closeloop does not know: a newer one made it",
            "run that newer closeloop, or take the tables back with its closeloop db downgrade",
        )
    if standing.revision != standing.wanted:
        return Verdict(
            f"the database is at revision {standing.revision}, this closeloop works with {standing.wanted}",
            "closeloop db upgrade",
        )
    if standing.differences:
        return Verdict(
            f"the tables were changed by hand: {'; '.join(standing.differences)}",
            "undo these changes in the database, or restore a backup: no upgrade touches them",
        )
    return Verdict("", "")


def described(differences: Iterable[Any]) -> Iterator[str]:
    """Alembic's differences in words. "Adding" is what it would do, so that is what the database lacks."""
    for difference in differences:
        if isinstance(difference, list):  # several changes of one column
            yield from described(difference)
            continue
        kind, *about = difference
        verb, _, thing = str(kind).partition("_")
        if thing == "column":
            name = f"{about[1]}.{about[2].name}"
        elif verb == "modify":
            name, thing = f"{about[1]}.{about[2]}", f"{thing} of column"
        else:
            name = str(getattr(about[0], "name", about[0]))
        said = {"add": "lacks the", "remove": "has another", "modify": "has another"}.get(verb, verb)
        yield f"{said} {thing.replace('_', ' ')} {name}"
