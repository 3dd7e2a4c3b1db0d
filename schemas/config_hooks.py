"""Hooks of loop.yaml: which survey tools send here, and how their answers become events.

A text that begins with ``$`` is a JSONPath into what the tool sent (``schemas/json_paths.py``); any other text stands
for itself. Secrets stand in the environment: ``CLOSELOOP_HOOK_NAME_SECRET``.
"""

from typing import Literal

from schemas.config_base import Duration, Scalar, Section
from schemas.config_gateway import RateLimit

ToolName = Literal["formbricks", "typeform", "posthog", "chatwoot", "qualtrics", "surveymonkey", "segment", "generic"]

Conditions = dict[str, Scalar | list[Scalar]]
"""JSONPath to the value, or to one of the values, that has to stand there."""


class HookResponse(Section, frozen=True, kw_only=True):
    """One question of the tool, as an answer to a metric.

    The score is the answer to ``question`` (the tool's id or reference of it), or what stands at ``score``. ``scale``
    is the scale on which it was asked: left out, the tool's own where the tool says it, else the metric's. Another one
    than the metric's goes with the event as it is, or is brought to the metric's with ``convert``. ``scores`` maps what
    was chosen to a score. ``when`` says for which deliveries this is meant.
    """

    metric: str
    question: str = ""
    score: str = ""
    scale: tuple[int, int] | None = None
    higher_is_better: bool | None = None
    convert: bool = False
    scores: dict[str, int] = {}
    comment: str = ""
    comment_question: str = ""
    touchpoint: str = ""
    touchpoint_event_id: str = ""
    channel: str = ""
    language: str = ""
    contact_requested: str = ""
    attributes: dict[str, Scalar] = {}
    when: Conditions = {}


class HookTouchpoint(Section, frozen=True, kw_only=True):
    """What happened, as a touchpoint. ``outcome`` and ``duration_ms`` may be left out."""

    touchpoint: str
    channel: str = ""
    outcome: str = ""
    duration_ms: str = ""
    attributes: dict[str, Scalar] = {}
    when: Conditions = {}


class HookSignature(Section, frozen=True, kw_only=True):
    """How deliveries are proven to be the tool's. Each tool has its own by default; ``generic`` has to say it.

    ``hmac``: ``header`` holds ``prefix`` and the HMAC of the body, or of ``TIME.BODY`` where ``timestamp_header`` holds
    the TIME in seconds. ``standard_webhooks``: as that standard says. ``header``: ``header`` holds the secret itself.
    ``query``: the secret stands in the address, ``?key=SECRET``, for tools that can do no better.
    """

    kind: Literal["hmac", "standard_webhooks", "header", "query"]
    header: str = ""
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str = ""


class Hook(Section, frozen=True, kw_only=True):
    """A way in for one tool, at ``/hooks/NAME``.

    ``customer_id`` says who answered; left out, who the tool itself says. With ``hash_customer_id`` the SHA-256 of it
    in small letters, for e-mail addresses. ``id`` and ``time`` are for ``generic`` alone. ``partial`` takes answers
    before the survey is finished; later ones revise them. ``unanswered``: what becomes of a finished survey in which no
    question of the mapping was answered.
    """

    tool: ToolName
    responses: list[HookResponse] = []
    touchpoints: list[HookTouchpoint] = []
    customer_id: str = ""
    hash_customer_id: bool = False
    source: str = ""
    """The events' source; ``/hooks/NAME`` where it is left out."""
    id: str = ""
    time: str = ""
    site: str = ""
    """Where the tool's API is: Qualtrics' data centre (``fra1``), SurveyMonkey's region (``us``, ``eu`` or ``ca``)."""
    signature: HookSignature | None = None
    tolerance: Duration = "5m"
    """How old a signed time may be, and how far ahead."""
    partial: bool = False
    unanswered: Literal["letter", "ignore"] = "letter"
    rate_limit: RateLimit | None = None
    """How much may come by it; above it 429. A delivery counts as its events, an array as its elements at least."""
