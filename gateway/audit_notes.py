"""Acts of the gateway's callers in the audit trail."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy.orm import Session, sessionmaker

from schemas.audit import Act, Who, record


async def note(writers: sessionmaker[Session], who: Who, act: Act) -> None:
    """Write an act down that has no transaction of its own. Raises ``SQLAlchemyError``."""

    def write() -> None:
        with writers.begin() as session:
            record(session, who, act, datetime.now(UTC))

    await asyncio.to_thread(write)
