"""``closeloop database``: the tables' version."""

from typing import Annotated

import typer

from closeloop.commands.shared import read_settings, say, user_errors

app = typer.Typer(help="Bring the database's tables up or down.", no_args_is_help=True)


@app.command("upgrade")
def database_upgrade() -> None:
    """Bring the tables to the newest version. The database is DATABASE_URL's; safe from several places at once."""
    with user_errors():
        from schemas import migrate

        migrate.upgrade(read_settings().database)
        say("the database is at the newest version")


@app.command("downgrade")
def database_downgrade(revision: Annotated[str, typer.Argument(help="A revision, or base for none.")]) -> None:
    """Take the tables back to an older revision. The database is DATABASE_URL's; data of dropped tables is gone."""
    with user_errors():
        from schemas import migrate

        migrate.downgrade(read_settings().database, revision)
        say(f"the database is at {revision}")
