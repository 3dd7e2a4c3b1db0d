"""What an error of a Slack call means for the message: a pure function over exceptions.

The codes are those documented for chat.postMessage, chat.update and conversations.open.
"""

import http.client
import socket
import ssl
from typing import Any, Literal
from urllib.error import URLError

from msgspec import Struct
from slack_sdk.errors import SlackApiError

Kind = Literal["wait", "in_doubt", "later", "stop", "divert", "plain", "gone", "unknown"]
"""``wait``: told to slow down. ``in_doubt``: it may have been done. ``later``: certainly not done, may work later.
``stop``: Slack refuses the app itself. ``divert``: this destination takes nothing. ``plain``: the card is at fault.
``gone``: the message to update is not there or cannot be changed. ``unknown``: a code that nobody foresaw."""

DEFAULT_RETRY_AFTER_S = 30.0
LATER_S = 5.0


class Verdict(Struct, frozen=True):
    """The class of an error, a code free of personal data, and the seconds to wait before another attempt."""

    kind: Kind
    code: str
    retry_after: float = LATER_S


_BY_CODE: dict[str, Kind] = {
    **dict.fromkeys(("ratelimited", "rate_limited", "message_limit_exceeded"), "wait"),
    **dict.fromkeys(
        (
            "internal_error",
            "fatal_error",
            "request_timeout",
            "service_unavailable",
            "duplicate_channel_not_found",
            "duplicate_message_not_found",
        ),
        "in_doubt",
    ),
    **dict.fromkeys(("team_added_to_org", "org_login_required", "accesslimited"), "later"),
    **dict.fromkeys(
        (
            "invalid_auth",
            "not_authed",
            "account_inactive",
            "token_revoked",
            "token_expired",
            "missing_scope",
            "not_allowed_token_type",
            "team_access_not_granted",
            "two_factor_setup_required",
        ),
        "stop",
    ),
    **dict.fromkeys(
        (
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "restricted_action",
            "restricted_action_read_only_channel",
            "restricted_action_thread_only_channel",
            "restricted_action_non_threadable_channel",
            "restricted_action_thread_locked",
            "no_permission",
            "ekm_access_denied",
            "messages_tab_disabled",
            "user_not_found",
            "users_not_found",
            "user_disabled",
            "user_not_visible",
            "cannot_dm_bot",
            "is_inactive",
            "method_not_supported_for_channel_type",
        ),
        "divert",
    ),
    **dict.fromkeys(
        (
            "invalid_blocks",
            "invalid_blocks_format",
            "msg_blocks_too_long",
            "msg_too_long",
            "no_text",
            "metadata_too_large",
            "invalid_metadata_format",
            "invalid_metadata_schema",
            "metadata_must_be_sent_from_app",
            "too_many_attachments",
            "invalid_arguments",
        ),
        "plain",
    ),
    **dict.fromkeys(("message_not_found", "cant_update_message", "edit_window_closed"), "gone"),
}


def classify(error: Exception) -> Verdict:
    """What this error of a Slack call means. Exceptions that no call raises are ``unknown`` too."""
    if isinstance(error, SlackApiError):
        return _api_error(error.response)
    if isinstance(error, URLError):
        # Only these are certain: the request was never written.
        if isinstance(error.reason, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError):
            return Verdict("later", type(error.reason).__name__)
        return Verdict("in_doubt", type(error.reason).__name__)
    if isinstance(error, ConnectionRefusedError):
        return Verdict("later", "ConnectionRefusedError")
    if isinstance(error, OSError | http.client.HTTPException):
        return Verdict("in_doubt", type(error).__name__)
    return Verdict("unknown", type(error).__name__)


def _api_error(response: Any) -> Verdict:
    """``response`` is a SlackResponse; slack-sdk types it loosely because tests may pass a dict."""
    status = int(getattr(response, "status_code", 200))
    code = str(response.get("error") if hasattr(response, "get") else "") or "no_code"
    if status == 429:
        return Verdict("wait", "ratelimited", _retry_after(response))
    if status >= 500:
        return Verdict("in_doubt", f"http_{status}")
    if code not in _BY_CODE and code.startswith("restricted_action"):
        return Verdict("divert", code)
    kind = _BY_CODE.get(code)
    if kind is None:
        # A reply that is no JSON comes as a sentence in place of a code: something between us and Slack wrote it.
        return Verdict("in_doubt", f"http_{status}_not_json") if " " in code else Verdict("unknown", code)
    return Verdict(kind, code, DEFAULT_RETRY_AFTER_S if kind == "wait" else LATER_S)


def _retry_after(response: Any) -> float:
    for name, value in dict(getattr(response, "headers", {})).items():
        if name.lower() == "retry-after":
            try:
                return max(0.1, float(value))
            except ValueError:
                break
    return DEFAULT_RETRY_AFTER_S
