"""A shop with a hook for every tool, its secrets, and deliveries signed as each tool signs them.

The signatures are made here from the tools' documentation, not by the code under test.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode

import msgspec

from schemas.config import Loop
from schemas.hook_secrets import HookSecrets
from schemas.loop_yaml import parse

PAYLOADS = Path(__file__).parent / "payloads"
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

HOOKS = """
people:
  ana: {name: Ana, email: ana@example.com}
receivers:
  desk: {team: care, channel: "#cx"}
teams:
  care: {members: [ana]}
route: {receiver: desk}
metrics:
  effort: {kind: mean, scale: [1, 5], higher_is_better: false}
  mood: {kind: top_box, scale: [1, 5]}
hooks:
  bricks:
    tool: formbricks
    responses:
      - {metric: nps, question: nps, comment_question: why, touchpoint: order.delivered,
         attributes: {country: $.data.meta.country, paid: true}}
      - {metric: ces, question: ease, scale: [1, 5], convert: true}
  bricks_live:
    tool: formbricks
    partial: true
    responses:
      - {metric: nps, question: nps, comment_question: why}
  form:
    tool: typeform
    customer_id: $.form_response.hidden.customer_id
    responses:
      - {metric: nps, question: nps, comment_question: why, channel: email,
         contact_requested: "$.form_response.answers[?@.field.ref=='call'].boolean",
         attributes: {region: $.form_response.hidden.region}}
      - {metric: ces, question: fldEase00001}
      - {metric: mood, question: mood, scores: {angry: 1, Happy: 5}}
  hog:
    tool: posthog
    customer_id: $.person.properties.email
    hash_customer_id: true
    responses:
      - {metric: csat, question: 7ce5b831-dc71-4648-b6b0-000000000001, scale: [1, 3],
         comment_question: a3071551-d599-4eeb-9ffe-000000000002, touchpoint: checkout.completed}
  chat:
    tool: chatwoot
    responses:
      - {metric: csat, question: rating, comment_question: feedback_message,
         touchpoint: support.resolved, channel: chat}
  xm:
    tool: qualtrics
    site: fra1
    customer_id: $.values.externalDataReference
    responses:
      - {metric: nps, question: QID1, comment_question: QID2_TEXT}
  monkey:
    tool: surveymonkey
    site: eu
    customer_id: $.custom_variables.customer_id
    responses:
      - {metric: nps, question: "90001", comment_question: "90002"}
      - {metric: csat, question: "90003", scores: {Very unhappy: 1, "8102": 5}}
  calls:
    tool: segment
    responses:
      - {metric: nps, score: $.traits.nps_score, when: {$.type: identify}}
    touchpoints:
      - {touchpoint: order.delivered, outcome: $.properties.status, duration_ms: $.properties.seconds,
         attributes: {region: $.properties.region}, when: {$.event: [Order Delivered, Order Lost]}}
  other:
    tool: generic
    id: $.response_id
    time: $.answered
    customer_id: $.who
    hash_customer_id: true
    signature: {kind: hmac, header: X-Sign, algorithm: sha512, encoding: base64, timestamp_header: X-Time}
    responses:
      - {metric: effort, score: $.rating, scores: {"😡": 5, "🙂": 1}, comment: $.text, language: de,
         contact_requested: $.call_me, attributes: {region: $.shop.region}}
"""

SECRETS = {
    "bricks": "whsec_" + base64.b64encode(b"formbricks-secret-24-byte").decode(),
    "bricks_live": "whsec_" + base64.b64encode(b"another-secret-of-a-brick").decode(),
    "form": "typeform-secret",
    "hog": "posthog-secret",
    "chat": "chatwoot-secret",
    "xm": "qualtrics-shared-key",
    "monkey": "client-id&client-secret",
    "calls": "segment-secret",
    "other": "generic-secret",
}
TOKENS = {"xm": "xm-token", "monkey": "monkey-token"}


def loop() -> Loop:
    """The configuration, read as a loop.yaml is."""
    return parse(HOOKS)


def secrets() -> dict[str, HookSecrets]:
    return {name: HookSecrets(current=secret, token=TOKENS.get(name)) for name, secret in SECRETS.items()}


def payload(file: str) -> bytes:
    """The bytes of an example."""
    return (PAYLOADS / file).read_bytes()


def changed(file: str, **changes: Any) -> bytes:
    """An example with other values; a key is a path with ``__`` between its steps."""
    document: Any = json.loads(payload(file))
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = document
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return json.dumps(document, ensure_ascii=False).encode()


def signed(name: str, body: bytes, at: datetime, secret: str | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a delivery as the hook's tool would send it at that time."""
    key = (SECRETS[name] if secret is None else secret).encode()
    stamp = str(int(at.timestamp()))
    timed = stamp.encode() + b"." + body
    shown: dict[str, str]
    match name:
        case "bricks" | "bricks_live":
            raw = base64.b64decode(key.decode().removeprefix("whsec_"))
            mac = hmac.new(raw, b"msg-1." + timed, hashlib.sha256).digest()
            text = base64.b64encode(mac).decode()
            shown = {"webhook-id": "msg-1", "webhook-timestamp": stamp, "webhook-signature": f"v1,{text}"}
        case "form":
            text = base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
            shown = {"Typeform-Signature": f"sha256={text}"}
        case "hog":
            shown = {"X-Closeloop-Token": key.decode()}
        case "chat":
            text = hmac.new(key, timed, hashlib.sha256).hexdigest()
            shown = {"X-Chatwoot-Timestamp": stamp, "X-Chatwoot-Signature": f"sha256={text}"}
        case "xm":
            message = dict(part.split("=", 1) for part in body.decode().split("&"))["MSG"]
            text = hmac.new(key, unquote_plus(message).encode(), hashlib.sha512).hexdigest()
            form = body + b"&" + urlencode({"HMAC": text}).encode()
            return form, {"content-type": "application/x-www-form-urlencoded"}
        case "monkey":
            text = base64.b64encode(hmac.new(key, body, hashlib.sha1).digest()).decode()
            shown = {"Sm-Apikey": "client-id", "Sm-Signature": text}
        case "calls":
            shown = {"X-Signature": hmac.new(key, body, hashlib.sha1).hexdigest()}
        case _:
            text = base64.b64encode(hmac.new(key, timed, hashlib.sha512).digest()).decode()
            shown = {"X-Time": stamp, "X-Sign": text}
    return body, {"content-type": "application/json", **shown}


EXAMPLES: Mapping[str, tuple[str, str | None]] = {
    "bricks": ("formbricks-finished.json", None),
    "form": ("typeform.json", None),
    "hog": ("posthog.json", None),
    "chat": ("chatwoot-words.json", None),
    "xm": ("qualtrics.form", "qualtrics-response.json"),
    "monkey": ("surveymonkey.json", "surveymonkey-response.json"),
    "calls": ("segment-track.json", None),
    "other": ("generic.json", None),
}
"""A documented delivery of every tool, and what its API answers where it sends a notice alone."""

HASHED = hashlib.sha256(b"maria@example.com").hexdigest()

EXPECTED: Mapping[str, list[dict[str, Any]]] = {
    "bricks": [
        {
            "id": "cmresponse0001:nps:nps", "time": "2026-11-20T07:47:56.116000Z",
            "data": {
                "customer_id": "c42", "metric": "nps", "score": 3, "touchpoint": "order.delivered", "language": "pt",
                "comment": "o entregador não apareceu", "attributes": {"country": "BR", "paid": True},
            },
        },
        {
            # 2 on 1..5 is a quarter of the way: 1 + 6/4 = 2.5 on 1..7, which is rounded up.
            "id": "cmresponse0001:ces:ease", "time": "2026-11-20T07:47:56.116000Z",
            "data": {"customer_id": "c42", "metric": "ces", "score": 3, "language": "pt"},
        },
    ],
    "form": [
        {
            "id": "6c2b1f0f0b7a4e6f9d2a:nps:nps", "time": "2026-11-20T18:17:02Z",
            "data": {
                "customer_id": "c42", "metric": "nps", "score": 2, "channel": "email", "comment": "the box was open",
                "contact_requested": True, "attributes": {"region": "SP"},
            },
        },
        {
            "id": "6c2b1f0f0b7a4e6f9d2a:ces:fldEase00001", "time": "2026-11-20T18:17:02Z",
            "data": {"customer_id": "c42", "metric": "ces", "score": 3},
        },
        {
            "id": "6c2b1f0f0b7a4e6f9d2a:mood:mood", "time": "2026-11-20T18:17:02Z",
            "data": {"customer_id": "c42", "metric": "mood", "score": 1},
        },
    ],
    "hog": [
        {
            "id": "019a9d0f-aaaa-7000-8000-000000000009:csat:7ce5b831-dc71-4648-b6b0-000000000001",
            "time": "2026-11-20T12:00:01.250000Z",
            "data": {
                "customer_id": HASHED, "metric": "csat", "score": 2, "scale_min": 1, "scale_max": 3,
                "touchpoint": "checkout.completed", "language": "en", "comment": "too slow",
            },
        }
    ],
    "chat": [
        {
            "id": ..., "time": ...,
            "data": {
                "customer_id": "c42", "metric": "csat", "score": 1, "touchpoint": "support.resolved",
                "channel": "chat", "comment": "nobody answered me", "revises": "1402:csat:rating",
            },
        }
    ],
    "xm": [
        {
            "id": "R_2bC3dE4fG5hI6jK:nps:QID1", "time": "2026-11-20T13:28:12.398000Z",
            "data": {
                "customer_id": "c42", "metric": "nps", "score": 4, "language": "pt", "comment": "chegou quebrado",
            },
        }
    ],
    "monkey": [
        {
            "id": "5007154402:nps:90001", "time": "2026-11-20T21:56:30Z",
            "data": {"customer_id": "c42", "metric": "nps", "score": 2, "comment": "never on time"},
        },
        {
            "id": "5007154402:csat:90003", "time": "2026-11-20T21:56:30Z",
            "data": {"customer_id": "c42", "metric": "csat", "score": 1},
        },
    ],
    "calls": [
        {
            "id": "ajs-next-1763632800-0001:order.delivered", "time": "2026-11-20T10:00:00.120000Z",
            "data": {
                "customer_id": "c42", "touchpoint": "order.delivered", "outcome": "failed", "duration_ms": 83,
                "attributes": {"region": "SP"},
            },
        }
    ],
    "other": [
        {
            "id": "x-77:effort:$.rating", "time": "2026-11-20T09:00:00Z",
            "data": {
                "customer_id": HASHED, "metric": "effort", "score": 5, "language": "de", "comment": "zu spät",
                "contact_requested": True, "attributes": {"region": "SP"},
            },
        }
    ],
}  # fmt: skip
"""What has to come of each, written by hand from the example and the mapping."""


def assert_events(name: str, found: list[bytes]) -> None:
    """Every event is what it has to be."""
    events = [msgspec.json.decode(value) for value in found]
    assert len(events) == len(EXPECTED[name])
    for event, wanted in zip(events, EXPECTED[name], strict=True):
        assert event["specversion"] == "1.0"
        assert event["source"] == f"/hooks/{name}"
        kind = "response" if "metric" in wanted["data"] else "touchpoint"
        assert event["type"] == f"closeloop.{kind}.v1"
        for field in ("id", "time"):
            if wanted[field] is not ...:
                assert event[field] == wanted[field]
        assert event["data"] == wanted["data"]
