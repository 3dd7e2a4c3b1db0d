"""Try the mapping of a hook on a file, as the gateway would do it, and say what would come. Nothing is sent."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from closeloop.errors import UserError
from gateway.hooks.mapping import Mapper
from gateway.hooks.shapes import MAX_DELIVERY_BYTES
from gateway.hooks.signatures import Delivery, Unsigned, verify
from gateway.hooks.tools import scheme_for
from gateway.hooks.trying import Tried, TriedPiece
from schemas.cloudevents import EventReader
from schemas.config_base import seconds
from schemas.hook_secrets import hook_secrets, variable
from schemas.loop_yaml import load, metric_specs

COLUMNS = ("event", "field", "from", "value")


def mapper_of(config: Path, zone: str | None, name: str) -> Mapper:
    """The mapping of a hook of this loop.yaml. Raises :class:`UserError` and ``ConfigError``."""
    loop = load(config, zone)
    hook = loop.hooks.get(name)
    if hook is None:
        known = ", ".join(loop.hooks) or "none"
        raise UserError(f"{config} has no hook {name}; there are: {known}")
    specs = metric_specs(loop)
    return Mapper(name=name, hook=hook, specs=specs, events=EventReader(specs))


def read_file(path: Path) -> bytes:
    """The bytes of a payload. Raises :class:`UserError` for more than the gateway would take."""
    with path.open("rb") as file:
        held = file.read(MAX_DELIVERY_BYTES + 1)
    if len(held) > MAX_DELIVERY_BYTES:
        raise UserError(f"{path}: more than {MAX_DELIVERY_BYTES:,} bytes; the gateway takes no more")
    return held


def headers_of(given: Sequence[str]) -> dict[str, str]:
    """Headers as ``Name: value``. Raises :class:`UserError` for what is none."""
    found: dict[str, str] = {}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UserError("--header: give NAME: VALUE, as in --header 'X-Signature: abc'")
        found[name.strip().lower()] = value.strip()
    return found


def signature_told(mapper: Mapper, payload: bytes, headers: dict[str, str], at: datetime) -> str:
    """What the gateway would say of the delivery's signature, by the secret of this environment."""
    secrets = hook_secrets([mapper.name])[mapper.name].keys()
    if not secrets:
        return f"signature: not checked, {variable(mapper.name)} is not set here"
    try:
        delivery = Delivery(headers=headers, body=payload, at=at)
        verify(scheme_for(mapper.hook), delivery, secrets, seconds(mapper.hook.tolerance))
    except Unsigned as why:
        return f"signature: refused, {why}"
    return "signature: good"


def rows(tried: Tried) -> Iterator[tuple[str, ...]]:
    """Every field of every event, by :data:`COLUMNS`."""
    for piece in tried.pieces:
        for made in piece.events:
            for shown in made.fields:
                yield str(made.event["id"]), shown.field, shown.source, shown.value


def told(piece: TriedPiece) -> str:
    """What would become of a piece, in a line."""
    if piece.problem is not None:
        return f"a dead letter ({piece.problem.reason}): {piece.problem.field}: {piece.problem.problem}"
    if piece.ignored is not None:
        return f"passed over: {_WHY.get(piece.ignored, piece.ignored)}"
    if piece.fetch is not None:
        return f"a notice: the answers would be fetched from {piece.fetch}; give what it answers with --fetched"
    kinds = [str(made.event["type"]).split(".")[1] for made in piece.events]
    return f"{len(kinds)} {'event' if len(kinds) == 1 else 'events'}: {', '.join(kinds)}"


_WHY = {
    "event": "another kind of event than those that are read",
    "partial": "the survey is not finished; `partial: true` takes it",
    "when": "no `when` of the mapping holds",
    "unanswered": "no question of the mapping was answered",
    "not_a_rating": "not an answer to a satisfaction survey",
    "empty": "the delivery has no bytes",
}
