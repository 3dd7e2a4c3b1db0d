"""The few calls that go to Slack while a person waits: open a dialog, tell one person something, find a permalink."""

import logging
from collections import OrderedDict
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from gateway.addresses import is_loopback
from gateway.slack.modals import View

OPEN_SECONDS = 2.0
"""A trigger lives three seconds: what takes longer is too late."""
TELL_SECONDS = 5.0
KNOWN_LINKS = 5_000

_log = structlog.get_logger("gateway.slack")


class SlackCalls:
    """One HTTP session to Slack. Nothing here retries: each call is worth a moment and no more."""

    def __init__(self, token: str | None, api_url: str) -> None:
        self._token = token
        self._api_url = api_url
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._links: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def start(self) -> None:
        """Open the session; call it in the event loop that will use it."""
        self._session = aiohttp.ClientSession()
        if self._token is None:
            return
        logger = logging.getLogger("slack_sdk.gateway")
        # At DEBUG, and at NOTSET, the client writes whole requests: customers' words.
        logger.setLevel(logging.INFO)
        self._client = AsyncWebClient(
            token=self._token,
            base_url=self._api_url,
            session=self._session,
            retry_handlers=[],
            logger=logger,
        )
        if is_loopback(urlsplit(self._api_url).hostname or ""):
            self._client.proxy = None  # the client reads HTTP_PROXY and knows no NO_PROXY

    async def stop(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def open_view(self, trigger_id: str, view: View) -> bool:
        """Show a dialog; False when Slack did not (too late, or not reachable)."""
        if self._client is None:
            return False
        self._client.timeout = int(OPEN_SECONDS)
        try:
            await self._client.views_open(trigger_id=trigger_id, view=view)
        except SlackApiError as error:
            _log.warning("view_not_opened", error=_code(error))
            return False
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("view_not_opened", error=type(error).__name__)
            return False
        return True

    async def publish_home(self, user: str, view: View) -> bool:
        """Show a person's App Home; False when Slack did not take it."""
        if self._client is None:
            return False
        self._client.timeout = int(TELL_SECONDS)
        try:
            await self._client.views_publish(user_id=user, view=view)
        except SlackApiError as error:
            _log.warning("home_not_published", error=_code(error))
            return False
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("home_not_published", error=type(error).__name__)
            return False
        return True

    async def tell(self, response_url: str | None, channel: str, user: str, text: str) -> None:
        """Tell one person something, once: it is not worth a second try, and it may be lost."""
        if response_url and await self._respond(response_url, text):
            return
        if self._client is None or not channel:
            return
        try:
            await self._client.chat_postEphemeral(channel=channel, user=user, **_notice(text))
        except SlackApiError as error:
            _log.warning("person_not_told", error=_code(error))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("person_not_told", error=type(error).__name__)

    async def permalink(self, channel: str, ts: str) -> str | None:
        """The link that opens a message; remembered, ``None`` when Slack does not tell it now."""
        known = self._links.get((channel, ts))
        if known is not None or self._client is None:
            return known
        self._client.timeout = int(OPEN_SECONDS)
        try:
            answer = await self._client.chat_getPermalink(channel=channel, message_ts=ts)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError):
            return None
        link = answer.get("permalink")
        if not isinstance(link, str) or urlsplit(link).scheme not in ("https", "http"):
            return None
        self._links[channel, ts] = link
        if len(self._links) > KNOWN_LINKS:
            self._links.popitem(last=False)
        return link

    async def _respond(self, url: str, text: str) -> bool:
        if self._session is None:
            return False
        body = msgspec.json.encode({"response_type": "ephemeral", "replace_original": False, **_notice(text)})
        proxy = None if self._client is None else self._client.proxy
        if is_loopback(urlsplit(url).hostname or ""):
            proxy = None
        try:
            timeout = aiohttp.ClientTimeout(total=TELL_SECONDS)
            headers = {"Content-Type": "application/json"}
            async with self._session.post(url, data=body, headers=headers, timeout=timeout, proxy=proxy) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False


def _notice(text: str) -> dict[str, Any]:
    """A message in which names of people and customers link and mention nobody, whatever they are made of.

    The text is for notifications; a block of its own is shown, because only there Slack leaves bare addresses alone.
    """
    shown = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    return {"text": text, "blocks": [shown], "parse": "none"}


def _code(error: SlackApiError) -> str:
    """The code alone: the whole text holds the answer."""
    response = error.response
    code = response.get("error") if hasattr(response, "get") else None
    return str(code or getattr(response, "status_code", "unknown"))[:64]
