"""What the console's pages load: scripts and styles, and the chart library of an installed wheel."""

import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from gateway.problems import Refusal

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def _static() -> Traversable:
    return files("gateway") / "console" / "static"


def _chart_bundle() -> Traversable:
    return files("chartkick") / "django" / "static" / "chartkick" / "Chart.bundle.js"


def _serve(file: Traversable, name: str) -> Response[bytes]:
    if not file.is_file():
        raise Refusal(404, "missing", "path", "there is no such file of the console")
    suffix = f".{name.rpartition('.')[2]}"
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(file.read_bytes(), media_type=kind, headers=_HEADERS)


@get("/", include_in_schema=False, sync_to_thread=False)
def get_index() -> Redirect:
    """The console begins with what is now."""
    return Redirect("/now")


@get("/console/vendor/Chart.bundle.js", include_in_schema=False, sync_to_thread=True)
def get_chart_bundle() -> Response[bytes]:
    """The chart library, as its wheel ships it."""
    return _serve(_chart_bundle(), "Chart.bundle.js")


@get("/console/{path:path}", include_in_schema=False, sync_to_thread=True)
def get_static(path: FromPath[str]) -> Response[bytes]:
    """A file of the console."""
    parts = [part for part in str(path).split("/") if part]
    if not parts or any(part in (".", "..") or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        raise Refusal(404, "missing", "path", "there is no such file of the console")
    return _serve(_static().joinpath(*parts), parts[-1])


routes = [get_index, get_chart_bundle, get_static]
