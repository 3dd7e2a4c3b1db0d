"""An example of every message, shown in the contract's documents. Each is a struct, so it cannot be of another form."""

from datetime import UTC, date, datetime, timedelta, timezone

from msgspec import Struct

from schemas.alerts import Alert, alert_id
from schemas.cases import CaseEvent, Entered
from schemas.deadletters import DeadLetter, InvalidEvent, dead_letter
from schemas.events import Money, Response, ResponseEvent, Touchpoint, TouchpointEvent
from schemas.metrics import Books, Metric, Part, Partial, Series, Tick

_ANSWERED = datetime(2026, 11, 21, 10, 20, tzinfo=UTC)
_DELIVERED = datetime(2026, 11, 21, 10, 15, 2, 120_000, tzinfo=timezone(timedelta(hours=1)))
_SERIES = Series("nps", "touchpoint", ("order.delivered",))

_TOUCHPOINT = TouchpointEvent(
    specversion="1.0",
    id="b1c7:delivered",
    source="/shop/orders",
    time=_DELIVERED,
    data=Touchpoint(
        customer_id="c42",
        touchpoint="order.delivered",
        channel="parcel",
        outcome="failed",
        duration_ms=83_000,
        value=Money("129.90", "EUR"),
        attributes={"region": "SP", "segment": "smb", "account_id": "a7"},
    ),
)
_RESPONSE = ResponseEvent(
    specversion="1.0",
    id="r-981",
    source="/shop/surveys",
    time=_ANSWERED,
    data=Response(
        customer_id="c42",
        metric="nps",
        score=3,
        touchpoint="order.delivered",
        touchpoint_event_id="b1c7:delivered",
        channel="email",
        language="pt",
        comment="atrasou de novo",
        contact_requested=True,
        attributes={"region": "SP"},
    ),
)
_ALERT = Alert(
    id=alert_id("/shop/surveys", "r-981", "detractor"),
    rule="detractor",
    reason="nps 3 on 0..10 is at or below 6.",
    severity="normal",
    programme="feedback",
    customer_id="c42",
    event_source="/shop/surveys",
    event_id="r-981",
    event_time=_ANSWERED,
    detected_at=_ANSWERED + timedelta(milliseconds=1_400),
    metric="nps",
    score=3,
    scale_min=0,
    scale_max=10,
    higher_is_better=True,
    touchpoint="order.delivered",
    touchpoint_event_id="b1c7:delivered",
    channel="email",
    language="pt",
    comment="atrasou de novo",
    contact_requested=True,
    attributes={"region": "SP"},
)
_CASE = CaseEvent(
    id="5f0f6f9c-5e0c-5d0a-9f57-0d4f7a0c9a11",
    case_id=17,
    version=3,
    action="contact",
    from_state="acknowledged",
    to_state="contacted",
    at=_ANSWERED + timedelta(minutes=42),
    actor="ana",
    via="slack",
    customer_id="c42",
    programme="feedback",
    severity="normal",
    owner="ana",
    opened_at=_ANSWERED + timedelta(seconds=2),
    seconds_to_acknowledge=310.0,
    seconds_to_contact=2518.0,
    business_seconds_to_acknowledge=310.0,
    business_seconds_to_contact=2518.0,
    in_sla_acknowledge=True,
    in_sla_contact=True,
    entered={
        "open": Entered(_ANSWERED + timedelta(seconds=2), _ANSWERED + timedelta(seconds=2)),
        "acknowledged": Entered(_ANSWERED + timedelta(seconds=312), _ANSWERED + timedelta(seconds=312)),
        "contacted": Entered(_ANSWERED + timedelta(minutes=42), _ANSWERED + timedelta(minutes=42)),
    },
    touchpoint="order.delivered",
    channel="email",
    language="pt",
    attributes={"region": "SP"},
)
_METRIC = Metric(
    metric="nps",
    window="7d",
    cut="touchpoint",
    key={"touchpoint": "order.delivered"},
    value=35.0,
    low=22.2,
    high=46.5,
    n=160,
    counts={"3": 12, "6": 20, "8": 40, "10": 88},
    too_few=False,
    as_of=_ANSWERED,
    version=981,
)
_EFFORT = Metric(
    metric="ces",
    window="24h",
    cut="all",
    key={},
    value=5.35,
    low=4.99,
    high=5.71,
    n=80,
    counts={"7": 24, "6": 21, "5": 14, "4": 9, "3": 6, "2": 4, "1": 2},
    too_few=False,
    as_of=_ANSWERED,
    version=983,
    parts={"top_box": Part(56.25, 45.34, 66.59, 80)},
)
_DAY = Metric(
    metric="csat",
    window="day",
    cut="region",
    key={"attributes.region": "SP"},
    value=None,
    low=None,
    high=None,
    n=0,
    counts={},
    too_few=True,
    as_of=_ANSWERED,
    version=982,
    day=date(2026, 11, 21),
)
_BOOKS = Books(
    source="cx.responses/0",
    version=981,
    watermark=_ANSWERED.timestamp(),
    received=982,
    counted=975,
    duplicates=4,
    late=1,
    forwarded=0,
    dead_letters={"scale": 1, "not_json": 1},
    alerts={"detractor": 143},
)
_DEAD_LETTER: DeadLetter = dead_letter(
    "cx.responses",
    0,
    512,
    b"c42",
    b"not json",
    [("traceparent", b"00-1")],
    InvalidEvent("not_json", "", "not JSON: invalid character (byte 1)"),
    _ANSWERED,
)

EXAMPLES: dict[str, tuple[Struct, ...]] = {
    "TouchpointEvent": (_TOUCHPOINT,),
    "ResponseEvent": (_RESPONSE,),
    "Metric": (_METRIC, _EFFORT, _DAY),
    "Books": (_BOOKS,),
    "Alert": (_ALERT,),
    "CaseEvent": (_CASE,),
    "DeadLetter": (_DEAD_LETTER,),
    "Partial": (Partial(_SERIES, "cx.responses/0", "7d", int(_ANSWERED.timestamp()) // 6300, {"3": 1, "10": 4}, 981),),
    "Tick": (Tick("cx.responses/0", _ANSWERED.timestamp(), 981),),
}
"""Message name to its examples."""
