"""What the API says of hooks and deliveries."""

from datetime import datetime

from msgspec import Struct

from schemas.config_hooks import ToolName

MAX_DELIVERY_BYTES = 1024 * 1024


class HookAnswer(Struct, frozen=True, kw_only=True):
    """What became of a delivery: events that were taken, pieces that were passed over by why, and dead letters."""

    taken: int
    ignored: dict[str, int]
    letters: int


class HookShown(Struct, frozen=True, kw_only=True):
    """A hook, and what came in by it since this gateway began."""

    name: str
    tool: ToolName
    path: str
    secret_set: bool
    token_set: bool | None
    """Whether the token of the tool's API is set; null where none is needed."""
    last_at: datetime | None
    last_outcome: str | None
    outcomes: dict[str, int]


class HookList(Struct, frozen=True, kw_only=True):
    """The hooks of loop.yaml, in their order."""

    hooks: list[HookShown]
