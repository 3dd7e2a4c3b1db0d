"""``/healthz``, ``/readyz`` and ``/metrics``: open to everyone who can reach the port, without any data of people."""

import asyncio
import time

from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from gateway.parts import Parts
from gateway.routes.answers import as_text


class Health(Struct, frozen=True):
    """Whether the gateway serves, and what it still waits for."""

    ok: bool
    waiting_for: list[str] = []


@get("/healthz", summary="Alive", tags=["operation"], sync_to_thread=False)
def get_healthz(parts: NamedDependency[Parts]) -> Response[Health]:
    """200 while the process works; 503 once its live view has ended."""
    alive = parts.live.alive()
    return Response(Health(alive, [] if alive else ["the live view"]), status_code=200 if alive else 503)


@get("/readyz", summary="Ready", tags=["operation"])
async def get_readyz(parts: NamedDependency[Parts]) -> Response[Health]:
    """200 once the database answers and the live view has caught up with Kafka."""

    def database_answers() -> bool:
        try:
            with parts.readers() as session:
                session.execute(select(1))
        except SQLAlchemyError:
            return False
        return True

    waiting = [] if parts.live.caught_up.is_set() else ["the live view of cx.metrics"]
    if not await asyncio.to_thread(database_answers):
        waiting.append("the database")
    return Response(Health(not waiting, waiting), status_code=503 if waiting else 200)


@get(
    "/metrics",
    summary="Prometheus metrics",
    tags=["operation"],
    sync_to_thread=False,
    operation_class=as_text("text/plain", "Prometheus' text format."),
)
def get_prometheus(parts: NamedDependency[Parts]) -> Response[bytes]:
    """The gateway's own metrics."""
    measured = parts.instruments
    measured.producer_pending.set(parts.producer.pending())
    if parts.spool is not None:
        measured.note_spool(parts.spool, time.time())
    measured.live_rows.set(parts.live.rows.size())
    measured.live_refused.set(parts.live.rows.refused)
    measured.stream_clients.set(len(parts.hub))
    measured.stream_dropped.set(parts.hub.dropped)
    return Response(generate_latest(measured.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


routes = [get_healthz, get_readyz, get_prometheus]
