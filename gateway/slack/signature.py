"""Whether a request is Slack's: HMAC over the raw body, no older than five minutes."""

from collections.abc import Mapping
from typing import Literal

from slack_sdk.signature import Clock, SignatureVerifier

Verdict = Literal["genuine", "forged", "no_secret"]


class SignatureCheck:
    """Checks requests against the signing secret of the app."""

    def __init__(self, secret: str | None, clock: Clock | None = None) -> None:
        """Without a secret nothing is genuine. ``clock`` is Unix seconds."""
        self._verifier = SignatureVerifier(secret, clock or Clock()) if secret and secret.strip() else None

    def judge(self, raw: bytes, headers: Mapping[str, str]) -> Verdict:
        """The verdict on a raw body and its headers. Whatever a stranger sends, it raises nothing."""
        if self._verifier is None:
            return "no_secret"
        try:
            return "genuine" if self._verifier.is_valid_request(raw, dict(headers)) else "forged"
        except Exception:  # noqa: BLE001 - the verifier raises on odd timestamps, signatures and bodies: all are forged
            return "forged"
