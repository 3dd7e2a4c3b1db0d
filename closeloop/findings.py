"""What a doctor has found: one thing that was looked at, and what to do where it is not well."""

from typing import Literal

from msgspec import Struct


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. ``remedy`` is there unless it is ``ok``."""

    level: Literal["ok", "warning", "wrong"]
    subject: str
    said: str
    remedy: str = ""
    means: str = ""
    """What comes of it for customers, employees or data."""

    def line(self) -> str:
        """The finding in one line, without what it means."""
        return f"{MARKS[self.level]} {self.subject}: {self.said}" + (f" -> {self.remedy}" if self.remedy else "")


MARKS = {"ok": "ok     ", "warning": "warning", "wrong": "WRONG  "}
"""How a level begins a line: a word, because a colour alone does not reach everybody."""
