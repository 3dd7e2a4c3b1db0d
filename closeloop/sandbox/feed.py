"""Live updates for the pages: every change of the workspace as server-sent events."""

import asyncio
import json

from aiohttp import web

from closeloop.sandbox.core import Core
from closeloop.sandbox.model import Change, Json, Message
from closeloop.sandbox.rules import mentions

QUEUE = 2000
"""Changes that wait for a slow page before it is told to load everything anew."""


def page_message(core: Core, message: Message) -> Json:
    """A message as the page needs it: Slack's JSON, plus whom it is for, edits and mentions."""
    return core.message_json(message, with_metadata=False) | {
        "channel": message.channel,
        "from_bot": message.from_bot,
        "deleted": message.deleted,
        "edits": message.edits,
        "visible_to": message.visible_to,
        "mentions": mentions(message.text, message.blocks),
        "verbatim": message.parse == "none",
        "in_channel": message.thread_ts in (None, message.ts) or message.broadcast,
        "thread_ts": message.thread_ts,
    }


class Feed:
    """The pages that are open; `publish` is a listener of the workspace and the views."""

    def __init__(self, core: Core, closing: asyncio.Event) -> None:
        self._core = core
        self._closing = closing
        self._queues: set[asyncio.Queue[str]] = set()

    def publish(self, change: Change) -> None:
        """Put a change in the queue of every open page."""
        if not self._queues:
            return
        text = json.dumps({"kind": change.kind, "new": change.is_new, "record": self._shown(change)})
        for queue in list(self._queues):
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait('{"kind": "reload"}')
            else:
                queue.put_nowait(text)

    def _shown(self, change: Change) -> object:
        core = self._core
        if change.kind in ("message", "ephemeral"):
            return page_message(core, change.record) | {"count": core.workspace.count(change.record.channel)}
        if change.kind == "home":
            return core.view_json(change.record) | {"user": change.record.user}
        if change.kind == "modal":
            return {"user": change.key, "views": [core.view_json(view) for view in change.record]}
        if change.kind == "user":
            return core.user_json(change.record, core.clock(), with_locale=True)
        return core.channel_json(change.record)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Serve one page until it leaves or the server stops."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE)
        self._queues.add(queue)
        stopping = asyncio.ensure_future(self._closing.wait())
        try:
            await response.write(b": hello\n\n")
            while not self._closing.is_set():
                taking = asyncio.ensure_future(queue.get())
                done, _ = await asyncio.wait({taking, stopping}, timeout=15, return_when=asyncio.FIRST_COMPLETED)
                if taking not in done:
                    taking.cancel()
                    await response.write(b": still here\n\n")
                    continue
                lines = [taking.result()]
                while not queue.empty() and len(lines) < 200:
                    lines.append(queue.get_nowait())
                await response.write("".join(f"data: {line}\n\n" for line in lines).encode())
        except ConnectionError:
            pass  # the page was closed
        finally:
            stopping.cancel()
            self._queues.discard(queue)
        return response
