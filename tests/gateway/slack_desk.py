"""The sandbox, a gateway behind it, and a card to click on."""

from __future__ import annotations

import time
from typing import Any

from slack_sdk import WebClient
from sqlalchemy import select

from closeloop.sandbox import Click, Submit, ThreadedSandbox
from gateway.parts import Parts
from schemas.card_actions import CardValue
from schemas.tables import CaseEventRow, CaseRow, SlackOutboxRow
from tests.gateway.examples import opened

SECRET = "sandbox-signing-secret"
CHANNEL = "C0CX"


class Desk:
    """The sandbox, the gateway, and a card of a case in the channel."""

    def __init__(self, sandbox: ThreadedSandbox, parts: Parts, url: str) -> None:
        self.sandbox = sandbox
        self.parts = parts
        self.url = url
        self._web = WebClient(token="xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
        self._web.proxy = None

    def card(self, case: int, version: int = 1) -> str:
        """Post a card with all that can be clicked; its ts."""

        def button(action: str) -> dict[str, Any]:
            return {
                "type": "button",
                "action_id": f"case.{action}",
                "text": {"type": "plain_text", "text": action},
                "value": CardValue(case, version).encode(),
            }

        def option(**said: Any) -> dict[str, Any]:
            text = {"type": "plain_text", "text": next(iter(said.values()))}
            return {"text": text, "value": CardValue(case, version, **said).encode()}

        elements = [
            *map(button, ("acknowledge", "contact", "resolve", "wake", "reopen")),
            {
                "type": "static_select",
                "action_id": "case.snooze",
                "placeholder": {"type": "plain_text", "text": "Snooze"},
                "options": [option(snooze=length) for length in ("1h", "4h", "tomorrow", "pick")],
            },
            {
                "type": "overflow",
                "action_id": "case.more",
                "options": [option(action=name) for name in ("reassign", "dismiss", "answer", "why", "acknowledge")],
            },
        ]
        return self.post([{"type": "actions", "block_id": "act", "elements": elements}])

    def post(self, blocks: list[dict[str, Any]]) -> str:
        """Post a message in the channel; its ts."""
        return str(self._web.chat_postMessage(channel=CHANNEL, text="card", blocks=blocks)["ts"])

    def click(self, user: str, ts: str, action: str, value: str | None = None) -> dict[str, Any]:
        said = Click(user=user, action_id=f"case.{action}", channel=CHANNEL, ts=ts, value=value)
        return self.sandbox.run(self.sandbox.sandbox.people.click(said))

    def modal(self, user: str) -> Any:
        """The dialog on top of this person's screen, or None."""
        stack = self.sandbox.sandbox.core.views.stacks[user]
        return stack[-1] if stack else None

    def submit(self, user: str, **typed: Any) -> dict[str, Any]:
        said = Submit(
            user=user, view_id=self.modal(user).id, typed={name: {name: value} for name, value in typed.items()}
        )
        return self.sandbox.run(self.sandbox.sandbox.people.submit(said))

    def told(self, user: str) -> list[str]:
        """What this person was told for their eyes only."""
        ephemeral = self.sandbox.sandbox.core.workspace.ephemerals
        return [message.text for message in ephemeral if message.visible_to == user]

    def wait_told(self, user: str, number: int = 1) -> str:
        deadline = time.monotonic() + 60
        while len(self.told(user)) < number:
            assert time.monotonic() < deadline, "nothing was told"
            time.sleep(0.02)
        return self.told(user)[-1]

    def case(self, case: int) -> CaseRow:
        with self.parts.readers() as session:
            return session.get_one(CaseRow, case)

    def history(self, case: int) -> list[tuple[str, str, str]]:
        with self.parts.readers() as session:
            rows = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == case).order_by(CaseEventRow.seq))
            return [(row.action, row.actor, row.via) for row in rows]

    def messages(self, case: int) -> list[tuple[str, str]]:
        """What is to be said of the case in direct messages, and to whom."""
        with self.parts.readers() as session:
            rows = session.scalars(select(SlackOutboxRow).where(SlackOutboxRow.case_id == case))
            return [(row.kind, row.destination) for row in rows if row.destination.startswith("person:")]

    def open_case(self, number: int = 1, **said: Any) -> int:
        return opened(self.parts.writers, number, **said)
