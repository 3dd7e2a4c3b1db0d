"""Open modals (a stack of at most three a person) and App Home views. Pure: ids and hashes are made, no clock."""

import secrets
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from closeloop.sandbox.elements import initial_state
from closeloop.sandbox.model import Change, Json, SlackError, View
from closeloop.sandbox.rules import check_view, interactive_elements
from closeloop.sandbox.workspace import complete_blocks

MODAL_STACK = 3


def initial_values(blocks: list[Json]) -> Json:
    """`{block_id: {action_id: state}}` of every element that keeps a state, as the app preset it."""
    values: Json = {}
    for block in blocks:
        for element in interactive_elements(block):
            state = initial_state(element)
            if state is not None:
                values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


class Views:
    """The modals and Home views of everybody; each change is announced to the listeners."""

    def __init__(self) -> None:
        self.stacks: dict[str, list[View]] = defaultdict(list)
        self.homes: dict[str, View] = {}
        self.listeners: list[Callable[[Change], None]] = []

    def load_home(self, view: View) -> None:
        """Put back a Home view that the journal kept."""
        self.homes[view.user] = view

    def _announce_stack(self, user: str) -> None:
        change = Change("modal", user, list(self.stacks[user]))
        for listener in self.listeners:
            listener(change)

    def _make(self, user: str, body: Any, kind: str, replacing: View | None = None) -> View:
        check_view(body, kind)
        self._check_external_id(body.get("external_id"), replacing)
        body = {**body, "blocks": complete_blocks(body["blocks"])}
        view_id = f"V{secrets.token_hex(5).upper()}"
        view = View(id=view_id, user=user, body=body, hash=secrets.token_hex(8), root_id=view_id)
        view.state = initial_values(body["blocks"])
        return view

    def _check_external_id(self, name: object, replacing: View | None) -> None:
        """An app's own id of a view is unique over the workspace; what a view is replaced by may keep it.

        Raises:
            SlackError: `duplicate_external_id`.
        """
        every = [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())
        if name and any(view.body.get("external_id") == name for view in every if view is not replacing):
            raise SlackError("duplicate_external_id")

    def open(self, user: str, body: Json) -> View:
        """Show a modal to a person, in place of any that was open."""
        view = self._make(user, body, "modal")
        self.stacks[user] = [view]
        self._announce_stack(user)
        return view

    def push(self, user: str, body: Json) -> View:
        """Put a modal on top of the open one.

        Raises:
            SlackError: `push_limit_reached`, or `not_found` when none is open.
        """
        stack = self.stacks[user]
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MODAL_STACK:
            raise SlackError("push_limit_reached")
        view = self._make(user, body, "modal")
        view.root_id, view.previous_id = stack[0].id, stack[-1].id
        stack.append(view)
        self._announce_stack(user)
        return view

    def find(self, view_id: str, external_id: str = "") -> View:
        """An open modal or published Home by its id or the app's own.

        Raises:
            SlackError: `not_found`.
        """
        every = [view for stack in self.stacks.values() for view in stack] + list(self.homes.values())
        for view in every:
            if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def update(self, view: View, body: Any, expected_hash: str = "") -> View:
        """Replace what a view shows; what was typed into inputs that stay is kept.

        Raises:
            SlackError: `hash_conflict`, `invalid_arguments`.
        """
        if expected_hash and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        made = self._make(view.user, body, str(view.body["type"]), replacing=view)
        for block_id, actions in made.state.items():
            for action_id, state in actions.items():
                typed = view.state.get(block_id, {}).get(action_id)
                if typed is not None and typed["type"] == state["type"]:
                    actions[action_id] = typed
        view.body, view.hash, view.state = made.body, made.hash, made.state
        if view.body["type"] == "home":
            self._announce_home(view)
        else:
            self._announce_stack(view.user)
        return view

    def publish(self, user: str, body: Any, expected_hash: str = "") -> View:
        """Set a person's Home view.

        Raises:
            SlackError: `hash_conflict`, `invalid_arguments`.
        """
        known = self.homes.get(user)
        if known is not None:
            return self.update(known, body, expected_hash)
        view = self._make(user, body, "home")
        self.homes[user] = view
        self._announce_home(view)
        return view

    def _announce_home(self, view: View) -> None:
        for listener in self.listeners:
            listener(Change("home", view.user, view))

    def close(self, view: View, *, everything: bool = False) -> list[View]:
        """Close a modal (and those above it), or the whole stack. Returns what was closed, top first."""
        stack = self.stacks[view.user]
        position = 0 if everything or view not in stack else stack.index(view)
        closed = stack[position:]
        self.stacks[view.user] = stack[:position]
        self._announce_stack(view.user)
        return closed[::-1]
