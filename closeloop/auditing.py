"""Who runs a command, for the audit trail."""

import getpass
from datetime import UTC, datetime

from sqlalchemy import Engine

from schemas.audit import Act, Who, record
from schemas.database import sessions


def at_terminal() -> Who:
    """The user of this machine who runs the command, as far as the machine knows."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        name = "unknown"
    return Who(name=name, kind="command", via="command")


def note_here(engine: Engine, act: Act) -> None:
    """Write down what the person at this terminal does. Raises SQLAlchemy's errors: what cannot be is not done."""
    with sessions(engine).begin() as session:
        record(session, at_terminal(), act, datetime.now(UTC))
