"""What an answer on a survey page is: new, a repeat, a change of an earlier one, or too late for that. Pure."""

from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from gateway.surveys.links import Invitation
from schemas.events import Response, ResponseEvent
from schemas.scales import Scale

MAX_COMMENT = 5_000
MAX_FORM_BYTES = 64 * 1024
_MAX_FIELDS = 20


class Answer(Struct, frozen=True):
    """What the form said."""

    score: int
    comment: str
    contact_requested: bool


class Draft(Struct, frozen=True, kw_only=True):
    """What stands in a form: an answer once a score of the scale is chosen."""

    score: int | None = None
    comment: str = ""
    contact_requested: bool = False

    @property
    def answer(self) -> Answer | None:
        """The answer; ``None`` where no score was chosen."""
        return None if self.score is None else Answer(self.score, self.comment, self.contact_requested)


class Given(Struct, frozen=True, kw_only=True):
    """What is remembered of the answers to an invitation."""

    number: int
    score: int
    commented: bool
    digest: str
    sent: bool
    answered_at: datetime


class Step(Struct, frozen=True):
    """What is to be done with an answer. ``number`` counts the different answers to the invitation from 1."""

    what: Literal["send", "repeat", "closed"]
    number: int


def read_form(body: bytes, scale: Scale) -> Draft:
    """What a form's body says; nothing where it is none of ours."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return Draft()
    said = dict(pairs)
    return Draft(
        score=read_score(said.get("score"), scale),
        comment=said.get("comment", "").replace("\r\n", "\n").replace("\0", "").strip()[:MAX_COMMENT],
        contact_requested=said.get("contact") == "yes",
    )


def read_score(text: str | None, scale: Scale) -> int | None:
    """A score as a form or an address has it, if it lies on the scale."""
    if not text or len(text) > 5 or not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        return None
    score = int(text)
    return score if scale.holds(score) else None


def step(given: Given | None, digest: str, now: datetime, change_within: timedelta) -> Step:
    """What an answer is, by what is remembered.

    One that may not have arrived is sent again under the same id: it counts once, whether it had or not.
    """
    if given is None:
        return Step("send", 1)
    if given.digest == digest:
        return Step("repeat" if given.sent else "send", given.number)
    if now - given.answered_at > change_within:
        return Step("closed", given.number)
    return Step("send", given.number + 1)


def event_of(
    invitation: Invitation, answer: Answer, number: int, *, metric: str, language: str, now: datetime
) -> bytes:
    """The response as a CloudEvent. Its id follows from the invitation and the number: sent twice it is the same."""
    return msgspec.json.encode(
        ResponseEvent(
            specversion="1.0",
            id=_event_id(invitation, number),
            source=source_of(invitation.survey),
            time=now,
            data=Response(
                customer_id=invitation.customer_id,
                metric=metric,
                score=answer.score,
                touchpoint=invitation.touchpoint,
                touchpoint_event_id=invitation.touchpoint_event_id,
                channel=invitation.channel,
                language=language,
                comment=answer.comment or None,
                contact_requested=answer.contact_requested,
                revises=_event_id(invitation, number - 1) if number > 1 else None,
                attributes=invitation.attributes,
            ),
        )
    )


def source_of(survey: str) -> str:
    """The source of a survey's events."""
    return f"/closeloop/surveys/{survey}"


def _event_id(invitation: Invitation, number: int) -> str:
    return invitation.id if number == 1 else f"{invitation.id}:{number}"
