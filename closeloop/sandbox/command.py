"""The body of `closeloop sandbox`: a sandbox that serves until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from closeloop.sandbox.model import Seed, Settings
from closeloop.sandbox.server import Sandbox


def sibling_events_url(interactions_url: str) -> str:
    """Where events go when only the interactions' address is known: its neighbour `events`."""
    return f"{interactions_url.rsplit('/', 1)[0]}/events"


def read_seed(path: Path) -> Seed:
    """Read a seed file.

    Raises:
        ValueError: the file is not a seed; the text says where and why.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Seed)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from error


def run_sandbox(
    *,
    port: int,
    data_dir: Path | None = None,
    events_url: str | None = None,
    pace: float = 1.0,
    mode: Literal["auto", "http", "socket"] = "auto",
    seed: Seed | None = None,
    host: str = "127.0.0.1",
    bot_token: str | None = None,
    app_token: str | None = None,
    signing_secret: str | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a sandbox until SIGINT or SIGTERM: the body of `closeloop sandbox`.

    `events_url` is where signed interactions are posted; Events API callbacks go to its neighbour `events`.
    `on_ready` is called with the page's URL once it serves.

    Raises:
        OSError: the port is taken.
    """
    defaults = Settings()
    settings = Settings(
        host=host,
        port=port,
        data_dir=data_dir,
        interactions_url=events_url,
        events_url=sibling_events_url(events_url) if events_url else None,
        pace=pace,
        mode=mode,
        bot_token=bot_token or defaults.bot_token,
        app_token=app_token or defaults.app_token,
        signing_secret=signing_secret or defaults.signing_secret,
    )

    async def serve() -> None:
        sandbox = Sandbox(settings, seed)
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        await sandbox.start()
        try:
            if on_ready is not None:
                on_ready(sandbox.url)
            await stopping.wait()
        finally:
            await sandbox.stop()

    asyncio.run(serve())
