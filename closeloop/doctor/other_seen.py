"""What is seen besides Kafka: loop.yaml, the database, the gateway, this machine's disk."""

import http.client
import shutil
import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from closeloop.database.standing import Standing
from closeloop.database.standing import look as look_at_tables
from gateway.keys import ending_keys, list_keys
from schemas.config import Loop
from schemas.database import open_database, readers
from schemas.loop_yaml import ConfigError, load
from schemas.migrate import MigrationError
from schemas.settings import Settings

_ANSWER_S = 5.0
_MOST_BYTES = 1 << 20


class ConfigurationSeen(Struct, frozen=True, kw_only=True):
    """loop.yaml, or why it cannot be read."""

    path: str
    problems: tuple[str, ...] = ()
    summary: str = ""


class DatabaseSeen(Struct, frozen=True, kw_only=True):
    """The database. ``ahead_s``: how far its clock is ahead of this machine's; ``None`` where it is this machine's."""

    kind: str
    problem: str = ""
    standing: Standing | None = None
    ahead_s: float | None = None
    keys: int = 0
    """API keys in use."""
    ending: tuple[tuple[str, datetime], ...] = ()
    """Names whose last key has an end, and when."""


class GatewaySeen(Struct, frozen=True, kw_only=True):
    """The gateway at ``url``. ``alive`` is ``None`` where what answers is no gateway of closeloop."""

    url: str
    problem: str = ""
    alive: bool | None = None
    waiting_for: tuple[str, ...] = ()
    key_status: int = 0
    """What it answers to a question with the key of this environment, or without one."""
    has_key: bool = False
    ahead_s: float | None = None
    """How far its clock is ahead, whole seconds."""


class DiskSeen(Struct, frozen=True, kw_only=True):
    """The disk under a folder of this machine."""

    path: str
    free: int
    size: int


class _Health(Struct):
    ok: bool
    waiting_for: tuple[str, ...] = ()


def look_at_configuration(settings: Settings) -> tuple[ConfigurationSeen, Loop | None]:
    """Read loop.yaml, and the calendars beside it."""
    path = str(settings.config)
    try:
        loop = load(settings.config, settings.zone)
    except ConfigError as error:
        return ConfigurationSeen(path=path, problems=tuple(str(error).splitlines())), None
    except OSError as error:
        return ConfigurationSeen(path=path, problems=(f"{path}: {(error.strerror or str(error)).lower()}",)), None
    summary = f"{len(loop.rules)} rules, {len(loop.people)} people, {len(loop.receivers)} receivers"
    return ConfigurationSeen(path=path, summary=summary), loop


def look_at_database(settings: Settings) -> DatabaseSeen:
    """Ask the database for its revision, its tables and its time."""
    kind = settings.database.partition(":")[0].partition("+")[0]
    try:
        standing = look_at_tables(settings.database)
        if standing.revision is None:
            return DatabaseSeen(kind=kind, standing=standing)
        engine = open_database(settings.database)
        try:
            listed = list_keys(readers(engine)) if standing.revision == standing.wanted else []
            with engine.execution_options(reads_only=True).connect() as connection:
                ahead = None
                if engine.dialect.name == "postgresql":
                    before = datetime.now(UTC)
                    there = connection.scalar(text("SELECT clock_timestamp()"))
                    after = datetime.now(UTC)
                    ahead = outside(there, before, after) if isinstance(there, datetime) else None
        finally:
            engine.dispose()
    except (MigrationError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return DatabaseSeen(kind=kind, problem=reason.removeprefix("DATABASE_URL: "))
    at = datetime.now(UTC)
    return DatabaseSeen(
        kind=kind,
        standing=standing,
        ahead_s=ahead,
        keys=sum(key.is_valid(at) for key in listed),
        ending=tuple((key.name, key.expires_at) for key in ending_keys(listed, at) if key.expires_at is not None),
    )


def outside(there: datetime, before: datetime, after: datetime) -> float:
    """How far a time told between two times of ours lies outside of them, seconds; ahead is positive. Pure."""
    return max((there - after).total_seconds(), 0.0) or min((there - before).total_seconds(), 0.0)


def look_at_gateway(url: str, key: str | None) -> GatewaySeen:
    """Ask whether it lives, whether it is ready, and whether the key is taken."""
    try:
        began = datetime.now(UTC)
        status, body, date = _get(url, "/healthz", None)
        ended = datetime.now(UTC)
        try:
            msgspec.json.decode(body, type=_Health)
        except msgspec.MsgspecError:
            return GatewaySeen(url=url, has_key=key is not None)
        ready = msgspec.json.decode(_get(url, "/readyz", None)[1], type=_Health)
        key_status = _get(url, "/v1/totals", key)[0] if ready.ok else 0
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
        said = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "no whole answer"
        said = "no answer in time" if isinstance(error, TimeoutError) else said
        return GatewaySeen(url=url, problem=said, has_key=key is not None)
    ahead = None
    if date:
        # The header has whole seconds, cut off.
        told = parsedate_to_datetime(date)
        ahead = outside(told, began.replace(microsecond=0), ended)
    return GatewaySeen(
        url=url,
        alive=status == 200,
        waiting_for=ready.waiting_for,
        key_status=key_status,
        has_key=key is not None,
        ahead_s=ahead,
    )


def look_at_disk(folder: Path) -> DiskSeen:
    """The disk that the folder is on, or will be."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    usage = shutil.disk_usage(there)
    return DiskSeen(path=str(folder), free=usage.free, size=usage.total)


def _get(url: str, path: str, key: str | None) -> tuple[int, bytes, str | None]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=_ANSWER_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=_ANSWER_S)
    headers = {"Accept": "application/json", "User-Agent": "closeloop-doctor"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    deadline = time.monotonic() + 2 * _ANSWER_S
    try:
        connection.request("GET", parts.path.rstrip("/") + path, headers=headers)
        response = connection.getresponse()
        body = b""
        while len(body) < _MOST_BYTES and time.monotonic() < deadline and (piece := response.read1(65_536)):
            body += piece
        return response.status, body, response.getheader("Date")
    finally:
        connection.close()
