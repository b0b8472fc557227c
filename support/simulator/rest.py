"""The REST side: the endpoints of the contract, and errors that say in words what is wrong."""

import json
import logging
from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBearer
from starlette.exceptions import HTTPException

from support.simulator.desk import WAITING, Desk, WaitingForFibreError, errors
from support.simulator.deviations.control import add_control
from support.simulator.deviations.middleware import Deviating
from support.simulator.models import ErrorAnswer
from support.simulator.plan import NoRecordingError, RequestError
from support.simulator.production import manners as production
from support.simulator.registry import WindowsFullError
from support.simulator.story import manners as story
from support.simulator.stream import VERSION

_ROUTES: dict[str, Callable[[FastAPI, Desk], None]] = {
    "story": story.add_routes,
    "production": production.add_routes,
}

log = logging.getLogger(__name__)


class _App(FastAPI):
    """An application whose OpenAPI tells of the errors that there are: wrong requests are 400, so there is no 422."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        for schema in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(schema, None)
        return document


def build_app(desk: Desk, guarded: bool = False) -> FastAPI:
    """The ASGI application.

    Args:
        desk: where jobs are asked for.
        guarded: whether it wants a token: that is asked for before this application (``Security.guarding``), and here
            only told in the OpenAPI.
    """
    wants = [Depends(HTTPBearer(auto_error=False)), Depends(HTTPBasic(auto_error=False))] if guarded else []
    app = _App(
        title="Focus Server (embedded)",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=wants,
        responses=errors(401) if guarded else None,
        generate_unique_id_function=lambda route: route.name,
    )
    present = desk.present
    _ROUTES[present.now.dialect.name](app, desk)
    _add_error_handlers(app)
    add_control(app, present)
    app.add_middleware(Deviating, active=lambda: present.now.deviations)
    return app


def _add_error_handlers(app: FastAPI) -> None:
    def answer(status: int, words: str) -> JSONResponse:
        return JSONResponse(ErrorAnswer(error=_short(words)).model_dump(), status)

    def add(kind: type[Exception], respond: Callable[[Any], tuple[int, str]]) -> None:
        async def handle(request: Request, error: Exception) -> JSONResponse:
            status, words = respond(error)
            log.info("%s %s: %d %s", request.method, request.url.path, status, words)
            return answer(status, words)

        app.add_exception_handler(kind, handle)

    add(RequestValidationError, lambda error: (400, invalid_fields(error)))
    add(NoRecordingError, lambda error: (404, str(error)))
    add(RequestError, lambda error: (400, str(error)))
    add(WindowsFullError, lambda error: (503, str(error)))
    add(WaitingForFibreError, lambda _: (503, f"{WAITING}: no fibre is attached, so no job can start"))
    add(Exception, lambda error: (500, f"the server failed: {type(error).__name__}"))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        words = str(error.detail)
        if words in ("Not Found", "Method Not Allowed"):
            words = f"{request.method} {request.url.path}: {words.lower()}; /openapi.json tells what there is"
        response = answer(error.status_code, words)
        response.headers.update(error.headers or {})
        return response


def invalid_fields(error: RequestValidationError) -> str:
    """One sentence that names each field at fault and what is wrong with it."""
    return "; ".join(sorted({_problem(item) for item in error.errors()}))


_WORDS = {
    "missing": "missing",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "literal_error": 'must be "0" (multi-channel), "1" (single-channel) or "2" (waterfall), as text or number',
    "model_attributes_type": "must be a JSON object",
    "string_type": "must be text",
    "string_pattern_mismatch": "must be yymmddHHMMSS, twelve digits",
    "value_error": "must be a time, as yymmddHHMMSS",
    "json_invalid": "not JSON: {error}",
}


def _problem(item: dict[str, Any]) -> str:
    known = _WORDS.get(item["type"])
    words = known.format(**item.get("ctx", {})) if known else item["msg"]
    field = ".".join(str(part) for part in item["loc"][1:] if item["type"] != "json_invalid")
    if item["type"] not in ("missing", "json_invalid"):
        words += f", not {_short(json.dumps(item['input'], default=repr), 40)}"
    return f"{field or 'the body'}: {words}"


def _short(text: str, most: int = 600) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
