"""What an action on a case must bring with it, for the API and for Slack's dialogs alike. Pure: the time is given."""

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.callers import Caller
from schemas.case_ledger import Change
from schemas.cases import ROOT_CAUSES, UserAction, Via

MAX_NOTE_CHARACTERS = 3_000
MAX_CHANNEL_CHARACTERS = 64
MAX_SNOOZE = timedelta(days=30)


class ActionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an action. ``version`` is the version of the case that you saw: an older one is refused with 409."""

    version: int | None = None
    note: str | None = None
    root_cause: str | None = None
    """Asked by ``resolve``: a code of ``GET /v1/config``."""
    until: datetime | None = None
    """Asked by ``snooze``: in the future, at most 30 days away, with a zone."""
    owner: str | None = None
    """Asked by ``reassign``: a person key of loop.yaml. With ``acknowledge``: who takes it."""
    channel: str | None = None
    """With ``contact``: how the customer was reached, e.g. phone or email."""
    actor: str | None = None
    """Who acts: a person key of loop.yaml, for callers that are not a person themselves."""


class Unfit(ValueError):  # noqa: N818 - an answer to a person, not a fault
    """An action that lacks something: which field, and what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def change_of(
    action: UserAction,
    request: ActionRequest,
    *,
    actor_person: str | None,
    people: Collection[str],
    now: datetime,
    lease_seconds: int,
) -> Change:
    """The change that the ledger is to make. Raises :class:`Unfit`.

    ``actor_person`` becomes the owner by acknowledging: a person key or a Slack user, ``None`` for a program.
    """
    note = _bounded("note", request.note, MAX_NOTE_CHARACTERS)
    if action == "acknowledge":
        if request.owner is not None:
            _known_person(request.owner, people)
        owner = request.owner or actor_person
        return Change(note=note, owner=owner, lease_until=now + timedelta(seconds=lease_seconds))
    if action == "contact":
        return Change(note=note, channel=_bounded("channel", request.channel, MAX_CHANNEL_CHARACTERS))
    if action == "resolve":
        return Change(note=note, root_cause=_root_cause(request.root_cause))
    if action == "snooze":
        return Change(note=note, until=_until(request.until, now))
    if action == "reassign":
        if not request.owner:
            raise Unfit("owner", "say who takes the case: a person key of loop.yaml")
        return Change(note=note, owner=_known_person(request.owner, people))
    return Change(note=note)


def who_acts(named: str | None, *, caller: Caller, via: Via, people: Collection[str]) -> tuple[str, str | None]:
    """Who acts, and the key through which they do where it is not their own. Raises :class:`Unfit`.

    ``named`` is the request's ``actor``. A person who signed in acts as themselves, and so does a key that is named as
    a person; any other key acts for whom it names, else under its own name.
    """
    if named is not None and named not in people:
        raise Unfit("actor", "not a person key of loop.yaml; GET /v1/config lists them")
    if caller.kind == "person":
        if caller.person is None:
            raise Unfit("authorization", "your e-mail address is none of `people` in loop.yaml; ask to be added there")
        if named not in (None, caller.person):
            raise Unfit("actor", "who signed in acts as nobody else; leave `actor` out")
        return caller.person, None
    key = caller.name
    if key is not None and key in people:
        if named not in (None, key):
            raise Unfit("actor", "this key is a person's own and acts as nobody else; leave `actor` out")
        return key, None
    return (named, key) if named is not None else (key or via, None)


def _bounded(field: str, text: str | None, most: int) -> str | None:
    stripped = (text or "").strip()
    if len(stripped) > most:
        raise Unfit(field, f"at most {most:,} characters")
    if "\0" in stripped:
        raise Unfit(field, "contains the character U+0000")
    return stripped or None


def _root_cause(code: str | None) -> str:
    known = ", ".join(ROOT_CAUSES)
    if not code:
        raise Unfit("root_cause", f"say what went wrong: one of {known}")
    if code not in ROOT_CAUSES:
        raise Unfit("root_cause", f"not a root cause; give one of {known}")
    return code


def _until(until: datetime | None, now: datetime) -> datetime:
    if until is None:
        raise Unfit("until", "say until when, e.g. 2026-11-21T10:15:02Z")
    if until.tzinfo is None:
        raise Unfit("until", "has no zone; write it as 2026-11-21T10:15:02Z")
    if until <= now:
        raise Unfit("until", "lies in the past; give a time to come")
    if until - now > MAX_SNOOZE:
        raise Unfit("until", f"more than {MAX_SNOOZE.days} days away; a case sleeps {MAX_SNOOZE.days} days at most")
    return until


def _known_person(key: str, people: Collection[str]) -> str:
    if key not in people:
        raise Unfit("owner", "not a person key of loop.yaml; GET /v1/config lists them")
    return key
