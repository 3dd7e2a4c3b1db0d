"""``closeloop keys``: API keys."""

import enum
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from closeloop.commands.shared import JsonOption, read_settings, refuse, say, user_errors

app = typer.Typer(help="Create, rotate, list or revoke API keys.", no_args_is_help=True)

ExpiresOption = Annotated[str, typer.Option("--expires", help="How long it is valid: 90d, 12h. Default: no end.")]


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
        list[RoleChoice],
        typer.Option(
            help="emit: send events only. read: read only. act: read, and act on cases. admin: everything. "
            "Can be given several times."
        ),
    ],
    expires: ExpiresOption = "",
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="With emit alone: its events must have a `source` that begins so. Can be given several times."
        ),
    ] = None,
) -> None:
    """Create an API key and print it: once, only its hash is stored."""
    with user_errors():
        from closeloop.auditing import at_terminal
        from gateway.keys import create_key
        from schemas.database import open_database, sessions

        at = datetime.now(UTC)
        key = create_key(
            sessions(open_database(read_settings().database)),
            name,
            ",".join(one.value for one in role),
            at,
            expires_at=_end("--expires", expires, at),
            sources=source or (),
            by=at_terminal(),
        )
        say("the key is shown this once; send it as Authorization: Bearer KEY")
        print(key)  # noqa: T201 - for scripts: the key alone on standard output


@app.command("rotate")
def keys_rotate(
    name: Annotated[str, typer.Argument(help="The name it was created with.")],
    overlap: Annotated[str, typer.Option(help="How long the old key goes on working: 7d, 12h, 0.")] = "7d",
    expires: Annotated[
        str, typer.Option("--expires", help="How long the new key is valid: 90d. Default: as long as the old one was.")
    ] = "",
) -> None:
    """Make a new secret for a key and print it; the old one works until the overlap is over."""
    with user_errors():
        from closeloop.auditing import at_terminal
        from gateway.keys import rotate_key
        from schemas.database import open_database, sessions

        at = datetime.now(UTC)
        end = _end("--overlap", overlap, at) if overlap != "0" else at
        assert end is not None
        writers = sessions(open_database(read_settings().database))
        key, ends = rotate_key(writers, name, end - at, at, expires_at=_end("--expires", expires, at), by=at_terminal())
        say(f"the new key is shown this once; the old one ends {ends:%Y-%m-%d %H:%M} UTC at the latest")
        say("closeloop keys list shows which of them is in use")
        print(key)  # noqa: T201 - for scripts: the key alone on standard output


@app.command("list")
def keys_list(json: JsonOption = False) -> None:
    """List the keys: names, roles, dates and last use, never the keys."""
    with user_errors():
        from closeloop.printing import print_json, print_rows
        from gateway.keys import list_keys
        from schemas.database import open_database, readers

        found, now = list_keys(readers(open_database(read_settings().database))), datetime.now(UTC)
        if json:
            print_json(found)
            return
        rows = []
        for one in found:
            over = "revoked " + _minute(one.revoked_at) if one.revoked_at else ""
            if not over and not one.is_valid(now):
                over = "expired"
            roles = ", ".join(one.roles) + (f" ({', '.join(one.sources)})" if one.sources else "")
            times = (_minute(one.created_at), _minute(one.expires_at), _minute(one.last_used_at) or "never")
            rows.append((one.name, one.id, roles, *times, over))
        print_rows(("name", "id", "roles", "created", "expires", "last used", ""), rows)


@app.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(help="The name it was created with, or the id of one.")]) -> None:
    """Revoke every key of this name, or the one of this id, at once."""
    with user_errors():
        from closeloop.auditing import at_terminal
        from gateway.keys import revoke_keys
        from schemas.database import open_database, sessions

        count = revoke_keys(sessions(open_database(read_settings().database)), name, by=at_terminal())
        if not count:
            refuse(f"no key in use is named {name!r}; closeloop keys list shows them")
        say(f"revoked {count}; gateways refuse it within seconds")


def _end(option: str, length: str, at: datetime) -> datetime | None:
    """When a length from now on is over; ``None`` for no length."""
    import msgspec

    from schemas.config_base import Duration, seconds

    if not length:
        return None
    try:
        return at + timedelta(seconds=seconds(msgspec.convert(length, Duration)))
    except (msgspec.ValidationError, OverflowError):
        refuse(f"{option} {length}: give a whole number and a unit: 90d, 12h, 30m")


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
