"""What the survey pages share in a process: the seals of links, and how fast they may be asked for."""

import time
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from gateway.surveys.answering import Answer, event_of, source_of
from gateway.surveys.links import Invitation, LinkUnfit, Seals, expiry, invitation_id
from gateway.surveys.pace import Pace
from schemas.cloudevents import EventReader
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.deadletters import InvalidEvent
from schemas.events import Attributes, Identifier, Name, Touchpoint, TouchpointEvent
from schemas.loop_yaml import metric_specs
from schemas.typed_walk import unknown_word

MAX_SECONDS = 365 * 86_400
Language = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$", max_length=35, description="BCP 47, e.g. pt or zh-Hans."),
]


Length = Annotated[str, Meta(pattern=r"^[1-9]\d{0,6}(s|m|h|d)$", description="A whole number and a unit: 90m, 7d.")]


class LinkRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a link is to ask what. Only ``survey`` and ``customer_id`` have to be given."""

    survey: str
    customer_id: Identifier
    about: Identifier | None = None
    """What is asked about, in a word of your own, such as ``order-17``: answers to all links about it count once."""
    touchpoint: Name | None = None
    touchpoint_event_id: Identifier | None = None
    channel: Name | None = None
    language: Language | None = None
    """BCP 47; without it the page speaks the reader's."""
    attributes: Attributes = {}
    expires_in: Length | None = None
    """In place of the survey's ``expires``."""
    invited: bool = False
    """Whether to count the invitation for the response rate: only if nobody else tells of it."""


class LinkMade(Struct, frozen=True, kw_only=True):
    """A link, and until when it is good. ``invitation`` is the id of the answer's event."""

    url: str
    expires_at: datetime
    invitation: str


class SurveyDesk:
    """Makes links, opens them, and holds back whoever asks too often."""

    def __init__(self, keys: tuple[str, ...], public_url: str) -> None:
        self.seals = Seals(keys) if keys else None
        self._public_url = public_url
        self._links = Pace(burst=20, every_s=3.0)
        self._addresses = Pace(burst=300, every_s=0.2)

    def make(self, wanted: LinkRequest, loop: Loop, now: datetime) -> tuple[LinkMade, Invitation]:
        """A link. Raises :class:`LinkUnfit`, and ``LookupError`` without a key.

        No link is made whose answer would be refused later: nobody could tell the customer why.
        """
        if self.seals is None:
            raise LookupError("CLOSELOOP_SURVEY_KEY")
        survey = loop.surveys.get(wanted.survey)
        if survey is None:
            known = sorted(loop.surveys)
            raise LinkUnfit("survey", unknown_word(wanted.survey, known) if known else "loop.yaml has no surveys")
        length = seconds(wanted.expires_in or survey.expires)
        if length > MAX_SECONDS:
            raise LinkUnfit("expires_in", "longer than 365d; give less")
        about = wanted.about or wanted.touchpoint_event_id
        identity = invitation_id(wanted.survey, wanted.customer_id, about)
        named = wanted.touchpoint_event_id
        if wanted.invited and named is None:
            named = _sent_id(identity)
        invitation = Invitation(
            survey=wanted.survey,
            id=identity,
            customer_id=wanted.customer_id,
            expires_at=expiry(now, timedelta(seconds=length)),
            channel=wanted.channel or survey.channel,
            touchpoint=wanted.touchpoint,
            touchpoint_event_id=named,
            language=wanted.language,
            attributes=wanted.attributes,
        )
        specs = metric_specs(loop)
        lowest = Answer(specs[survey.metric].scale.minimum, "", contact_requested=False)
        tried = event_of(invitation, lowest, 1, metric=survey.metric, language=wanted.language or "en", now=now)
        try:
            EventReader(specs).read(tried, now)
        except InvalidEvent as error:
            raise LinkUnfit(error.field.removeprefix("data."), error.problem) from None
        url = f"{self._public_url}/s/{self.seals.seal(invitation)}"
        return LinkMade(url=url, expires_at=invitation.end(), invitation=identity), invitation

    def allows(self, address: str, link: str = "") -> bool:
        """Whether one more request of this address, for this link, is answered now."""
        at = time.monotonic()
        return self._addresses.allows(address, at) and (not link or self._links.allows(link, at))


def invited_event(invitation: Invitation, touchpoint: str, now: datetime) -> TouchpointEvent:
    """The touchpoint that tells that a customer was asked: the same for every link of one invitation."""
    return TouchpointEvent(
        specversion="1.0",
        id=_sent_id(invitation.id),
        source=source_of(invitation.survey),
        time=now,
        data=Touchpoint(
            customer_id=invitation.customer_id,
            touchpoint=touchpoint,
            channel=invitation.channel,
            attributes=invitation.attributes,
        ),
    )


def _sent_id(invitation: str) -> str:
    return f"{invitation}:sent"
