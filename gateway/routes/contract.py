"""``/contract``: the messages, topics and requests as a page, and the documents it is made of. For everybody."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from gateway.console.answers import HEADERS
from gateway.contract.page import contract_of, document, draw
from gateway.problems import Refusal

_HEADERS = {**HEADERS, "Cache-Control": "max-age=300"}


def _openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return request.app.openapi_schema.to_schema()


@get("/contract", include_in_schema=False, sync_to_thread=True)
def get_contract(request: Request[Any, Any, Any]) -> Response[str]:
    """The page."""
    return Response(draw(contract_of(_openapi(request))), media_type="text/html", headers=_HEADERS)


@get("/contract/{name:str}", include_in_schema=False, sync_to_thread=True)
def get_document(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """One document as JSON."""
    found = document(name, _openapi(request))
    if found is None:
        raise Refusal(404, "missing", "name", "no such document; /contract lists them")
    return Response(found, media_type="application/json", headers=_HEADERS)


routes = [get_contract, get_document]
