"""``closeloop db``: the tables' version, what is in them, and what may go."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from closeloop.commands.shared import ConfigOption, JsonOption, read_settings, refuse, say, user_errors

app = typer.Typer(help="Bring the database's tables up or down, check and measure them.", no_args_is_help=True)

DIFFERS = 1
"""The exit code where the database is not what the code needs."""


@app.command("upgrade")
def db_upgrade() -> None:
    """Bring the tables to the newest revision. The database is DATABASE_URL's; safe from several places at once."""
    with user_errors():
        from schemas import migrate

        url = read_settings().database
        before = migrate.current(url)
        migrate.upgrade(url)
        now = migrate.current(url)
        came = "nothing to do" if before == now else f"it was at {before or 'none'}"
        say(f"the database is at the newest revision, {now} ({came})")


@app.command("downgrade")
def db_downgrade(
    revision: Annotated[str, typer.Argument(help="A revision of `closeloop db history`, or base for none.")],
    lose: Annotated[bool, typer.Option("--lose-data", help="Do it also where rows or values would be lost.")] = False,
) -> None:
    """Take the tables back to an older revision. Stop the rooms first; refused where it would lose data."""
    with user_errors():
        from schemas import migrate

        url = read_settings().database
        lost = migrate.losses(url, revision)
        if lost and not lose:
            refuse(f"this would lose {', '.join(lost)}; make a backup, then give --lose-data. Nothing was changed")
        migrate.downgrade(url, revision)
        say(f"the database is at {revision}" + (f"; lost: {', '.join(lost)}" if lost else ", nothing was lost"))


@app.command("current")
def db_current(json: JsonOption = False) -> None:
    """Print the database's revision, and the one that this closeloop works with."""
    with user_errors():
        from closeloop.database.standing import look
        from closeloop.printing import print_json

        standing = look(read_settings().database)
        if json:
            print_json({"revision": standing.revision, "wanted": standing.wanted})
        else:
            print(standing.revision or "none")  # noqa: T201 - this command's output, for scripts
        say(f"this closeloop works with {standing.wanted}")


@app.command("history")
def db_history(json: JsonOption = False) -> None:
    """List the known revisions, the oldest first, and where the database stands."""
    with user_errors():
        from closeloop.printing import print_json, print_rows
        from schemas import migrate

        steps = migrate.history()
        if json:
            print_json(steps)
            return
        at = migrate.current(read_settings().database)
        print_rows(
            ("revision", "about", "database"),
            [(step.revision, step.about.splitlines()[0], "is here" if step.revision == at else "") for step in steps],
        )


@app.command("check")
def db_check(json: JsonOption = False) -> None:
    """Check whether the tables are what this closeloop needs. Says what to run; exit code 1 when they are not."""
    with user_errors():
        from closeloop.database.standing import judge, look
        from closeloop.printing import print_json

        standing = look(read_settings().database)
        verdict = judge(standing)
        if json:
            print_json({"ok": not verdict.problem, "standing": standing, "verdict": verdict})
        elif verdict.problem:
            say(f"{verdict.problem} -> {verdict.remedy}")
        else:
            say(f"the tables are those of revision {standing.wanted}, as this closeloop needs them")
        raise typer.Exit(DIFFERS if verdict.problem else 0)


@app.command("sizes")
def db_sizes(json: JsonOption = False) -> None:
    """Show the rows and bytes of each table, the largest first."""
    with user_errors():
        from closeloop.database.sizes import table_sizes
        from closeloop.printing import in_bytes, print_json, print_rows

        sizes = table_sizes(read_settings().database)
        if json:
            print_json(sizes)
            return
        print_rows(
            ("table", "rows", "size"),
            [(size.table, str(size.rows), in_bytes(size.bytes)) for size in sizes],
            numbers=("rows", "size"),
        )
        whole = in_bytes(sum(size.bytes or 0 for size in sizes))
        say(f"{sum(size.rows for size in sizes)} rows in {len(sizes)} tables, {whole} with their indexes")


@app.command("prune")
def db_prune(
    yes: Annotated[bool, typer.Option("--yes", help="Delete them; without it they are only counted.")] = False,
    config: ConfigOption = Path("loop.yaml"),
    json: JsonOption = False,
) -> None:
    """Delete what is past its retention: dead letters, history, timelines, audit trail. Without --yes a dry run."""
    with user_errors():
        from closeloop.database.pruning import prune
        from closeloop.printing import print_json, print_rows
        from schemas.loop_yaml import load

        settings = read_settings()
        loop = load(config, settings.zone)
        by_events = settings.clock == "event"
        found = prune(settings.database, datetime.now(UTC), loop, by_events=by_events, really=yes)
        if json:
            print_json({"deleted": yes, "tables": found})
        else:
            rows = [(part.table, str(part.rows), part.before, part.why) for part in found]
            print_rows(("table", "rows", "older than", "because of"), rows, numbers=("rows",))
        if any(part.rows for part in found) and not yes:
            say("a dry run: nothing was deleted; --yes deletes them")
