"""``closeloop sessions``: who is signed in to the console."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from closeloop.commands.shared import JsonOption, read_settings, refuse, say, user_errors

app = typer.Typer(help="List who is signed in to the console, or sign somebody out.", no_args_is_help=True)


@app.command("list")
def sessions_list(json: JsonOption = False) -> None:
    """List the browsers that are signed in, the newest first."""
    with user_errors():
        from closeloop.printing import print_json, print_rows
        from gateway.sign_in.signed_in import list_sessions
        from schemas.database import open_database, readers

        found = list_sessions(readers(open_database(read_settings().database)), datetime.now(UTC))
        if json:
            print_json(found)
            return
        print_rows(
            ("name", "roles", "since", "last seen", "ends"),
            [
                (
                    one.name,
                    "by key" if one.by_key else ", ".join(one.roles),
                    *(f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (one.created_at, one.seen_at, one.expires_at)),
                )
                for one in found
            ],
        )
        if not found:
            say("nobody is signed in")


@app.command("end")
def sessions_end(
    name: Annotated[str, typer.Argument(help="The e-mail address of a person, or the name of an API key.")],
) -> None:
    """Sign somebody out of every browser. Who may still sign in can do so again."""
    with user_errors():
        from closeloop.auditing import at_terminal
        from gateway.sign_in.signed_in import end_sessions
        from schemas.database import open_database, sessions

        writers = sessions(open_database(read_settings().database))
        count = end_sessions(writers, name, at_terminal(), datetime.now(UTC))
        if not count:
            refuse(f"nobody is signed in as {name!r}; closeloop sessions list shows who is")
        say(f"ended {count}; open pages see no more within 15 seconds. Who may still sign in can do so again")
