"""What a person asked of cases, as the API takes it. Pure: the time is given. Raises UserError for what cannot be."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from closeloop.errors import UserError
from schemas.cases import UserAction
from schemas.config_base import Duration, seconds

OPTIONS: dict[UserAction, tuple[str, ...]] = {
    "acknowledge": ("owner",),
    "contact": ("channel",),
    "resolve": ("root_cause",),
    "reassign": ("owner",),
    "snooze": ("until",),
    "wake": (),
    "reopen": (),
    "dismiss": (),
}
"""What an action takes besides a note, an actor and the version that was seen."""

_CASE = re.compile(r"(?:[Cc]-)?([0-9]{1,18})")

_INCIDENT = re.compile(r"(?:[Ii]-)?([0-9]{1,18})")


def case_number(text: str) -> int:
    """The id of ``7`` or ``C-7``."""
    found = _CASE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise UserError(f"{text!r}: not a case; give its number, such as 7 or C-7")
    return int(found[1])


def incident_number(text: str) -> str:
    """The number of ``7`` or ``I-7``; empty where none is asked for."""
    if not text:
        return ""
    found = _INCIDENT.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise UserError(f"--incident {text!r}: not an incident; give its number, such as 7 or I-7")
    return found[1]


def action_body(action: UserAction, given: Mapping[str, str | int | None], now: datetime) -> dict[str, object]:
    """The body of the request. An option that the action does not take is refused: it would be dropped unseen."""
    body: dict[str, object] = {}
    known = (*OPTIONS[action], "note", "actor", "version")
    for name, value in given.items():
        if value is None:
            continue
        if name not in known:
            takes = ", ".join(_option(one) for one in known)
            raise UserError(f"{_option(name)}: {action} does not take it; it takes {takes}")
        body[name] = _until(str(value), now).isoformat() if name == "until" else value
    return body


def export_query(
    audit: bool, cases_only: Mapping[str, str], audit_only: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """The path of an export and what it is asked for. A filter of the other kind is refused."""
    wanted, foreign = (audit_only, cases_only) if audit else (cases_only, audit_only)
    for name, value in foreign.items():
        if value:
            raise UserError(f"{_option(name)}: {'not with' if audit else 'only with'} --audit")
    query = dict(wanted)
    if query.get("case"):
        query["case"] = str(case_number(query["case"]))
    return f"/v1/cases/{'audit' if audit else 'export'}", query


def _until(text: str, now: datetime) -> datetime:
    try:
        return now + timedelta(seconds=seconds(msgspec.convert(text, Duration)))
    except (msgspec.ValidationError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UserError("--until: give a time with its zone, 2026-11-21T10:15:02Z, or how long from now: 4h, 2d")
    return moment


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
