"""What is wrong with the Slack app and how to mend it: token, scopes, channels, people, a message, Socket Mode."""

import http.client
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from closeloop.findings import Finding
from closeloop.slack_app.manifest import SCOPES
from consumers.slack.client import bypass_proxy, is_loopback
from schemas.config import Loop
from schemas.settings import Settings

EVENT_TYPE = "closeloop_doctor"
_UNREACHABLE = (OSError, http.client.HTTPException)
_REMEDIES = {
    "invalid_auth": "copy the Bot User OAuth Token (xoxb-...) of this app into SLACK_BOT_TOKEN",
    "not_authed": "set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-...)",
    "token_revoked": "install the app to the workspace again and set the new SLACK_BOT_TOKEN",
    "account_inactive": "the app was uninstalled or its bot switched off: install it again",
    "token_expired": "switch token rotation off in the app's manifest and install it again",
    "not_allowed_token_type": "this is a token of another kind: SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with"
    " xapp-",
    "ratelimited": "Slack asks for a pause: run this again in a minute",
    "missing_scope": "add the scope to the app (closeloop slack manifest) and install it again",
    "is_archived": "unarchive the channel, or name another one in loop.yaml",
    "not_in_channel": "invite the app there: /invite @closeloop",
    "channel_not_found": "name a channel that exists in loop.yaml; invite the app to a private one: /invite @closeloop",
}


class Doctor:
    """Asks Slack with the tokens of these settings. Nothing is changed but the one message of the round trip."""

    def __init__(self, settings: Settings, loop: Loop) -> None:
        logger = logging.getLogger("slack_sdk.doctor")
        logger.setLevel(logging.CRITICAL)
        if is_loopback(settings.slack_api_url):
            bypass_proxy()
        self._web = WebClient(
            token=settings.slack_bot_token,
            base_url=settings.slack_api_url,
            timeout=10,
            retry_handlers=[],
            logger=logger,
        )
        self._settings = settings
        self._loop = loop

    def examine(self, channel: str | None) -> Iterator[Finding]:
        """Look at everything, one finding after the other; ``channel`` is where a message may make the round trip."""
        scopes: frozenset[str] | None = None
        try:
            answer = self._web.api_call("auth.test", params={})
        except SlackApiError as error:
            yield _wrong("token", _code(error))
            yield from self._socket_mode()
            return
        except _UNREACHABLE as error:
            yield Finding(
                level="wrong",
                subject="Slack",
                said=f"cannot be reached ({type(getattr(error, 'reason', error)).__name__})",
                remedy="look at SLACK_API_URL, the network and the proxy (HTTPS_PROXY)",
            )
            return
        yield Finding(level="ok", subject="token", said=f"{answer.get('user')} in {answer.get('team')}")
        for name, value in dict(answer.headers).items():
            if name.lower() == "x-oauth-scopes":
                scopes = frozenset(part.strip() for part in str(value).split(","))
        yield self._scopes(scopes)
        yield from self._guarded("channels", self._channels())
        yield from self._guarded("people", self._people())
        if channel is not None:
            yield from self._guarded(f"round trip in {channel}", self._round_trip(channel))
        yield from self._socket_mode()

    def _guarded(self, subject: str, findings: Iterator[Finding]) -> Iterator[Finding]:
        """What Slack refuses on the way is a finding too, and what comes after it is still looked at."""
        try:
            yield from findings
        except SlackApiError as error:
            yield _wrong(subject, _code(error))
        except _UNREACHABLE as error:
            yield Finding(
                level="wrong", subject=subject, said=f"no answer ({type(error).__name__})", remedy="run this again"
            )

    def _scopes(self, scopes: frozenset[str] | None) -> Finding:
        if scopes is None:
            said = "Slack did not say which"
            return Finding(level="warning", subject="scopes", said=said, remedy="look at OAuth & Permissions")
        missing = [f"{scope} ({why})" for scope, why in SCOPES.items() if scope not in scopes]
        if missing:
            remedy = "add them to the app (closeloop slack manifest prints them) and install it again"
            return Finding(level="wrong", subject="scopes", said=f"missing {', '.join(missing)}", remedy=remedy)
        return Finding(level="ok", subject="scopes", said=f"all {len(SCOPES)} are there")

    def _channels(self) -> Iterator[Finding]:
        known = self._listed()
        by_channel: dict[str, list[str]] = {}
        for name, receiver in self._loop.receivers.items():
            by_channel.setdefault(receiver.channel, []).append(name)
        for wanted, receivers in by_channel.items():
            subject = f"channel {wanted} ({', '.join(receivers)})"
            found = known.get(wanted.removeprefix("#")) or known.get(wanted)
            if found is None:
                yield _wrong(subject, "channel_not_found", "is not there, or private without the app in it")
            elif found.get("is_archived"):
                yield _wrong(subject, "is_archived", "is archived")
            elif found.get("is_member"):
                yield Finding(level="ok", subject=subject, said="the app is in it")
            elif found.get("is_private"):
                yield _wrong(subject, "not_in_channel", "the app is not in it")
            else:
                said = "the app is not in it yet; it joins by itself with the first card"
                yield Finding(level="ok", subject=subject, said=said)

    def _listed(self) -> dict[str, dict[str, Any]]:
        """Every channel that the app can see, by name and by id."""
        found: dict[str, dict[str, Any]] = {}
        cursor = ""
        while True:
            query = {"types": "public_channel,private_channel", "limit": 1000, "cursor": cursor}
            page = self._web.api_call("conversations.list", params=query)
            for channel in page.get("channels") or []:
                found[str(channel["id"])] = found[str(channel.get("name"))] = channel
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return found

    def _people(self) -> Iterator[Finding]:
        for key, person in self._loop.people.items():
            subject = f"person {key}"
            try:
                if person.slack is not None:
                    user = self._web.api_call("users.info", params={"user": person.slack})["user"]
                else:
                    user = self._web.api_call("users.lookupByEmail", params={"email": person.email})["user"]
            except SlackApiError as error:
                code = _code(error)
                if code not in ("user_not_found", "users_not_found", "user_not_visible"):
                    yield _wrong(subject, code)
                    continue
                said = "has no account with this id" if person.slack else "has no account with this e-mail address"
                remedy = f"correct people.{key} in loop.yaml, or invite them; until then the channel gets their cards"
                yield Finding(level="wrong", subject=subject, said=said, remedy=remedy)
                continue
            if user.get("deleted"):
                remedy = f"set people.{key}.away in loop.yaml, or put somebody in their place"
                yield Finding(level="wrong", subject=subject, said="the account is deactivated", remedy=remedy)
            else:
                yield Finding(level="ok", subject=subject, said=str(user["id"]))

    def _round_trip(self, channel: str) -> Iterator[Finding]:
        """Post a message, find it by its metadata, delete it: what becomes of a lost answer rests on that."""
        subject = f"round trip in {channel}"
        listed = self._listed()
        known = listed.get(channel.removeprefix("#"))
        place = str(known["id"]) if known is not None else channel
        if known is not None and not known.get("is_member") and not known.get("is_private"):
            self._web.api_call("conversations.join", params={"channel": place})
        mark = uuid4().hex
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"mark": mark}}
        said = {"channel": place, "text": "closeloop slack doctor: a test, deleted at once.", "metadata": metadata}
        posted = self._web.api_call("chat.postMessage", json=said)
        place, ts = str(posted["channel"]), str(posted["ts"])
        try:
            query = {"channel": place, "oldest": ts, "inclusive": "1", "limit": 15, "include_all_metadata": "1"}
            page = self._web.api_call("conversations.history", params=query)
        finally:
            self._web.api_call("chat.delete", json={"channel": place, "ts": ts})
        found = [
            message
            for message in page.get("messages") or []
            if ((message.get("metadata") or {}).get("event_payload") or {}).get("mark") == mark
        ]
        if found:
            yield Finding(level="ok", subject=subject, said="posted, found again by its metadata, deleted")
        else:
            said_of_it = "the message's metadata does not come back, so a lost answer could mean a second card"
            remedy = "add the scope channels:history (groups:history in a private channel) and install the app again"
            yield Finding(level="wrong", subject=subject, said=said_of_it, remedy=remedy)

    def _socket_mode(self) -> Iterator[Finding]:
        token = self._settings.slack_app_token
        if token is None:
            if self._settings.slack_signing_secret is None:
                yield Finding(
                    level="wrong",
                    subject="clicks",
                    said="neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
                    remedy="set the first for Socket Mode, or the second for clicks over HTTP",
                )
            else:
                yield Finding(level="ok", subject="clicks", said="over HTTP, signed (no SLACK_APP_TOKEN)")
            return
        try:
            # Only the ticket is asked for: a connection of ours would be given clicks that the gateway should get.
            headers = {"Authorization": f"Bearer {token}"}
            self._web.api_call("apps.connections.open", params={}, headers=headers)
        except SlackApiError as error:
            remedy = (
                "switch Socket Mode on, and make an app-level token (xapp-...) with the scope connections:write"
                " under Basic Information"
            )
            yield Finding(level="wrong", subject="Socket Mode", said=_code(error), remedy=remedy)
        except _UNREACHABLE as error:
            yield Finding(
                level="wrong",
                subject="Socket Mode",
                said=f"no answer ({type(error).__name__})",
                remedy="run this again",
            )
        else:
            yield Finding(level="ok", subject="Socket Mode", said="Slack gives a connection")


def _wrong(subject: str, code: str, said: str = "") -> Finding:
    remedy = _REMEDIES.get(code, f"look {code} up in Slack's documentation of the method")
    return Finding(level="wrong", subject=subject, said=said or code, remedy=remedy)


def _code(error: SlackApiError) -> str:
    """The code alone: the text of the error holds the whole answer."""
    response: Any = error.response
    if getattr(response, "status_code", 200) == 429:
        return "ratelimited"
    code = response.get("error") if hasattr(response, "get") else None
    text = str(code or getattr(response, "status_code", "unknown"))[:64]
    needed = response.get("needed") if hasattr(response, "get") else None
    return "missing_scope" if text == "missing_scope" and not needed else text
