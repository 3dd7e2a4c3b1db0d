"""``closeloop keys``: API keys."""

import enum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from closeloop.commands.shared import read_settings, refuse, say, user_errors

app = typer.Typer(help="Create, list or revoke API keys.", no_args_is_help=True)


class RoleChoice(enum.StrEnum):
    """What an API key may do."""

    emit = "emit"
    read = "read"
    act = "act"
    admin = "admin"


@app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    role: Annotated[
        RoleChoice,
        typer.Option(help="emit: send events only. read: read only. act: read, and act on cases. admin: everything."),
    ],
) -> None:
    """Create an API key and print it: once, only its hash is stored."""
    with user_errors():
        from gateway.keys import create_key
        from schemas.database import open_database, sessions

        key = create_key(sessions(open_database(read_settings().database)), name, role.value)
        say("the key is shown this once; send it as Authorization: Bearer KEY")
        print(key)  # noqa: T201 - for scripts: the key alone on standard output


@app.command("list")
def keys_list() -> None:
    """List the keys: names, roles and dates, never the keys."""
    with user_errors():
        from gateway.keys import list_keys
        from schemas.database import open_database, readers

        table = Table("name", "role", "created", "revoked")
        for row in list_keys(readers(open_database(read_settings().database))):
            revoked = f"{row.revoked_at:%Y-%m-%d %H:%M} UTC" if row.revoked_at else ""
            table.add_row(row.name, row.role, f"{row.created_at:%Y-%m-%d %H:%M} UTC", revoked)
        Console().print(table)


@app.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(help="The name it was created with.")]) -> None:
    """Revoke every key of this name, at once."""
    with user_errors():
        from gateway.keys import revoke_keys
        from schemas.database import open_database, sessions

        count = revoke_keys(sessions(open_database(read_settings().database)), name)
        if not count:
            refuse(f"no key in use is named {name!r}; closeloop keys list shows them")
        say(f"revoked {count}")
