"""The seam between the REST side and its deviations: an ASGI application around the correct one."""

from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from support.simulator.deviations.active import Deviations
from support.simulator.deviations.stages import Answer, Exchange
from support.simulator.security import CONTROL

DEVIATIONS = "deviations"  # where a scope holds those that are asked about its request


class Deviating:
    """Passes requests through what ``active`` returns at that moment, but for those that could end a deviation."""

    def __init__(self, app: ASGIApp, active: Callable[[], Deviations]) -> None:
        self._app = app
        self._active = active

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return

        async def correct(exchange: Exchange) -> Answer:
            return await _ask(self._app, {**scope, DEVIATIONS: asked}, exchange)

        active = self._active()
        if active.rest(correct) is correct:
            await self._app(scope, receive, send)
            return
        came = tuple(header for header in scope["headers"] if header[0] != b"content-length")
        exchange = Exchange(scope["method"], scope["path"], await _body(receive), came)
        asked = active.of_exchange(exchange)
        answer = await asked.rest(correct)(exchange)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers if name != "content-length"]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _ask(app: ASGIApp, scope: Scope, exchange: Exchange) -> Answer:
    """What the application answers to ``exchange``, which came as ``scope`` or was made up from it."""
    asked = {
        **scope,
        "method": exchange.method,
        "path": exchange.path,
        "raw_path": exchange.path.encode(),
        "headers": exchange.headers,
    }
    got: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": exchange.body, "more_body": False}

    async def send(message: Message) -> None:
        got.append(message)

    await app(asked, receive, send)
    start: dict[str, Any] = next(dict(message) for message in got if message["type"] == "http.response.start")
    headers = tuple((name.decode(), value.decode()) for name, value in start["headers"])
    return Answer(start["status"], b"".join(message.get("body", b"") for message in got), headers)
