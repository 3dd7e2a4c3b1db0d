"""Which database errors pass by themselves, so that the same work is done again, and which are faults of ours."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


def is_passing(error: Exception) -> bool:
    """Whether the database is away, restarting, locked or out of connections: wait and do the same again."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated
