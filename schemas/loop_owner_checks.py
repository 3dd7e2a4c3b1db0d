"""Whether every case of a loop.yaml finds an owner: people, teams and receivers."""

import re
from collections.abc import Iterator

from schemas.config import Loop
from schemas.config_owners import Absence, Receiver
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_CHANNEL = re.compile(r"#[^\sA-Z#@.,]{1,79}|[CG][A-Z0-9]{2,}")


def check_owners(loop: Loop) -> Iterator[Misfit]:
    """People, teams and receivers: every name leads somewhere, and every receiver to somebody who is there."""
    yield from _check_people(loop)
    for name, team in loop.teams.items():
        path: Path = ("teams", name)
        if not team.members:
            yield (*path, "members"), "nobody in it; give at least one person"
        for number, member in enumerate(team.members):
            if member not in loop.people:
                yield (*path, "members", number), unknown_word(member, loop.people)
            elif member in team.members[:number]:
                yield (*path, "members", number), f"`{member}` is named twice; name each person once"
        if team.lead is not None and team.lead not in loop.people:
            yield (*path, "lead"), unknown_word(team.lead, loop.people)
        if team.rotation is not None and team.rotation not in loop.rotations:
            yield (*path, "rotation"), unknown_word(team.rotation, loop.rotations)
        if team.rotation is not None and team.choose != "on_shift":
            yield (*path, "rotation"), f"not asked by `choose: {team.choose}`; add `choose: on_shift`, or remove it"
    for name, receiver in loop.receivers.items():
        yield from _check_receiver(loop, receiver, ("receivers", name))


def _check_people(loop: Loop) -> Iterator[Misfit]:
    emails: dict[str, str] = {}
    slack: dict[str, str] = {}
    for key, person in loop.people.items():
        path: Path = ("people", key)
        if not key or len(key) > 64 or ":" in key:
            yield path, "give a short key without a colon, such as ana"
        if not person.name.strip():
            yield (*path, "name"), "empty; give the name that colleagues read"
        if not _EMAIL.fullmatch(person.email):
            yield (*path, "email"), "no e-mail address; give one such as ana@example.com"
        elif person.email.lower() in emails:
            yield (*path, "email"), f"also that of `{emails[person.email.lower()]}`; each person has their own"
        emails.setdefault(person.email.lower(), key)
        if person.slack is not None:
            if not _SLACK_USER.fullmatch(person.slack):
                yield (*path, "slack"), "no Slack user id; give one such as U024BE7LH, or leave it out"
            elif person.slack in slack:
                yield (*path, "slack"), f"also that of `{slack[person.slack]}`; each person has their own"
            slack.setdefault(person.slack, key)
        if person.calendar is not None and person.calendar not in loop.calendars:
            yield (*path, "calendar"), unknown_word(person.calendar, loop.calendars)
        for number, language in enumerate(person.languages):
            if not _LANGUAGE.fullmatch(language):
                yield (
                    (*path, "languages", number),
                    f"`{language[:40]}` is no language tag; give one such as pt or zh-Hans",
                )
        for number, absence in enumerate(person.absences):
            yield from _check_absence(loop, key, absence, (*path, "absences", number))


def _check_absence(loop: Loop, person: str, absence: Absence, path: Path) -> Iterator[Misfit]:
    if absence.until < absence.from_:
        yield (*path, "until"), f"{absence.until} is before {absence.from_}; give the last day of the absence"
    if absence.deputy is not None and absence.deputy not in loop.people:
        yield (*path, "deputy"), unknown_word(absence.deputy, loop.people)
    elif absence.deputy == person:
        yield (*path, "deputy"), "nobody is their own deputy; name somebody else, or leave it out"


def _check_receiver(loop: Loop, receiver: Receiver, path: Path) -> Iterator[Misfit]:
    if not _CHANNEL.fullmatch(receiver.channel):
        yield (*path, "channel"), "give a Slack channel: #name in small letters, quoted, or an id such as C024BE91L"
    if receiver.team is not None and receiver.person is not None:
        yield (*path, "person"), "both a team and a person; keep one of them"
    if receiver.team is None and receiver.person is None:
        yield (
            path,
            "no owner: add a team or a person for events whose owner_attribute is missing or unknown"
            if receiver.owner_attribute is not None
            else "no owner; add a team or a person",
        )
    if receiver.owner_attribute == "" or (receiver.owner_attribute or "").startswith("attributes."):
        yield (*path, "owner_attribute"), "give the attribute's bare name, such as account_owner"
    if receiver.person is not None:
        person = loop.people.get(receiver.person)
        if person is None:
            yield (*path, "person"), unknown_word(receiver.person, loop.people)
        elif person.away:
            yield (*path, "person"), f"unreachable owner: `{receiver.person}` is away; name a team, or somebody else"
    if receiver.team is not None:
        team = loop.teams.get(receiver.team)
        if team is None:
            yield (*path, "team"), unknown_word(receiver.team, loop.teams)
        elif team.members and all(member in loop.people and loop.people[member].away for member in team.members):
            yield (*path, "team"), f"unreachable owner: everybody in `{receiver.team}` is away; add somebody who is not"
