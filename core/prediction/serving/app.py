"""The web application: the routes of the service, with the inference thread running while it lives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.prediction.serving.errors import ServiceError
from core.prediction.serving.models import ServedModel
from core.prediction.serving.options import ServeOptions
from core.prediction.serving.service import Service, error_response


def create_app(models: Sequence[ServedModel], options: ServeOptions) -> Starlette:
    """The application that serves models; the first one answers where a URL names none."""
    service = Service(models, options)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.batcher.start()
        try:
            yield
        finally:
            await asyncio.to_thread(service.batcher.close)

    return Starlette(routes=service.routes(), lifespan=lifespan, exception_handlers={HTTPException: _show_routes})


async def _show_routes(request: Request, error: Exception) -> Response:
    """The answer to a request that fits no route."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    sentence = f"There is no {request.method} {request.url.path[:100]} here. GET /openapi.json lists the routes."
    return error_response(ServiceError(status, "NotFound", sentence))
