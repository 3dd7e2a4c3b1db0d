"""Survey pages behind links, in loop.yaml: what is asked, how it looks, and how long a link is good."""

from typing import Annotated

from msgspec import Meta

from schemas.config_base import Duration, Section

Colour = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$", description="A colour in six hexadecimal digits: #1f5fbf.")]
Line = Annotated[str, Meta(min_length=1, max_length=200)]
ByLanguage = dict[Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")], Line]
"""A text by language, in two or three letters (ISO 639)."""


class Colours(Section, frozen=True, kw_only=True):
    """The colours of a page. What stands on the accent is black or white, whichever is read better."""

    background: Colour = "#ffffff"
    text: Colour = "#1b1f24"
    accent: Colour = "#1f5fbf"


DARK = Colours(background="#16191e", text="#f0f2f5", accent="#8ab4f8")
"""Those of a dark page where a survey names no colours of its own."""


class Survey(Section, frozen=True, kw_only=True):
    """One question on a page of its own."""

    metric: str
    company: Annotated[str, Meta(max_length=80)] = ""
    """Who asks; stands above the question."""
    question: ByLanguage = {}
    """In place of the built-in words of nps, csat and ces; a metric of your own needs at least one."""
    low: ByLanguage = {}
    """What the lowest score means."""
    high: ByLanguage = {}
    contact: bool = False
    """Whether to offer "please contact me"."""
    channel: Annotated[str, Meta(min_length=1, max_length=128)] = "link"
    """The channel of answers, unless the link names another."""
    expires: Duration = "14d"
    """How long a link is good, unless it says otherwise."""
    change_within: Duration = "23h"
    """How long after the first answer it can be changed or added to."""
    colours: Colours | None = None
    """``None``: our own, light or dark as the reader's device is."""
    dark_colours: Colours | None = None
    """``None`` beside ``colours``: the page is never dark."""
    frame_ancestors: list[Annotated[str, Meta(pattern=r"^https?://[^\s;,'\"*]+$|^'self'$")]] = []
    """The sites that may show the page in a frame."""
