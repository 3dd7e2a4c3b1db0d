"""Every class of a Slack call's failure, as the client raises it."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk.errors import SlackApiError

from consumers.slack.errors import classify
from consumers.slack.fall_back import next_destination
from tests.consumers.alerts import LOOP


class Response:
    """What slack-sdk attaches to its error."""

    def __init__(self, status: int, error: str | None, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.headers = headers or {}
        self._error = error

    def get(self, name: str) -> Any:
        return self._error if name == "error" else None


def api(status: int, error: str | None, **headers: str) -> SlackApiError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SlackApiError("the whole response stands here", Response(status, error, named))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (api(200, "ratelimited"), "wait"),
        (api(429, None), "wait"),
        (api(200, "internal_error"), "in_doubt"),
        (api(500, "Received a response in a non-JSON format: <html>"), "in_doubt"),
        (api(503, None), "in_doubt"),
        (api(200, "Received a response in a non-JSON format: {"), "in_doubt"),
        (TimeoutError(), "in_doubt"),
        (http.client.RemoteDisconnected("x"), "in_doubt"),
        (http.client.IncompleteRead(b""), "in_doubt"),
        (ConnectionResetError(), "in_doubt"),
        (URLError(TimeoutError()), "in_doubt"),
        (URLError(ConnectionResetError()), "in_doubt"),
        (URLError(ConnectionRefusedError()), "later"),
        (URLError(socket.gaierror()), "later"),
        (URLError(ssl.SSLCertVerificationError()), "later"),
        (api(200, "org_login_required"), "later"),
        (api(200, "token_revoked"), "stop"),
        (api(200, "missing_scope"), "stop"),
        (api(200, "is_archived"), "divert"),
        (api(200, "restricted_action_of_tomorrow"), "divert"),
        (api(200, "users_not_found"), "divert"),
        (api(200, "invalid_blocks"), "plain"),
        (api(200, "metadata_too_large"), "plain"),
        (api(200, "message_not_found"), "gone"),
        (api(200, "a_code_of_tomorrow"), "unknown"),
        (ValueError("a customer's words"), "unknown"),
    ],
)
def test_kinds(error: Exception, kind: str) -> None:
    verdict = classify(error)
    assert verdict.kind == kind
    assert "words" not in verdict.code
    assert "<html>" not in verdict.code


def test_retry_after() -> None:
    assert classify(api(429, "ratelimited", Retry_After="7")).retry_after == 7
    assert classify(api(429, "ratelimited", retry_after="2.5")).retry_after == 2.5
    assert classify(api(429, "ratelimited", Retry_After="soon")).retry_after == 30
    assert classify(api(200, "ratelimited")).retry_after == 30


def test_the_fall_back_chain_ends() -> None:
    assert next_destination(LOOP, "bobs", "bob", ["person:bob"]) == "#vip"
    assert next_destination(LOOP, "bobs", "bob", ["person:bob", "#vip"]) == "#cx"
    assert next_destination(LOOP, "bobs", "bob", ["person:bob", "#vip", "#cx"]) is None
    assert next_destination(LOOP, "default", "ana", ["#cx"]) == "person:ana"
    assert next_destination(LOOP, "default", "ana", ["#cx", "person:ana"]) == "person:eve", "the lead"
    assert next_destination(LOOP, "logistics", None, ["#elsewhere"]) == "#logistics"
    assert next_destination(LOOP, "a receiver that is gone", None, ["person:bob"]) == "#cx"
