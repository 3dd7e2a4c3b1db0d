"""What the commands share: their common options, and how they speak to the person at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from closeloop.errors import USER_ERROR
from schemas.settings import Settings, SettingsError, from_environment

ConfigOption = Annotated[
    Path, typer.Option("--config", envvar="CLOSELOOP_CONFIG", help="The configuration of the loop.")
]
DataDirOption = Annotated[Path, typer.Option("--data-dir", help="Where local data, logs and process ids are kept.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the API and the console.")]


def read_settings() -> Settings:
    """The settings of this environment. Raises SettingsError."""
    return from_environment()


def say(text: str) -> None:
    """Tell the person at the terminal; standard output is for scripts."""
    typer.echo(text, err=True)


def refuse(text: str) -> NoReturn:
    """Say what is wrong with what was asked, and end with exit code 2."""
    say(f"closeloop: {text}")
    raise typer.Exit(USER_ERROR)


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn what a person can mend into lines without a traceback and exit code 2."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        problem = _mendable(error)
        if problem is None:
            raise
        refuse(problem)


def _mendable(error: Exception) -> str | None:
    """What is wrong, where a person can mend it; None for a fault.

    The kinds of errors are imported here: what is asked of a command that does well may need none of them.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from closeloop.broker.errors import BrokerError
    from closeloop.errors import UserError
    from gateway.keys import KeyRefused
    from schemas.database import DatabaseUrlError
    from schemas.kafka_refusals import KafkaRefused
    from schemas.loop_yaml import ConfigError
    from schemas.migrate import MigrationError
    from schemas.tracing import TracingUnavailable

    known: tuple[type[Exception], ...] = (
        BrokerError,
        ConfigError,
        DatabaseUrlError,
        KafkaRefused,
        KeyRefused,
        MigrationError,
        SettingsError,
        TracingUnavailable,
        UserError,
    )
    if isinstance(error, known):
        return str(error)
    if isinstance(error, SQLAlchemyError):
        # The driver's first line says why; what follows it is the statement.
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return f"DATABASE_URL: {reason}; closeloop db upgrade makes missing tables"
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: no such file"
    if isinstance(error, PermissionError):
        return f"{error.filename}: not allowed"
    if isinstance(error, FileExistsError | IsADirectoryError | NotADirectoryError):
        return f"{error.filename}: {(error.strerror or str(error)).lower()}"
    return None
