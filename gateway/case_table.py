"""Cases and their audit trail as rows of a table: the columns of an export, in cells that a spreadsheet only shows.

A spreadsheet takes a cell that begins like a formula for one, and runs it: a customer's words could send the sheet's
content to a stranger. Such a cell gets an apostrophe before it, as spreadsheets themselves write text.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.case_shapes import Case

Cell = str | int | float | bool | datetime | None

# Spreadsheets know the wide signs, too.
_FORMULA = re.compile(r"(^|[\n\r\t;])([ \u00a0]*[=+\-@＝＋－＠])")
_LEADING = ("\t", "\r", "\n")


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One transition of one case: who did what, when, from where, and what was said. Or who was told of a promise."""

    seq: int
    """The order in which all this was written; it has gaps."""
    id: str
    at: datetime
    case_id: int
    version: int | None
    """None for a notice (``reminded``, ``escalated``): it changes nothing."""
    subject: str
    customer_id: str
    programme: str
    severity: str
    action: str
    from_state: str | None
    to_state: str
    owner: str | None
    """Who had the case after it."""
    actor: str
    actor_name: str
    via: str
    """``slack``, ``console``, ``api`` or ``system``."""
    key: str | None
    """The name of the API key that was used."""
    note: str | None
    detail: dict[str, Any]


CASE_COLUMNS = (
    "id",
    "version",
    "subject",
    "customer_id",
    "programme",
    "state",
    "severity",
    "page",
    "receiver",
    "owner",
    "owner_name",
    "opened_at",
    "reopened_at",
    "updated_at",
    "acknowledged_at",
    "contacted_at",
    "closed_at",
    "recovered_at",
    "recovery_reason",
    "snoozed_until",
    "acknowledge_by",
    "contact_by",
    "resolve_by",
    "root_cause",
    "resolution_note",
    "answer_count",
    "touchpoint",
    "attributes",
    "rule",
    "reason",
    "metric",
    "score",
    "comment",
    "answered_at",
    "incident",
)
AUDIT_COLUMNS = AuditEntry.__struct_fields__


def case_cells(case: Case) -> list[Cell]:
    """A case's row, by :data:`CASE_COLUMNS`."""
    alert = case.latest_alert
    told: dict[str, Any] = {
        "attributes": json_cell(case.attributes),
        "rule": alert.rule,
        "reason": alert.reason,
        "metric": alert.metric,
        "score": alert.score,
        "comment": alert.comment,
        "answered_at": alert.event_time,
    }
    return [told[name] if name in told else getattr(case, name) for name in CASE_COLUMNS]


def audit_cells(entry: AuditEntry) -> list[Cell]:
    """A transition's row, by :data:`AUDIT_COLUMNS`."""
    return [json_cell(entry.detail) if name == "detail" else getattr(entry, name) for name in AUDIT_COLUMNS]


def csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """The rows as CSV (RFC 4180), none of whose cells a spreadsheet takes for a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([_shown(cell) for cell in row] for row in rows)
    return text.getvalue()


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return str(cell)
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    return harmless(cell)


def harmless(text: str) -> str:
    """The text with an apostrophe wherever a cell that begins there would be a formula.

    Also after a line's end, a tab or a semicolon: programs that separate by these begin a cell there.
    """
    marked = _FORMULA.sub(r"\1'\2", text.replace("\0", ""))
    return f"'{marked}" if marked.startswith(_LEADING) else marked


def json_cell(value: dict[str, Any]) -> str:
    """A dictionary as a cell: JSON, and nothing where it is empty."""
    return msgspec.json.encode(value).decode() if value else ""
