"""``GET /v1/config``: what a page over this API needs to know."""

from typing import Any, Literal

from litestar import Request, get
from litestar.di import NamedDependency
from msgspec import Struct

from gateway.access import caller_of, needs
from gateway.parts import Parts
from gateway.routes.answers import refusals
from schemas.cases import ROOT_CAUSES
from schemas.metric_catalogue import CatalogueEntry
from schemas.metrics import Clock
from schemas.scales import MetricKind


class MetricShown(Struct, frozen=True, kw_only=True):
    """How a metric is asked and computed."""

    kind: MetricKind
    minimum: int
    maximum: int
    higher_is_better: bool


class Configuration(Struct, frozen=True, kw_only=True):
    """loop.yaml as far as readers of metrics and cases need it. ``open``: everyone is let in without a key."""

    open: bool
    clock: Clock
    zone: str
    minimum_n: int
    windows: list[str]
    cuts: dict[str, list[str]]
    metrics: dict[str, MetricShown]
    """The metrics of answers."""
    catalogue: dict[str, CatalogueEntry]
    """Every metric that this loop sends, with its unit, in the order in which people look at them."""
    people: dict[str, str]
    """Person key to name."""
    acting_as: str | None
    """The person whose key the caller has sent: under this name it acts."""
    teams: dict[str, list[str]]
    root_causes: dict[str, str]
    """Code to words."""
    slack: Literal["signed", "off"]
    """Whether Slack's clicks can be taken over HTTP here."""


@get(
    "/v1/config",
    guards=[needs("read")],
    summary="What is configured",
    description="Metrics, windows, cuts, people and root causes: the words that the other requests use.",
    responses=refusals(),
    tags=["configuration"],
)
async def get_config(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Configuration:
    """Gather what the console asks for first."""
    words, loop, caller = parts.words, parts.loop, caller_of(request)
    return Configuration(
        open=await parts.keyring.is_open(),
        clock=parts.settings.clock,
        zone=words.zone,
        minimum_n=loop.minimum_n,
        windows=list(words.windows),
        cuts={name: list(dimensions) for name, dimensions in words.cuts.items()},
        metrics={
            name: MetricShown(
                kind=spec.kind,
                minimum=spec.scale.minimum,
                maximum=spec.scale.maximum,
                higher_is_better=spec.scale.higher_is_better,
            )
            for name, spec in words.metrics.items()
        },
        catalogue=dict(words.catalogue),
        people=dict(words.people),
        acting_as=caller.person or (caller.name if caller.kind == "key" and caller.name in words.people else None),
        teams={name: list(team.members) for name, team in loop.teams.items()},
        root_causes=ROOT_CAUSES,
        slack="signed" if parts.settings.slack_signing_secret else "off",
    )


routes = [get_config]
