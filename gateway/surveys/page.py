"""Draw a survey page, and the style sheet with its colours. No page runs a script."""

from functools import cache
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from msgspec import Struct

from gateway.surveys.answering import MAX_COMMENT, Draft
from gateway.surveys.words import Words
from schemas.config_surveys import DARK, Colours, Survey
from schemas.contrast import ink_on
from schemas.scales import Scale


class Shown(Struct, frozen=True, kw_only=True):
    """What a page shows: the question, the question to whoever has answered, or a message alone."""

    state: Literal["ask", "answered", "message"]
    message: str = ""
    draft: Draft = Draft()
    """What stands in the form already."""
    commented: bool = False
    """Whether something was written already."""


def draw_page(shown: Shown, words: Words, name: str | None, survey: Survey | None, scale: Scale | None) -> str:
    """The HTML of a page. Without a survey it holds a message alone."""
    return (
        _templates()
        .get_template("page.html")
        .render(
            words=words,
            company=survey.company if survey is not None else "",
            contact=survey is not None and survey.contact,
            scores=range(scale.minimum, scale.maximum + 1) if scale is not None else (),
            look=f"/s/look/{name or '-'}",
            longest=MAX_COMMENT,
            message=shown.message,
            state=shown.state,
            draft=shown.draft,
            commented=shown.commented,
        )
    )


def draw_look(survey: Survey | None) -> str:
    """The style sheet of a survey's page."""
    own = survey.colours if survey is not None else None
    dark = survey.dark_colours if survey is not None and own is not None else DARK
    return _templates().get_template("look.css").render(light=own or Colours(), dark=dark, ink=ink_on)


def headers_of(survey: Survey | None) -> dict[str, str]:
    """The headers of every page: nothing is kept, told to other sites, found by search engines, or run."""
    framed = survey.frame_ancestors if survey is not None else []
    ancestors = " ".join(framed) or "'none'"
    policy = f"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        # This older header knows no list of sites; where there is one, the policy above says it.
        **({} if framed else {"X-Frame-Options": "DENY"}),
    }


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("gateway.surveys"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
