"""The silences that hold, for commands that say what would happen to an alert without being part of the loop."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from schemas import silences
from schemas.database import open_database, readers
from schemas.silences import Silence
from schemas.tables import SilenceRow

UNKNOWN = "silences are not known: the database of DATABASE_URL cannot be read"


def current_silences(url: str, now: datetime) -> Sequence[Silence] | None:
    """Those that hold at ``now``. None where there is no database yet; ``None`` where it cannot be read.

    Nothing is made by asking: not even the file of a database that is not there. Raises ``ValueError`` for a URL that
    is none.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return []
    engine = open_database(url)
    try:
        if not inspect(engine).has_table(SilenceRow.__tablename__):
            return []
        with readers(engine)() as session:
            return silences.current(session, now)
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


def held_by(silence: Silence) -> str:
    """The silence as the reason why nobody is told: its number, its end and its reason."""
    reason = "".join(letter if letter.isprintable() else " " for letter in silence.reason)
    return f"S-{silence.id} until {silence.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {reason}"
