"""loop.yaml as typed structs. ``schemas/loop_yaml.py`` reads the file and checks what these types cannot say."""

from typing import Annotated

from msgspec import Meta, field

from schemas.config_access import Audit, SignIn
from schemas.config_base import Duration, Section
from schemas.config_clock import Digest, Reminders, Sla, Step
from schemas.config_delivery import Mail, Webhook
from schemas.config_gateway import Gateway
from schemas.config_grouping import Grouping
from schemas.config_hooks import Hook
from schemas.config_owners import Calendar, Person, Receiver, Rotation, Route, Team
from schemas.config_rules import Rule
from schemas.config_surveys import Survey
from schemas.config_timeline import Timeline
from schemas.scales import MetricKind

DEFAULT_WINDOWS: tuple[Duration, ...] = ("1h", "24h", "7d", "30d")


class MetricConfig(Section, frozen=True, kw_only=True):
    """A metric of your own, or another scale for nps, csat or ces."""

    kind: MetricKind
    scale: tuple[int, int]
    higher_is_better: bool = True


class History(Section, frozen=True, kw_only=True):
    """Calendar days: the zone that says where a day begins, and how many days are kept and amended."""

    zone: str = "UTC"
    days: Annotated[int, Meta(ge=1, le=3660)] = 800


class Deduplication(Section, frozen=True, kw_only=True):
    """How long, by arrival, an event's id is remembered."""

    responses: Duration = "24h"
    touchpoints: Duration = "1h"


class Csi(Section, frozen=True, kw_only=True):
    """A composite satisfaction index: the mean of several metrics on 0..100, by weight."""

    weights: dict[str, Annotated[float, Meta(gt=0)]]
    """Metric to weight, e.g. ``{nps: 1, csat: 2}``; they need not sum up to anything."""


class Lifecycle(Section, frozen=True, kw_only=True):
    """The touchpoints that tell when a customer came, bought and left: retention, churn and lifetime value."""

    joined: str = "customer.joined"
    purchase: str = "purchase"
    left: str = "customer.left"
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    """ISO 4217; purchases in another currency are not part of the lifetime value."""
    gross_margin: Annotated[float, Meta(gt=0, le=1)] = 1.0
    max_lifetime: Duration = "1825d"
    """The longest life that a lifetime value reckons with: where nobody leaves it would have no end."""


class Invitations(Section, frozen=True, kw_only=True):
    """The touchpoint that tells that a customer was asked, and how long an answer to it counts: the response rate."""

    touchpoint: str = "survey.sent"
    answer_within: Duration = "14d"


class Recovered(Section, frozen=True, kw_only=True):
    """How long a resolved case waits for its customer's next answer, which says whether they have recovered."""

    answer_within: Duration = "90d"


class Loop(Section, frozen=True, kw_only=True):
    """The whole of loop.yaml. Only ``route``, ``receivers`` and ``people`` have to be given."""

    metrics: dict[str, MetricConfig] = {}
    """Added to, or in place of, the built-in nps, csat and ces."""
    csi: Csi | None = None
    lifecycle: Lifecycle | None = None
    invitations: Invitations | None = None
    recovered: Recovered | None = None
    windows: list[Duration] = field(default_factory=lambda: list(DEFAULT_WINDOWS))
    history: History = History()
    cuts: dict[str, list[str]] = field(default_factory=lambda: {"all": []})
    journey: list[Annotated[str, Meta(min_length=1)]] = []
    """Touchpoints in the order in which customers meet them; the console's map shows others after them."""
    max_keys_per_cut: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    minimum_n: Annotated[int, Meta(ge=1)] = 10
    deduplication: Deduplication = Deduplication()
    alert_max_age: Duration = "72h"
    timeline: Timeline | None = Timeline()
    """``null``: of touchpoints, and of answers that no rule flagged, nothing is kept by customer."""
    rules: list[Rule] = []
    calendars: dict[str, Calendar] = {}
    people: dict[str, Person]
    rotations: dict[str, Rotation] = {}
    teams: dict[str, Team] = {}
    receivers: dict[str, Receiver]
    route: Route
    sla: Sla = Sla()
    escalations: dict[str, list[Step]] = {}
    """Chains by name; ``default`` is built in and can be written anew."""
    reminders: Reminders | None = Reminders()
    """``null``: nobody is reminded."""
    digest: Digest | None = Digest()
    """``null``: a direct message waits for nobody's morning."""
    grouping: Grouping = Grouping()
    mail: Mail | None = None
    webhooks: dict[str, Webhook] = {}
    sign_in: SignIn = SignIn()
    audit: Audit = Audit()
    gateway: Gateway = Gateway()
    surveys: dict[str, Survey] = {}
    """Questions on pages of their own, behind signed links."""
    hooks: dict[str, Hook] = {}
    """Ways in for survey tools, by name: ``/hooks/NAME``."""
