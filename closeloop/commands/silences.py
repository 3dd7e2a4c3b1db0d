"""``closeloop silences``: alerts that disturb nobody for a while."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeloop.commands.shared import ConfigOption, read_settings, user_errors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

app = typer.Typer(
    help="Let the messages of a known trouble wait. Nothing is lost: cases are made and joined as ever.",
    no_args_is_help=True,
)

ByOption = Annotated[str, typer.Option("--by", help="Who asks for it: a key of people in loop.yaml.")]


@app.command("add")
def silences_add(
    reason: Annotated[str, typer.Option(help="Why nobody is to be disturbed.")],
    by: ByOption,
    match: Annotated[
        list[str],
        typer.Option(help="FIELD=VALUE, the value as in a route: 'score={at_most: 3}'. All that are given must fit."),
    ],
    lasts: Annotated[str | None, typer.Option("--for", help="How long: 90m, 4h, 2d.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Until when, UTC, in place of --for.")] = None,
    starts: Annotated[datetime | None, typer.Option(help="From when, UTC. Default: now.")] = None,
    config: ConfigOption = Path("loop.yaml"),
) -> None:
    """Silence alerts until an end. Their messages go out then, and what is promised counts from then."""
    with user_errors():
        from closeloop.silences import add
        from schemas.loop_yaml import load

        loop = load(config, read_settings().zone)
        print(add(_database(), loop, match, starts, lasts, until, reason, by, datetime.now(UTC)))  # noqa: T201 - output


@app.command("list")
def silences_list(
    over: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
) -> None:
    """Show the silences that hold or are to come."""
    with user_errors():
        from closeloop.silences import listed

        for line in listed(_database(), datetime.now(UTC), over=over):
            print(line)  # noqa: T201 - this command's output


@app.command("end")
def silences_end(
    number: Annotated[int, typer.Argument(help="The silence's number, as `closeloop silences list` shows it.")],
    by: ByOption,
    config: ConfigOption = Path("loop.yaml"),
) -> None:
    """End a silence now: what waits for it goes out, and what is promised counts from now."""
    with user_errors():
        from closeloop.silences import end
        from schemas.loop_yaml import load

        print(end(_database(), load(config, read_settings().zone), number, by, datetime.now(UTC)))  # noqa: T201 - output


def _database() -> "sessionmaker[Session]":
    from schemas.database import open_database, sessions

    return sessions(open_database(read_settings().database))
