"""Slack users and people of loop.yaml, both ways."""

from collections.abc import Mapping

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


def actor_of(session: Session, people: Mapping[str, Person], user_id: str) -> str:
    """Under which name a Slack user acts."""
    return person_of(session, people, user_id) or UNKNOWN_PREFIX + user_id
