"""Who looks at a page: their language, their colours, what they may do, and as whom they act. Pure."""

from collections.abc import Collection, Mapping
from typing import Literal, get_args

from msgspec import Struct

from gateway.callers import Caller, Right

ConsoleLanguage = Literal["en", "ru"]
Theme = Literal["auto", "light", "dark"]
LANGUAGES: tuple[ConsoleLanguage, ...] = get_args(ConsoleLanguage)
THEMES: tuple[Theme, ...] = get_args(Theme)

LANGUAGE_COOKIE = "closeloop_language"
THEME_COOKIE = "closeloop_theme"
ME_COOKIE = "closeloop_me"


class Reader(Struct, frozen=True, kw_only=True):
    """One way of looking at the pages: readers who are alike see the same and share one drawing of it.

    ``me`` is the person key of loop.yaml under which they act; ``None`` where nobody was chosen.
    """

    language: ConsoleLanguage
    theme: Theme
    rights: frozenset[Right]
    me: str | None
    keyed: bool
    """Whether they came with an API key, or signed in."""
    signed: bool = False
    """Whether they are a person who signed in: they act as nobody else, and as their role around a case allows."""

    def may(self, right: Right) -> bool:
        """Whether they hold this right."""
        return right in self.rights


def reader_of(
    caller: Caller, cookies: Mapping[str, str], accepts: str, people: Collection[str], shown: str | None = None
) -> Reader:
    """The reader behind a request.

    ``accepts`` is its Accept-Language, ``people`` the person keys there are, ``shown`` a language that the address
    asks for. A key that is a person's acts as this person, whatever the cookie says.
    """
    chosen = cookies.get(ME_COOKIE)
    own = caller.person if caller.kind == "person" else caller.name if caller.name in people else None
    me = own if own is not None or caller.kind == "person" else chosen if chosen in people else None
    theme: Theme = next((one for one in THEMES if one == cookies.get(THEME_COOKIE)), THEMES[0])
    wanted = shown or cookies.get(LANGUAGE_COOKIE)
    language = next((one for one in LANGUAGES if one == wanted), None) or _accepted(accepts)
    return Reader(
        language=language,
        theme=theme,
        rights=caller.rights,
        me=me,
        keyed=caller.name is not None,
        signed=caller.kind == "person",
    )


def _accepted(accepts: str) -> ConsoleLanguage:
    """The language of ours that a browser likes best; English for those who read none of them."""
    best, most = LANGUAGES[0], 0.0
    for part in accepts.split(",")[:20]:
        tag, _, quality = part.strip().partition(";q=")
        known = next((one for one in LANGUAGES if tag.lower().partition("-")[0] == one), None)
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if known is not None and weight > most:
            best, most = known, weight
    return best
