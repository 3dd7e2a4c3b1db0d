"""Where a browser goes on after signing in: a page of ours, whatever the address asked for. Pure."""

from urllib.parse import urlsplit

FIRST_PAGE = "/now"
MAX_CHARACTERS = 2_000


def return_path(text: str | None) -> str:
    """The path and query to go on with; the first page in place of what leads, or could lead, elsewhere.

    A browser takes ``//host`` and ``/\\host`` for another host, and passes over tabs and line breaks in an address.
    """
    if not text or len(text) > MAX_CHARACTERS or not text.startswith("/"):
        return FIRST_PAGE
    if text.startswith("//") or "\\" in text or not text.isascii() or not text.isprintable() or " " in text:
        return FIRST_PAGE
    try:
        parts = urlsplit(text)
    except ValueError:
        return FIRST_PAGE
    if parts.scheme or parts.netloc or parts.path.startswith(("//", "/console/session", "/v1/")):
        return FIRST_PAGE
    return parts.path + (f"?{parts.query}" if parts.query else "")
