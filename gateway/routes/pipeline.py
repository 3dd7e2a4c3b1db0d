"""``GET /v1/pipeline``: the loop's own health."""

import asyncio

from litestar import get
from litestar.di import NamedDependency

from gateway.access import needs
from gateway.outbox_reads import outbox_of
from gateway.parts import Parts, now
from gateway.pipeline import Pipeline, pipeline_of
from gateway.routes.answers import refusals
from gateway.routes.totals import totals_of


def pipeline_now(parts: Parts) -> Pipeline:
    """The answer as of now; reads SQL and may wait a moment for a fresh look at Kafka, so call it in a thread."""
    report = parts.cluster.fresh()
    asked = now()
    with parts.readers() as session:
        outbox = outbox_of(session, asked)
    return pipeline_of(report, totals_of(parts), parts.trend, outbox, asked)


@get(
    "/v1/pipeline",
    guards=[needs("read")],
    summary="The loop's own health",
    description=(
        "Kafka's topics with rate and lag per partition, groups with their workers, brokers, disks; messages that "
        "wait to be sent; and the books as equations. Facts that cannot be had are named in `unknown`."
    ),
    responses=refusals(),
    tags=["operation"],
)
async def get_pipeline(parts: NamedDependency[Parts]) -> Pipeline:
    """Tell what the watcher saw last, at most three seconds old while Kafka answers."""
    return await asyncio.to_thread(pipeline_now, parts)


routes = [get_pipeline]
