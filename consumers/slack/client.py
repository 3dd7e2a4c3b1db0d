"""The Slack methods that are used, each as a typed function: an unknown argument would travel unnoticed otherwise."""

import ipaddress
import logging
import os
import time
from collections.abc import Set
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from slack_sdk import WebClient

from consumers.measures import Measures
from consumers.slack.errors import classify
from consumers.slack.render import Card

EVENT_TYPE = "closeloop_card"
TIMEOUT_S = 8


class Posted(Struct, frozen=True):
    """Where a message is: conversation id and timestamp."""

    channel: str
    ts: str


class SlackCalls:
    """Calls of one bot token. Errors leave as slack-sdk raises them, for :func:`consumers.slack.errors.classify`.

    The client retries nothing by itself: after a lost reply it would post twice.
    """

    def __init__(self, token: str, api_url: str, measures: Measures, timeout_s: int = TIMEOUT_S) -> None:
        logger = logging.getLogger("slack_sdk.closeloop")
        # At DEBUG, and at NOTSET, the client writes whole requests: customers' words.
        logger.setLevel(logging.INFO)
        if is_loopback(api_url):
            bypass_proxy()
        self._web = WebClient(token=token, base_url=api_url, timeout=timeout_s, retry_handlers=[], logger=logger)
        if is_loopback(api_url):
            self._web.proxy = None
        self._measures = measures

    def auth_test(self) -> str:
        """Whether the token works: the bot's own id."""
        return str(self._call("auth.test", {}).get("bot_id") or "")

    def post(self, channel: str, card: Card, outbox_id: str) -> Posted:
        """Post a card with its outbox id as metadata, by which it can be found again."""
        said: dict[str, Any] = {
            "channel": channel,
            "text": card.text,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"outbox_id": outbox_id, "v": 1}},
            "unfurl_links": False,
            "unfurl_media": False,
            "parse": "none",  # no links of bare addresses in a customer's words
        }
        if card.blocks:
            said["blocks"] = list(card.blocks)
        answer = self._call("chat.postMessage", said)
        return Posted(str(answer["channel"]), str(answer["ts"]))

    def update(self, channel: str, ts: str, card: Card) -> None:
        """Replace a card's text and blocks; its metadata stays."""
        said = {"channel": channel, "ts": ts, "text": card.text, "blocks": list(card.blocks), "parse": "none"}
        self._call("chat.update", said)

    def delete(self, channel: str, ts: str) -> None:
        """Take back one of our own messages."""
        self._call("chat.delete", {"channel": channel, "ts": ts})

    def find(self, channel: str, outbox_ids: Set[str], oldest: float, limit: int) -> dict[str, list[Posted]]:
        """Our messages in the channel since ``oldest`` (Unix seconds) for these outbox rows, newest first for each.

        Reads the history until its end in pages of ``limit``; only then an absence proves anything. One reading
        answers for all rows: Slack allows fifty a minute.
        """
        found: dict[str, list[Posted]] = {}
        cursor = ""
        while True:
            query: dict[str, Any] = {
                "channel": channel,
                "oldest": f"{oldest:.6f}",
                "limit": limit,
                "include_all_metadata": True,
            }
            if cursor:
                query["cursor"] = cursor
            page = self._call("conversations.history", query, form=True)
            for message in page.get("messages", []):
                metadata = message.get("metadata") or {}
                outbox_id = (metadata.get("event_payload") or {}).get("outbox_id")
                if metadata.get("event_type") == EVENT_TYPE and isinstance(outbox_id, str) and outbox_id in outbox_ids:
                    found.setdefault(outbox_id, []).append(Posted(channel, str(message["ts"])))
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not page.get("has_more") or not cursor:
                return found

    def open_dm(self, user_id: str) -> str:
        """The conversation id of the direct messages with a person."""
        return str(self._call("conversations.open", {"users": user_id}, form=True)["channel"]["id"])

    def user_by_email(self, email: str) -> str:
        """The id of the person with this address; ``users_not_found`` where there is none."""
        return str(self._call("users.lookupByEmail", {"email": email}, form=True)["user"]["id"])

    def channels(self) -> dict[str, str]:
        """Ids of the channels that the bot can see, by name."""
        found: dict[str, str] = {}
        cursor = ""
        while True:
            query = {"types": "public_channel,private_channel", "limit": 1000, "exclude_archived": False}
            page = self._call("conversations.list", query | ({"cursor": cursor} if cursor else {}), form=True)
            for channel in page.get("channels", []):
                found.setdefault(str(channel.get("name")), str(channel["id"]))
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return found

    def join(self, channel: str) -> None:
        """Become a member of a public channel."""
        self._call("conversations.join", {"channel": channel}, form=True)

    def _call(self, method: str, said: dict[str, Any], *, form: bool = False) -> dict[str, Any]:
        started = time.monotonic()
        try:
            if form:
                flat = {
                    name: str(int(value)) if isinstance(value, bool) else str(value) for name, value in said.items()
                }
                response = self._web.api_call(method, params=flat)
            else:
                response = self._web.api_call(method, json=said)
        except Exception as error:
            self._measures.slack_calls.labels(method, classify(error).kind).inc()
            raise
        finally:
            self._measures.slack_seconds.labels(method).observe(time.monotonic() - started)
        self._measures.slack_calls.labels(method, "ok").inc()
        data = response.data
        return data if isinstance(data, dict) else {}


def is_loopback(url: str) -> bool:
    """Whether the address is this machine: the sandbox."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bypass_proxy() -> None:
    """Keep calls to this machine away from a company's proxy: urllib reads ``no_proxy`` from the environment."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host for host in given.split(",") if host]
    os.environ["no_proxy"] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost", "::1"]))
