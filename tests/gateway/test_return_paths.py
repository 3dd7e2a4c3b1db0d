"""After signing in a browser goes on on a page of ours, whatever the address said."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.sign_in.return_paths import FIRST_PAGE, return_path

OURS = "https://cx.shop.example"
PIECES = st.sampled_from(
    ["/", "\\", "//", ":", "@", "?", "#", "%2f", "\t", "\n", " ", "evil.example", "https", "now", "."]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=8).map("".join), st.lists(PIECES).map("".join)))
@example("/\t/evil.example")
@example("/%09/evil.example")
@example("/.//evil.example")
@example("///evil.example")
@example("/now#//evil.example")
def test_it_never_leads_elsewhere(text: str) -> None:
    """As a browser reads it: tabs and line breaks are dropped, and a backslash is a slash."""
    path = return_path(text)
    read = path.replace("\t", "").replace("\r", "").replace("\n", "").replace("\\", "/")
    assert read.startswith("/")
    assert not read.startswith("//")
    assert urlsplit(urljoin(OURS, read)).netloc == "cx.shop.example"
    assert path.isascii()
    assert path.isprintable(), "nothing that could begin a header of its own"


@pytest.mark.parametrize(
    "path", ["/now", "/cases?state=open&owner=ana", "/cases/7", "/explore?from=2026-11-01&text=%D0%B0"]
)
def test_our_own_pages_are_gone_on_with(path: str) -> None:
    assert return_path(path) == path


@pytest.mark.parametrize(
    "path", [None, "", "/console/session/oidc", "/v1/cases/export", "now", "/" + "a" * 3_000, "/now\r\nSet-Cookie: a=b"]
)
def test_all_else_is_the_first_page(path: str | None) -> None:
    assert return_path(path) == FIRST_PAGE
