"""Slack users and people of loop.yaml, both ways."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.config_owners import Person
from schemas.tables import SlackUserRow

UNKNOWN_PREFIX = "slack:"
"""A Slack user whom loop.yaml does not know acts under this prefix and their id."""


def person_of(session: Session, people: Mapping[str, Person], user_id: str) -> str | None:
    """The person key of a Slack user: by loop.yaml, else as Slack was asked by e-mail; ``None`` for a stranger."""
    for key, person in people.items():
        if person.slack == user_id:
            return key
    found = session.scalars(select(SlackUserRow.person).where(SlackUserRow.user_id == user_id)).all()
    return next((key for key in found if key in people), None)


def persons_of(session: Session, people: Mapping[str, Person], user_ids: Collection[str]) -> dict[str, str | None]:
    """The person key of each of these Slack users, as :func:`person_of` has it, with one look for all of them."""
    declared: dict[str, str] = {}
    for key, person in people.items():
        if person.slack is not None:
            declared.setdefault(person.slack, key)
    asked = sorted(user for user in user_ids if user not in declared)
    found: dict[str, str] = {}
    for row in session.scalars(select(SlackUserRow).where(SlackUserRow.user_id.in_(asked))):
        if row.user_id is not None and row.person in people:
            found.setdefault(row.user_id, row.person)
    return {user: declared.get(user, found.get(user)) for user in user_ids}


def users_of(session: Session, people: Mapping[str, Person], persons: Collection[str]) -> set[str]:
    """The Slack users behind these person keys, as far as they are known."""
    declared = {people[key].slack for key in persons if key in people}
    asked = session.scalars(select(SlackUserRow.user_id).where(SlackUserRow.person.in_(sorted(persons))))
    return {user for user in (*declared, *asked) if user is not None}


def actor_of(session: Session, people: Mapping[str, Person], user_id: str) -> str:
    """Under which name a Slack user acts."""
    return person_of(session, people, user_id) or UNKNOWN_PREFIX + user_id
