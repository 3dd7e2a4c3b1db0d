"""*Hooks*: the survey tools that send here, and a place to try a mapping. For admins: payloads are personal."""

from datetime import datetime

from msgspec import Struct

from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.hooks.shapes import HookShown
from gateway.parts import Parts
from gateway.problems import Refusal


class HooksAsked(Struct, frozen=True, kw_only=True):
    """Which hook the form begins with."""

    hook: str = ""


class Hooks(Struct, frozen=True, kw_only=True):
    """The hooks of loop.yaml, and the one that is tried."""

    hooks: list[HookShown]
    chosen: str


class HooksPage(Page[HooksAsked]):
    """All hooks."""

    name = "hooks"
    path = "/hooks"
    section = "pipeline"
    asks = HooksAsked

    def look(self, parts: Parts, asked: HooksAsked, reader: Reader, at: datetime) -> Hooks:
        """What came in since this gateway began. Raises :class:`Refusal` for who is no admin."""
        del at
        if not reader.may("admin"):
            raise Refusal(403, "forbidden", "authorization", "hooks are tried by admins")
        shown = parts.hooks.shown()
        names = [one.name for one in shown]
        return Hooks(hooks=shown, chosen=asked.hook if asked.hook in names else (names[0] if names else ""))
