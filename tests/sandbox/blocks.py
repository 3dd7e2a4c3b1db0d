"""Blocks, cards and modals that the tests send."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(action_id: str = "go", text: str = "Go", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def options(*values: str) -> list[Json]:
    return [{"text": plain(value.title()), "value": value} for value in values]


def select(action_id: str = "snooze", *values: str, **more: Any) -> Json:
    return {"type": "static_select", "action_id": action_id, "options": options(*(values or ("1h", "4h"))), **more}


def card(case: str = "A-1", quote: str = "late again") -> list[Json]:
    """A card with a button, a select and an overflow menu, as the loop sends them."""
    return [
        {"type": "header", "text": plain("🔴 Maria · NPS 2 of 10")},
        section(f">{quote}"),
        {"type": "section", "fields": [mrkdwn("*Region*\nSP"), mrkdwn("*Account*\nPro")]},
        {"type": "context", "elements": [mrkdwn("👤 <@U0ANA>")]},
        actions(
            button("ack", "I'm on it", style="primary", value=case),
            button("resolve", "Resolve…", value=case),
            select("snooze", "1h", "4h", placeholder=plain("Snooze")),
            {"type": "overflow", "action_id": "more", "options": options("reassign", "dismiss")},
            block_id="act",
        ),
    ]


def modal(**more: Any) -> Json:
    """A modal with a required select and note and an optional moment."""
    return {
        "type": "modal",
        "callback_id": "resolve",
        "private_metadata": "A-1",
        "title": plain("Resolve"),
        "submit": plain("Resolve"),
        "blocks": [
            {
                "type": "input",
                "block_id": "cause",
                "label": plain("Root cause"),
                "element": select("c", "late", "bill"),
            },
            {
                "type": "input",
                "block_id": "note",
                "label": plain("Note"),
                "element": {"type": "plain_text_input", "action_id": "n", "multiline": True, "max_length": 100},
            },
            {
                "type": "input",
                "block_id": "when",
                "optional": True,
                "label": plain("Follow up"),
                "element": {"type": "datetimepicker", "action_id": "w"},
            },
        ],
        **more,
    }


def metadata(outbox_id: str = "o-1") -> Json:
    return {"event_type": "case", "event_payload": {"outbox_id": outbox_id, "v": 1}}
