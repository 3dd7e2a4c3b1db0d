"""The middleware of FastAPI, Starlette, Flask and Django over real requests, and what it leaves alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import StreamingResponse

from closeloop_client.requests import RequestTouchpoints, outcome_of
from closeloop_client.testing import FakeEmitter
from tests.client.apps import asgi, ask, expected, seen, wsgi
from tests.client.stub import StubGateway
from tests.client.waiting import wait_until

OPTIONS: dict[str, Any] = {"names": {"POST /checkout": "checkout.completed"}, "ignore": ["/health*"]}


def test_fastapi(fake_emitter: FakeEmitter) -> None:
    from closeloop_client.asgi import TouchpointMiddleware

    app = FastAPI()
    known_by_the_task: list[str] = []

    async def customer(scope: Any) -> str | None:
        await asyncio.sleep(0)
        found: bytes | None = dict(scope["headers"]).get(b"x-customer")
        return None if found is None else found.decode()

    def attributes(scope: Any) -> dict[str, str]:
        return {"method": scope["method"]}

    app.add_middleware(
        TouchpointMiddleware, emitter=fake_emitter, customer=customer, attributes=attributes, **OPTIONS
    )  # fmt: skip
    orders = APIRouter(prefix="/orders")

    @orders.get("/{order_id}")
    def order(order_id: int) -> int:
        if order_id == 0:
            raise HTTPException(404)
        return order_id

    app.include_router(orders)

    @app.post("/checkout", status_code=201)
    async def checkout(tasks: BackgroundTasks) -> None:
        tasks.add_task(lambda: known_by_the_task.append(fake_emitter.touchpoints[-1].touchpoint))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("on purpose")

    @app.get("/unavailable")
    async def unavailable() -> None:
        raise HTTPException(503)

    @app.get("/healthz")
    async def healthz() -> None: ...

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> Any:
            for _ in range(3):
                await asyncio.sleep(0.02)
                yield b"x"

        return StreamingResponse(parts())

    with asgi(app) as client:
        ask(client)
        assert client.get("/stream", headers={"X-Customer": "c42"}).text == "xxx"
        wait_until(lambda: len(fake_emitter.touchpoints) == 6)
    assert seen(fake_emitter) == [*expected("/orders/{order_id}"), ("c42", "GET /stream", "ok")]
    assert known_by_the_task == ["checkout.completed"]  # a task behind the answer is not in the duration
    first, last = fake_emitter.touchpoints[0], fake_emitter.touchpoints[-1]
    assert dict(first.attributes) == {"http_status": 200, "method": "GET"}
    assert first.channel == "web"
    assert last.duration_ms is not None
    assert last.duration_ms >= 60


def test_starlette_with_mounted_routes(fake_emitter: FakeEmitter) -> None:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    from closeloop_client.asgi import TouchpointMiddleware

    async def show(request: Any) -> PlainTextResponse:
        return PlainTextResponse(str(request.path_params["order_id"]))

    async def detail(request: Any) -> PlainTextResponse:
        return await show(request)

    app = Starlette(
        routes=[Mount("/shop", routes=[Route("/orders/{order_id:int}", detail)]), Route("/{order_id}", show)],
        middleware=[Middleware(TouchpointMiddleware, emitter=fake_emitter, customer=lambda _: "c42")],
    )
    with asgi(app) as client:
        assert client.get("/nobody").text == "nobody"
        assert client.get("/shop/orders/4711").text == "4711"
        assert client.get("/no/such").status_code == 404
        wait_until(lambda: len(fake_emitter.touchpoints) == 2)
    assert seen(fake_emitter) == [("c42", "GET /{order_id}", "ok"), ("c42", "GET /shop/orders/{order_id}", "ok")]


def test_flask(fake_emitter: FakeEmitter) -> None:
    from flask import Flask, abort, request

    from closeloop_client.flask import Touchpoints

    app = Flask("shop")
    Touchpoints(
        app,
        emitter=fake_emitter,
        customer=lambda: request.headers.get("X-Customer"),
        attributes=lambda: {"method": request.method},
        **OPTIONS,
    )

    @app.get("/orders/<int:order_id>")
    def order(order_id: int) -> str:
        if order_id == 0:
            abort(404)
        return str(order_id)

    @app.post("/checkout")
    def checkout() -> tuple[str, int]:
        return "", 201

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("on purpose")

    @app.get("/unavailable")
    def unavailable() -> str:
        abort(503)

    @app.get("/healthz")
    def healthz() -> str:
        return ""

    app.logger.disabled = True
    with wsgi(app) as client:
        ask(client)
    assert seen(fake_emitter) == expected("/orders/<int:order_id>")
    assert dict(fake_emitter.touchpoints[0].attributes) == {"http_status": 200, "method": "GET"}
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(RuntimeError, match="on purpose"):
        app.test_client().get("/broken", headers={"X-Customer": "c43"})
    assert seen(fake_emitter)[-1] == ("c43", "GET /broken", "failed")


DJANGO = """
import json, sys
import django
from django.conf import settings
from django.http import HttpResponse, Http404
from django.urls import include, path, re_path
from django.utils.asyncio import async_unsafe
from closeloop_client.testing import FakeEmitter

fake = FakeEmitter()
settings.configure(
    SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None,
    MIDDLEWARE=["closeloop_client.django.TouchpointMiddleware"],
    CLOSELOOP={
        "EMITTER": fake, "CUSTOMER": lambda request: request.headers.get("X-Customer"),
        "ATTRIBUTES": async_unsafe(lambda request: {"method": request.method}),  # as what asks the database is
        "NAMES": {"POST /checkout": "checkout.completed"}, "IGNORE": ["/health*"],
    },
)
django.setup()

def order(request, order_id):
    if order_id == 0:
        raise Http404
    return HttpResponse(str(order_id))

def broken(request):
    raise RuntimeError("on purpose")

urlpatterns = [
    path("orders/", include([path("<int:order_id>", order)])),
    path("checkout", lambda request: HttpResponse(status=201)),
    path("broken", broken),
    path("unavailable", lambda request: HttpResponse(status=503)),
    re_path("^healthz$", lambda request: HttpResponse()),
]
"""


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_django(kind: str, tmp_path: Path) -> None:
    """In a process of its own, since Django has its settings once a process."""
    (tmp_path / "django_app.py").write_text(DJANGO)
    script = f"""
        import sys, logging
        logging.disable(logging.CRITICAL)
        sys.path[:0] = [{str(Path.cwd())!r}, {str(tmp_path)!r}]
        import django_app
        from django.core.{kind} import get_{kind}_application
        from tests.client.apps import {kind}, ask, seen
        with {kind}(get_{kind}_application()) as client:
            ask(client)
        print([*seen(django_app.fake), django_app.fake.touchpoints[0].attributes])
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([*expected("/orders/<int:order_id>"), {"http_status": 200, "method": "GET"}])


@pytest.mark.parametrize("wrong", ["customer", "attributes", "emitter"])
def test_what_the_host_does_wrong_costs_it_no_request(
    wrong: str, fake_emitter: FakeEmitter, caplog: pytest.LogCaptureFixture
) -> None:
    from closeloop_client.asgi import TouchpointMiddleware

    def fails(_: Any) -> Any:
        raise RuntimeError("customer-4711")

    app = FastAPI()
    options: dict[str, Any] = {"customer": lambda _: "c" * 300, "attributes": lambda _: {}}
    if wrong != "emitter":
        options = {"customer": lambda _: "c42", "attributes": lambda _: {}, wrong: fails}
    app.add_middleware(TouchpointMiddleware, emitter=fake_emitter, **options)

    @app.get("/")
    async def home() -> str:
        return "well"

    with asgi(app) as client:
        assert client.get("/").json() == "well"
    assert fake_emitter.events == []
    assert ("customer_id: has 300 characters" if wrong == "emitter" else "RuntimeError") in caplog.text
    assert "4711" not in caplog.text


def test_sampling_keeps_what_failed() -> None:
    chances: Iterator[float] = iter([0.0, 0.09, 0.1, 0.99])
    watched = RequestTouchpoints(FakeEmitter(), sample=0.1, chance=lambda: next(chances))
    kept = [watched.name_of("GET", "/", 200) for _ in range(4)]
    assert kept == ["GET /", "GET /", None, None]
    assert watched.name_of("GET", "/", 500) == "GET /"


def test_only_what_is_named() -> None:
    watched = RequestTouchpoints(FakeEmitter(), names={"POST /pay": "order.paid"}, only_named=True)
    assert watched.name_of("POST", "/pay", 200) == "order.paid"
    assert watched.name_of("GET", "/pay", 200) is None
    assert watched.name_of("GET", None, 404) is None
    assert len(RequestTouchpoints(FakeEmitter()).name_of("GET", "/x" * 200, 200) or "") == 128
    assert [outcome_of(status) for status in (200, 302, 404, 499, 500, 503)] == [
        "ok", "ok", "refused", "refused", "failed", "failed",
    ]  # fmt: skip


@pytest.mark.faults
def test_prefork_workers_of_gunicorn_send_what_is_theirs(
    tmp_path: Path, gateway: StubGateway, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app is loaded, and has emitted, before the workers are forked; at the end each sends what waits."""
    (tmp_path / "shop.py").write_text(
        textwrap.dedent(f"""
        import os
        from closeloop_client import Emitter
        emitter = Emitter({gateway.url!r}, linger=30.0)
        emitter.touchpoint("c", "loaded")
        def app(environ, start_response):
            emitter.touchpoint("c", f"request", attributes={{"pid": os.getpid()}})
            start_response("200 OK", [])
            return [str(os.getpid()).encode()]
        """)
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"127.0.0.1:{free_port}",
         "--log-level", "error", "--no-control-socket", "shop:app"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{free_port}/"
    pids: list[str] = []

    def answers() -> bool:
        try:
            pids.append(httpx.get(url, trust_env=False).text)
        except httpx.TransportError:
            return False
        return len(pids) >= 20 and len({*pids}) == 2

    try:
        wait_until(answers)
    finally:
        server.terminate()
        _, err = server.communicate(timeout=60)
    assert server.returncode == 0, err
    names = [event["data"]["touchpoint"] for event in gateway.taken]
    assert names.count("loaded") == 1
    assert sorted(str(e["data"]["attributes"]["pid"]) for e in gateway.taken if "attributes" in e["data"]) == sorted(
        pids
    )
