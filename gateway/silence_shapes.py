"""Silences as the API shows them, and what a new one is asked with."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from gateway.problems import Problem
from schemas.reach import Reach


class SilenceRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new silence: which alerts, until when (``ends_at`` or ``for``), and why."""

    matchers: dict[str, Any] = {}
    """Field to what it has to be, as ``match`` of a route in loop.yaml: ``{"touchpoint": "order.delivered",
    "attributes.region": ["SP", "RJ"], "score": {"at_most": 3}}``. All must hold."""
    ends_at: str | None = None
    """RFC 3339 with a zone: ``2026-11-21T18:00:00Z``."""
    for_: str | None = field(default=None, name="for")
    """In place of ``ends_at``, a length from ``starts_at`` on: ``90m``, ``4h``, ``2d``."""
    starts_at: str | None = None
    """RFC 3339 with a zone. Without it: now."""
    reason: str = ""
    actor: str | None = None
    """Who asks for it: a person key of loop.yaml, for callers that are not a person themselves."""


class PreviewRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Matchers, to see what a silence of them would hold."""

    matchers: dict[str, Any]


class EndRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who ends a silence."""

    actor: str | None = None
    """A person key of loop.yaml, for callers that are not a person themselves."""


class Preview(Struct, frozen=True, kw_only=True):
    """What these matchers fit."""

    matchers: dict[str, Any]
    words: str
    """The matchers on one line."""
    fits: Reach


class SilenceShown(Struct, frozen=True, kw_only=True):
    """A silence. ``*_via`` is slack, console, api or system (a terminal); ``*_key`` an API key used for somebody."""

    id: int
    state: Literal["to_come", "holds", "over"]
    matchers: dict[str, Any]
    words: str
    """The matchers on one line."""
    starts_at: datetime
    ends_at: datetime
    """Of one that somebody ended: that moment."""
    reason: str
    cases_held: int
    """Cases with messages that wait for its end."""
    created_at: datetime
    created_by: str
    created_by_name: str
    created_via: str
    created_key: str | None
    ended_by: str | None
    """Who ended it before its time."""
    ended_by_name: str | None
    ended_via: str | None
    ended_key: str | None


class SilenceAdded(SilenceShown, frozen=True, kw_only=True):
    """A silence that was just added, and how much it fits."""

    fits: Reach


class SilenceEnded(SilenceShown, frozen=True, kw_only=True):
    """A silence that was just ended, and how many cases speak now: those that no other silence holds."""

    cases_speaking: int


class SilencePage(Struct, frozen=True, kw_only=True):
    """Silences, newest first. ``next`` is the cursor of the page after this one, or null at the end."""

    silences: list[SilenceShown]
    next: str | None


class Problems(Struct, frozen=True, kw_only=True):
    """Everything that is wrong with a silence; ``error`` is the first of them."""

    error: Problem
    errors: list[Problem]


class RefusedEnd(Struct, frozen=True, kw_only=True):
    """A silence that cannot be ended any more: why, and how it stands."""

    error: Problem
    silence: SilenceShown


class CaseSilence(Struct, frozen=True, kw_only=True):
    """The silence that an open case's alert fits now: further ones like it disturb nobody until ``ends_at``."""

    id: int
    ends_at: datetime
    reason: str
    created_by: str
    created_by_name: str
    holds: bool
    """Whether messages of this case wait for its end."""
