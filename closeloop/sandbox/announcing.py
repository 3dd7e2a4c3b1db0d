"""Events API callbacks: each is sent until it is acked, four times at most, as Slack does."""

import asyncio
import secrets

from closeloop.sandbox.core import Core
from closeloop.sandbox.delivery import Delivery, Outcome
from closeloop.sandbox.model import Json


class Announcer:
    """Tells the app what happened. The first attempt can be awaited; the others follow in the background."""

    def __init__(self, core: Core, delivery: Delivery) -> None:
        self._core = core
        self._delivery = delivery
        self._tasks: set[asyncio.Task[object]] = set()

    def _callback(self, event: Json) -> Json:
        core, now = self._core, self._core.clock()
        return {
            "token": "sandbox",
            "team_id": core.settings.team_id,
            "api_app_id": core.settings.app_id,
            "type": "event_callback",
            "event": {"event_ts": f"{now:.6f}"} | event,
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(now),
            "authorizations": [
                {"team_id": core.settings.team_id, "user_id": core.settings.bot_user_id, "is_bot": True}
            ],
        }

    async def tell(self, event: Json) -> Outcome:
        """Send an event; if it is not acked it is sent again at the times of `Settings.event_retry_seconds`."""
        payload = self._callback(event)
        first = await self._delivery.notify(payload)
        if not first.acked and first.repeat:
            self._keep(asyncio.create_task(self._repeat(payload, first.reason)))
        return first

    def announce(self, event: Json) -> None:
        """Send an event without waiting for its ack."""
        self._keep(asyncio.create_task(self.tell(event)))

    def _keep(self, task: asyncio.Task[object]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _repeat(self, payload: Json, reason: str) -> None:
        for number, seconds in enumerate(self._core.settings.event_retry_seconds, start=1):
            await asyncio.sleep(seconds)
            outcome = await self._delivery.notify(payload, retry=number, reason=reason)
            if outcome.acked or not outcome.repeat:
                return
            reason = outcome.reason

    async def close(self) -> None:
        """Give up what is still to be sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
