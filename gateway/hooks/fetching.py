"""Fetch the answers that a notice tells of, from the tool's own API and from nowhere else."""

import asyncio

import aiohttp

from gateway.hooks.submissions import Wanted

MAX_BYTES = 2 * 1024 * 1024
_SECONDS = 10.0
_TRIES = 2
_PAUSE_SECONDS = 0.5


class FetchFailed(Exception):  # noqa: N818 - said to people as it is
    """The tool's API did not give the answers; the text says why and shows nothing of what it sent."""


class Fetcher:
    """Asks the tools' APIs, a second time after ``pause`` seconds. ``base`` takes the place of ``https://HOST``."""

    def __init__(self, base: str | None = None, pause: float = _PAUSE_SECONDS) -> None:
        self._base = base
        self._pause = pause

    async def fetch(self, wanted: Wanted, token: str | None) -> bytes:
        """The body of the answer, at most :data:`MAX_BYTES`. Raises :class:`FetchFailed`.

        The host comes from loop.yaml and the path holds checked ids; no redirect is followed, no proxy of the
        environment is used: nothing in a notice can lead the request elsewhere.
        """
        if not token:
            raise FetchFailed("no token for the tool's API is set")
        failed = FetchFailed("not asked")
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(self._pause)
            try:
                return await self._ask(wanted, token)
            except FetchFailed as error:
                failed = error
            except (aiohttp.ClientError, TimeoutError) as error:
                failed = FetchFailed(f"{wanted.host} did not answer ({type(error).__name__})")
        raise failed

    async def _ask(self, wanted: Wanted, token: str) -> bytes:
        url = f"{self._base}{wanted.path}" if self._base else wanted.url
        headers = {wanted.header: f"{wanted.prefix}{token}", "Accept": "application/json"}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise FetchFailed(f"{wanted.host} answered {answer.status}")
            body = await answer.content.read(MAX_BYTES + 1)
            while len(body) <= MAX_BYTES and not answer.content.at_eof():
                body += await answer.content.read(MAX_BYTES + 1 - len(body))
            if len(body) > MAX_BYTES:
                raise FetchFailed(f"{wanted.host} sent more than {MAX_BYTES:,} bytes")
            return body
