"""The routes and roles of docs/access.md, from the routes' guards: ``python -m tests.gateway.access_table``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from gateway.access import right_of
from gateway.callers import RIGHTS, ROLES, Right

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
_TABLE = re.compile(r"(<!-- routes: [^\n]+ -->\n).*(<!-- /routes -->)", re.DOTALL)

Guarded = dict[tuple[str, str], Right | None]


def guarded(app: Litestar) -> Guarded:
    """The right that every method of every path asks for."""
    found: Guarded = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                found |= {(route.path, method): right_of(handler) for method in _methods(handler)}
    return found


def table(routes: Guarded) -> str:
    """The table in Markdown; paths of pages and of their changes are one line each."""
    lines = ["| route | " + " | ".join(f"`{role}`" for role in ROLES) + " |", "|---|" + "---|" * len(ROLES)]
    said: dict[str, Right] = {}
    for (path, method), right in sorted(routes.items()):
        if right is not None:
            shown = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
            said[f"`{method} {shown}`"] = right
    for name, right in said.items():
        lines.append(f"| {name} | " + " | ".join("yes" if right in RIGHTS[role] else "" for role in ROLES) + " |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table as the page has it."""
    found = _TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    return found.group(0)[len(found.group(1)) : -len(found.group(2))]


def write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_TABLE.sub(lambda found: found.group(1) + text + found.group(2), page), encoding="utf-8")


def _methods(handler: HTTPRouteHandler) -> list[str]:
    return sorted(str(getattr(method, "value", method)) for method in handler.http_methods if method != "OPTIONS")


def _app() -> Any:
    import tempfile

    from gateway.app import build_app
    from gateway.process import make_parts
    from schemas.settings import Settings
    from tests.gateway.conftest import _fail
    from tests.gateway.examples import configuration

    with tempfile.TemporaryDirectory() as folder:
        return build_app(make_parts(Settings(database=f"sqlite:///{folder}/x.db"), configuration(), _fail))


if __name__ == "__main__":
    write(table(guarded(_app())))
    sys.stdout.write(f"{PAGE} written\n")
