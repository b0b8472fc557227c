"""Who is let in, and how what is said is kept secret: the same at the REST side and at every job's port."""

import base64
import binascii
import hmac
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import grpc
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from support.simulator.certificates import Certificates
from support.simulator.models import ErrorAnswer

CONTROL = "/simulator/"  # the simulator's own door is on this machine only, and asks nobody for a token

_REFUSAL = "this server wants its token: 'Authorization: Bearer TOKEN', or the token as the password of basic"

_CHALLENGE = 'Bearer realm="focus", Basic realm="focus"'  # a 401 names what would be let in: RFC 9110, 11.6.1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Security:
    """Plain text for everybody where there is neither.

    Attributes:
        certificates: what the server shows, and asks for.
        token: what a client has to bring.
    """

    certificates: Certificates | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def scheme(self) -> str:
        """Of the REST side."""
        return "https" if self.certificates else "http"

    def for_uvicorn(self) -> dict[str, Any]:
        """The arguments of its configuration."""
        files = self.certificates
        if files is None:
            return {}
        return {
            "ssl_certfile": files.certificate,
            "ssl_keyfile": files.key,
            "ssl_ca_certs": files.client_ca and str(files.client_ca),
            "ssl_cert_reqs": ssl.CERT_REQUIRED if files.client_ca else ssl.CERT_NONE,
        }

    def add_port(self, server: grpc.aio.Server, address: str) -> None:
        """Makes a gRPC server listen at ``address``."""
        files = self.certificates
        if files is None:
            server.add_insecure_port(address)
            return
        pair = (files.key.read_bytes(), files.certificate.read_bytes())
        client_ca = files.client_ca.read_bytes() if files.client_ca else None
        server.add_secure_port(address, grpc.ssl_server_credentials([pair], client_ca, client_ca is not None))

    def interceptors(self) -> list[grpc.aio.ServerInterceptor]:
        """What stands before every gRPC method."""
        return [] if self.token is None else [_Gate(self)]

    def guarding(self, app: ASGIApp) -> ASGIApp:
        """What stands before every REST endpoint but the simulator's own."""
        if self.token is None:
            return app

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            asks = scope["type"] == "http" and not scope["path"].startswith(CONTROL)
            if not asks or self.admits(Headers(scope=scope).get("authorization", "")):
                await app(scope, receive, send)
                return
            log.info("%s %s: refused, without the token", scope["method"], scope["path"])
            words = ErrorAnswer(error=_REFUSAL).model_dump()
            refusal = JSONResponse(words, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": _CHALLENGE})
            await refusal(scope, receive, send)

        return guarded

    def admits(self, authorization: str) -> bool:
        """Whether a request with this header, empty where it has none, may come in."""
        kind, _, given = authorization.partition(" ")
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif kind.lower() != "bearer":
            return False
        return hmac.compare_digest(given.encode(), (self.token or "").encode())


class _Gate(grpc.aio.ServerInterceptor):
    """Refuses every call that does not bring the token."""

    def __init__(self, security: Security) -> None:
        self._security = security

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        metadata = dict(handler_call_details.invocation_metadata)
        if self._security.admits(str(metadata.get("authorization", ""))):
            return await continuation(handler_call_details)
        log.info("%s: refused, without the token", handler_call_details.method)
        return grpc.unary_unary_rpc_method_handler(_refuse)


async def _refuse(_request: Any, context: Any) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, _REFUSAL)
