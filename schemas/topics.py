"""The topic catalogue: every topic with its key, value, partitions, retention and cleanup policy."""

from msgspec import Struct

from schemas.deadletters import LETTER_BYTES

TOUCHPOINTS = "cx.touchpoints"
RESPONSES = "cx.responses"
TOUCHPOINTS_STATE = "cx.touchpoints.state"
RESPONSES_STATE = "cx.responses.state"
CASES_STATE = "cx.cases.state"
PARTIALS = "cx.partials"
METRICS = "cx.metrics"
ALERTS = "cx.alerts"
CASES = "cx.cases"
INVITATIONS = "cx.invitations"
DEADLETTERS = "cx.deadletters"

STATE_OF = {TOUCHPOINTS: TOUCHPOINTS_STATE, RESPONSES: RESPONSES_STATE, CASES: CASES_STATE}
"""The changelog that keeps a source topic's state, partition by partition."""

STREAMS_GROUP = "closeloop-streams"
DESK_GROUP = "closeloop-desk"
RECORDER_GROUP = "closeloop-recorder"
TIMELINE_GROUP = "closeloop-timeline"

READERS = {
    STREAMS_GROUP: (TOUCHPOINTS, RESPONSES, CASES, PARTIALS),
    DESK_GROUP: (ALERTS,),
    RECORDER_GROUP: (METRICS, DEADLETTERS),
    TIMELINE_GROUP: (TOUCHPOINTS, RESPONSES),
}
"""The loop's consumer groups and what each reads from its beginning; the gateway reads without a group."""


RECOVERY_NAME = "closeloop-recovery"
PIPELINE_NAME = "closeloop-pipeline"
EXPORT_NAME = "closeloop-export"
ASSIGNED_READERS = {RECOVERY_NAME: "streams", PIPELINE_NAME: "gateway", EXPORT_NAME: "gateway"}
"""Names of readers that are in no group and commit nothing, with their rooms: librdkafka asks for the coordinator of
such a group all the same, for which it has to be allowed to describe it."""


def readers_of_topics(*, timeline: bool) -> dict[str, tuple[str, ...]]:
    """:data:`READERS` of a loop that keeps customers' timelines, or of one that does not."""
    return {group: topics for group, topics in READERS.items() if timeline or group != TIMELINE_GROUP}


_DAY_MS = 24 * 60 * 60 * 1000
DEFAULT_PARTITIONS = 3


class TopicSpec(Struct, frozen=True):
    """One topic as it has to be on a cluster. ``config`` holds Kafka's own names and values."""

    name: str
    key: str
    value: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    partitions: int
    replication: int
    config: dict[str, str]


def _delete(days: int, **more: str) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS), **more}


_COMPACT = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.2", "delete.retention.ms": str(_DAY_MS)}
# The broker's clock, not the app's, says when an event arrived: duplicates are remembered by arrival, and an event's
# time is held against it, so a replayed record is judged as it was the first time.
_ARRIVAL = {"message.timestamp.type": "LogAppendTime"}
# A dead letter is larger than the record it holds, which may be as large as a broker takes. A row of state holds what
# came in one flush, in parts; long ids and dimensions make a part large.
_ROOMY = {"max.message.bytes": str(LETTER_BYTES)}


def catalogue(partitions: int = DEFAULT_PARTITIONS, replication: int = 1) -> tuple[TopicSpec, ...]:
    """Every topic of closeloop for a cluster with this default partition count and replication factor.

    State topics have as many partitions as the topic whose state they keep: the numbers are a contract and are not
    changed on a running cluster.
    """
    safe = {"min.insync.replicas": "2"} if replication >= 3 else {}

    def topic(
        name: str, key: str, value: str, written_by: tuple[str, ...], read_by: tuple[str, ...], config: dict[str, str]
    ) -> TopicSpec:
        return TopicSpec(name, key, value, written_by, read_by, partitions, replication, {**config, **safe})

    return (
        topic(
            TOUCHPOINTS,
            "customer_id",
            "TouchpointEvent",
            ("apps", "gateway"),
            ("streams", "consumers"),
            _delete(30) | _ARRIVAL,
        ),
        topic(
            RESPONSES,
            "customer_id",
            "ResponseEvent | Signal",
            ("apps", "gateway", "streams"),
            ("streams", "consumers"),
            _delete(365) | _ARRIVAL,
        ),
        topic(TOUCHPOINTS_STATE, "state key", "state row", ("streams",), ("streams",), _COMPACT | _ROOMY),
        topic(RESPONSES_STATE, "state key", "state row", ("streams",), ("streams",), _COMPACT | _ROOMY),
        topic(CASES_STATE, "state key", "state row", ("streams",), ("streams",), _COMPACT | _ROOMY),
        topic(
            PARTIALS,
            "series + pane + source, or alarm",
            "Partial | Tick | alarm row",
            ("streams",),
            ("streams",),
            _COMPACT,
        ),
        topic(METRICS, "series + window", "Metric | Books", ("streams",), ("gateway", "consumers", "anyone"), _COMPACT),
        topic(ALERTS, "customer_id", "Alert", ("streams",), ("consumers",), _delete(30)),
        topic(CASES, "case id", "CaseEvent", ("consumers",), ("streams", "gateway", "anyone"), _delete(800)),
        topic(INVITATIONS, "customer_id", "Invitation", ("streams",), ("apps", "gateway"), _delete(7)),
        topic(
            DEADLETTERS,
            "source topic",
            "DeadLetter",
            ("streams", "consumers", "gateway"),
            ("consumers",),
            _delete(30) | _ROOMY,
        ),
    )
