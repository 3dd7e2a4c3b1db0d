"""loop.yaml as typed structs. ``schemas/loop_yaml.py`` reads the file and checks what these types cannot say."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from schemas.alerts import Severity
from schemas.scales import MetricKind

Duration = Annotated[
    str, Meta(pattern=r"^[1-9]\d*(s|m|h|d)$", description="A whole number and a unit: 90s, 30m, 4h, 7d.")
]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", description="A time of day: 09:00.")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Scalar = str | int | float | bool

DEFAULT_WINDOWS: tuple[Duration, ...] = ("1h", "24h", "7d", "30d")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: Duration) -> int:
    """A duration of loop.yaml in seconds."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


class _Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of loop.yaml: an unknown key is an error, because a misspelt one would silently not count."""


class MetricConfig(_Section, frozen=True, kw_only=True):
    """A metric of your own, or another scale for nps, csat or ces."""

    kind: MetricKind
    scale: tuple[int, int]
    higher_is_better: bool = True


class History(_Section, frozen=True, kw_only=True):
    """Calendar days: the zone that says where a day begins, and how many days are kept and amended."""

    zone: str = "UTC"
    days: Annotated[int, Meta(ge=1, le=3660)] = 800


class Deduplication(_Section, frozen=True, kw_only=True):
    """How long, by arrival, an event's id is remembered."""

    responses: Duration = "24h"
    touchpoints: Duration = "1h"


class ThresholdRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="threshold"):
    """Flags a score at or below its metric's threshold (at or above, where low is good)."""

    name: str
    at_or_below: dict[str, int]
    """Metric to score, e.g. ``nps: 6``. On a scale where low is good the threshold counts from the bad end."""
    critical_at_or_below: dict[str, int] = {}
    severity: Severity = "normal"
    programme: str = "feedback"


class ContactRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="contact_requested"):
    """Flags every answer whose customer asks to be contacted."""

    name: str
    severity: Severity = "high"
    programme: str = "feedback"


class WordsRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="words"):
    """Flags an answer whose comment holds one of these words or phrases, in any of their inflected forms.

    ``words`` maps a language (BCP 47, e.g. ``de``) to its words; those of the answer's language are looked for, or
    those of every language where the answer does not say its own.
    """

    name: str
    words: dict[str, list[str]]
    severity: Severity = "high"
    programme: str = "feedback"


class RepeatedRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="repeated"):
    """Flags the n-th bad answer of a customer within a time, by the time of the answers."""

    name: str
    at_or_below: dict[str, int]
    """Metric to score, as for a threshold."""
    count: Annotated[int, Meta(ge=2, le=100)]
    within: Duration
    severity: Severity = "high"
    programme: str = "feedback"


class SilentRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="silent"):
    """Flags a customer whose n-th touchpoint within a time has failed and who has said nothing in that time."""

    name: str
    touchpoints: list[str] = []
    """Only these; empty for all."""
    count: Annotated[int, Meta(ge=1, le=100)] = 3
    within: Duration = "72h"
    severity: Severity = "normal"
    programme: str = "feedback"


class ContradictionRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="contradiction"):
    """Flags an answer whose words contradict its score: praise with the worst scores, anger with the best.

    Such an answer is to be verified, it pages nobody: the customer may have read the scale the wrong way round.
    """

    name: str
    praise: dict[str, list[str]]
    """Language to words, as ``words`` of a words rule."""
    anger: dict[str, list[str]]
    severity: Severity = "normal"
    programme: str = "verify"


class FallRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="fall"):
    """Flags a metric that fell beyond chance: its last ``window`` against the rest of the longer ``baseline``.

    ``metric`` is one that answers are given for, or a share: ``outcome``, whose failures are bad when they rise,
    ``recovered``, ``in_sla_acknowledge`` and its like. ``z`` is how many standard errors of the difference it has to
    fall; without one it follows from the window (docs/alarms.md). Both sides need ``minimum_n`` answers. The fall is
    over when the metric has been within ``recovered_z`` of its level from before for ``recovered_after``.
    """

    name: str
    metric: str
    cuts: list[str]
    window: Duration = "7d"
    baseline: Duration = "30d"
    z: Annotated[float, Meta(ge=1, le=10)] | None = None
    minimum_n: Annotated[int, Meta(ge=10)] = 30
    recovered_z: Annotated[float, Meta(ge=0, le=10)] = 1.0
    recovered_after: Duration = "24h"
    severity: Severity = "high"
    programme: str = "metrics"


class StoppedRule(_Section, frozen=True, kw_only=True, tag_field="kind", tag="stopped"):
    """Flags answers or touchpoints that stopped coming: a dead-man's switch that knows the hours of the week.

    ``chance`` is how improbable so few have to be. ``pauses`` are days, in the zone of the history, on which silence
    is planned: they are neither judged nor learnt from.
    """

    name: str
    of: Literal["responses", "touchpoints"]
    cuts: list[str]
    chance: Annotated[float, Meta(gt=0, le=0.01)] = 1e-6
    pauses: list[date] = []
    severity: Severity = "high"
    programme: str = "metrics"


AnswerRule = ThresholdRule | ContactRule | WordsRule | ContradictionRule
"""Rules that one answer meets by itself."""

CustomerRule = RepeatedRule | SilentRule
"""Rules over what one customer has met with lately."""

MetricRule = FallRule | StoppedRule
"""Rules over metrics: they flag a series, and no customer."""

Rule = AnswerRule | CustomerRule | MetricRule


class Csi(_Section, frozen=True, kw_only=True):
    """A composite satisfaction index: the mean of several metrics on 0..100, by weight."""

    weights: dict[str, Annotated[float, Meta(gt=0)]]
    """Metric to weight, e.g. ``{nps: 1, csat: 2}``; they need not sum up to anything."""


class Lifecycle(_Section, frozen=True, kw_only=True):
    """The touchpoints that tell when a customer came, bought and left: retention, churn and lifetime value."""

    joined: str = "customer.joined"
    purchase: str = "purchase"
    left: str = "customer.left"
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    """ISO 4217; purchases in another currency are not part of the lifetime value."""
    gross_margin: Annotated[float, Meta(gt=0, le=1)] = 1.0
    max_lifetime: Duration = "1825d"
    """The longest life that a lifetime value reckons with: where nobody leaves it would have no end."""


class Invitations(_Section, frozen=True, kw_only=True):
    """The touchpoint that tells that a customer was asked, and how long an answer to it counts: the response rate."""

    touchpoint: str = "survey.sent"
    answer_within: Duration = "14d"


class Recovered(_Section, frozen=True, kw_only=True):
    """How long a resolved case waits for its customer's next answer, which says whether they have recovered."""

    answer_within: Duration = "90d"


class Calendar(_Section, frozen=True, kw_only=True):
    """Working hours: spans of local time by weekday, in a zone, without holidays."""

    zone: str
    hours: dict[Weekday, list[tuple[Clock, Clock]]]
    holidays: list[date] = []


class Person(_Section, frozen=True, kw_only=True):
    """An employee who owns cases. ``slack`` is the Slack user id; without it Slack is asked by ``email``."""

    name: str
    email: str
    slack: str | None = None
    calendar: str | None = None
    """A name of ``calendars``; without it every hour is a working hour."""
    away: bool = False


class Team(_Section, frozen=True, kw_only=True):
    """People who share a kind of case. A new case goes to the member with the fewest open ones."""

    members: list[str]
    lead: str | None = None


Notify = Literal["channel", "dm", "both"]


class Receiver(_Section, frozen=True, kw_only=True):
    """Where a case goes: an owner (a person, a team's member, or the account's owner) and a Slack surface.

    ``owner_attribute`` names an attribute of the event whose value is a key of ``people``; where it is missing or
    unknown the team or person takes over.
    """

    team: str | None = None
    person: str | None = None
    owner_attribute: str | None = None
    channel: str
    """The Slack channel, ``#name`` or an id: also the fall-back where a direct message cannot be sent."""
    notify: Notify = "channel"


class Route(_Section, frozen=True, kw_only=True):
    """A node of the routing tree: the first child that matches wins, unless it says ``continue``.

    ``match`` maps a field (``severity``, ``rule``, ``programme``, ``subject``, ``metric``, ``touchpoint``, ``channel``,
    ``language``, ``attributes.NAME``) to a value or a list of values. ``subject`` is ``customer`` or ``metric``.
    """

    match: dict[str, Scalar | list[Scalar]] = {}
    receiver: str | None = None
    """Without one, the parent's."""
    continue_: bool = field(default=False, name="continue")
    routes: list["Route"] = []


class Target(_Section, frozen=True, kw_only=True):
    """What is promised for a severity, in the owner's working time."""

    acknowledge: Duration
    contact: Duration
    resolve: Duration


class Sla(_Section, frozen=True, kw_only=True):
    """Targets by severity, and how long an acknowledgement holds before the case goes back (a lease)."""

    critical: Target = Target(acknowledge="1h", contact="4h", resolve="2d")
    high: Target = Target(acknowledge="2h", contact="8h", resolve="3d")
    normal: Target = Target(acknowledge="4h", contact="24h", resolve="5d")
    lease: Duration = "24h"


class Loop(_Section, frozen=True, kw_only=True):
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
    max_keys_per_cut: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    minimum_n: Annotated[int, Meta(ge=1)] = 10
    deduplication: Deduplication = Deduplication()
    alert_max_age: Duration = "72h"
    rules: list[Rule] = []
    calendars: dict[str, Calendar] = {}
    people: dict[str, Person]
    teams: dict[str, Team] = {}
    receivers: dict[str, Receiver]
    route: Route
    sla: Sla = Sla()
