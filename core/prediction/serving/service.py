"""The routes of the service: authorization, limits and answers around one queue of texts."""

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from core.prediction.serving.batching import Batcher, Work
from core.prediction.serving.errors import ServiceError, empty, failed, too_large
from core.prediction.serving.examples import code_examples
from core.prediction.serving.metrics import ServiceMetrics
from core.prediction.serving.models import ServedModel
from core.prediction.serving.openapi import openapi_document
from core.prediction.serving.options import Limits, ServeOptions
from core.prediction.serving.requests import TextRequest, parse_inference, parse_predict
from core.prediction.serving.responses import check_function, to_answers

_PAGE = Path(__file__).with_name("page.html")
# A body above the limit is read up to this size and thrown away, since many clients read no answer before they have sent all.
_DISCARDED_BYTES = 32_000_000
# Longer texts are counted in a thread: the tokenizer reads about five million characters a second.
_COUNTED_AT_ONCE = 20_000
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_SAMPLE_TEXT = "A text to classify"
logger = logging.getLogger(__name__)

Parse = Callable[[bytes, int], TextRequest]
Endpoint = Callable[[Request], Awaitable[Response]]


class Service:
    """The state behind the routes: models by name, the queue and the metrics."""

    def __init__(self, models: Sequence[ServedModel], options: ServeOptions) -> None:
        self._models = {model.name: model for model in models}
        self._default = models[0]
        self._options = options
        self._metrics = ServiceMetrics(lambda: self.batcher.waiting_texts)
        self.batcher = Batcher(options.limits, self._metrics.record_batch)

    def routes(self) -> list[Route]:
        """The routes of the application."""
        public: list[tuple[str, Endpoint]] = [
            ("/", self._page),
            ("/health", self._health),
            ("/openapi.json", self._openapi),
        ]
        private: list[tuple[str, Endpoint]] = [
            ("/info", self._info),
            ("/metrics", self._show_metrics),
            ("/models", self._list_models),
            ("/models/{name}/info", self._info),
        ]
        predictions: list[tuple[str, Parse]] = [
            ("/", parse_inference),
            ("/predict", parse_predict),
            ("/models/{name}", parse_inference),
            ("/models/{name}/predict", parse_predict),
        ]
        return [
            *(Route(path, self._guard(path, endpoint, is_public=True)) for path, endpoint in public),
            *(Route(path, self._guard(path, endpoint)) for path, endpoint in private),
            *(Route(path, self._guard(path, self._predict(parse)), methods=["POST"]) for path, parse in predictions),
        ]

    def _guard(self, path: str, endpoint: Endpoint, is_public: bool = False) -> Endpoint:
        """The endpoint with authorization, errors as JSON and metrics."""

        async def guarded(request: Request) -> Response:
            start = time.perf_counter()
            try:
                if not is_public:
                    self._check_token(request)
                response = await endpoint(request)
            except ServiceError as error:
                response = error_response(error)
            except ClientDisconnect:
                response = Response(status_code=400)
            except Exception:
                logger.exception("%s %s failed", request.method, path)
                response = error_response(failed("The service failed on this request; its log has the details."))
                response.status_code = 500
            self._metrics.record_request(path, response.status_code, time.perf_counter() - start)
            return response

        return guarded

    def _check_token(self, request: Request) -> None:
        token = self._options.token
        if not token:
            return
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent.strip().encode(), token.encode()):
            raise ServiceError(401, "Unauthorized", "Send the token of this service as: Authorization: Bearer TOKEN.")

    def _predict(self, parse: Parse) -> Endpoint:
        async def predict(request: Request) -> Response:
            start = time.perf_counter()
            model = self._model(request)
            body = await self._read_body(request)
            self.batcher.check_room()
            parsed = parse(body, self._options.limits.texts)
            check_function(model, parsed)
            tokens = await _count_tokens(model, parsed)
            cut = [min(count, model.engine.max_tokens) for count in tokens]
            logits = await self.batcher.logits(Work(model.name, model.engine.predict, parsed.texts, cut))
            predictions = model.rule.apply(model.task, logits)
            self._metrics.record_predictions(model, tokens, predictions)
            answers = to_answers(model, parsed, logits, predictions)
            headers = HEADERS | {
                "X-Compute-Tokens": str(sum(cut)),
                "X-Compute-Characters": str(sum(map(len, parsed.texts))),
                "X-Total-Time": str(round(1000 * (time.perf_counter() - start))),
            }
            return JSONResponse(answers if parsed.nested else answers[0], headers=headers)

        return predict

    def _model(self, request: Request) -> ServedModel:
        name = request.path_params.get("name")
        if name is None:
            return self._default
        if name not in self._models:
            raise ServiceError(404, "NotFound", f"There is no model {name[:50]!r}. Known: {', '.join(self._models)}.")
        return self._models[name]

    async def _read_body(self, request: Request) -> bytes:
        """The body of a request; one above the limit is refused once it was read."""
        limits = self._options.limits
        if (coding := request.headers.get("content-encoding", "identity").lower()) != "identity":
            sentence = f"Compressed bodies are not supported, found {coding[:50]!r}. Send the body as plain JSON."
            raise ServiceError(415, "Validation", sentence)
        declared = request.headers.get("content-length", "0")
        is_announced = request.headers.get("expect", "").lower() == "100-continue"
        if declared.isdecimal() and int(declared) > (limits.body_bytes if is_announced else _DISCARDED_BYTES):
            raise _body_too_large(limits.body_bytes)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(limits.seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size <= limits.body_bytes:
                        chunks.append(chunk)
                    elif size > _DISCARDED_BYTES:
                        break
        except TimeoutError as error:
            sentence = f"The body did not arrive within {limits.seconds:g} seconds."
            raise ServiceError(408, "Validation", sentence) from error
        if size > limits.body_bytes:
            raise _body_too_large(limits.body_bytes)
        if not size:
            raise empty('The body is empty. Send {"inputs": "a text"}.')
        return b"".join(chunks)

    async def _health(self, request: Request) -> Response:
        if not self.batcher.is_healthy:
            raise ServiceError(503, "Unhealthy", "The service is stopping or its inference thread has ended.")
        return JSONResponse({"status": "ok"}, headers=HEADERS)

    async def _list_models(self, request: Request) -> Response:
        models = [{"name": m.name, "title": m.info["title"], "task": m.task.kind} for m in self._models.values()]
        return JSONResponse({"models": models}, headers=HEADERS)

    async def _info(self, request: Request) -> Response:
        model = self._model(request)
        address = str(request.base_url).rstrip("/")
        examples = code_examples(address, _SAMPLE_TEXT, model.name, bool(self._options.token))
        info = _fields_of_tei(model, self._options.limits) | {
            "task": model.task.kind,
            "labels": list(model.labels),
            "engine": model.engine.name,
            **model.info,
            "models": list(self._models),
            "examples": [asdict(example) for example in examples],
        }
        return JSONResponse(info, headers=HEADERS)

    async def _show_metrics(self, request: Request) -> Response:
        return Response(self._metrics.text(), headers=HEADERS | {"Content-Type": CONTENT_TYPE_LATEST})

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(openapi_document(list(self._models), bool(self._options.token)), headers=HEADERS)

    async def _page(self, request: Request) -> Response:
        """The page to try the models; the only one with a script, which may call this service alone."""
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        html = _PAGE.read_text(encoding="utf-8").replace("NONCE", nonce)
        return HTMLResponse(
            html, headers=HEADERS | {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
        )


def error_response(error: ServiceError) -> JSONResponse:
    """The response for an error: a sentence and a type."""
    headers = dict(HEADERS)
    if error.status == 429:
        headers["Retry-After"] = "1"
    if error.status in (
        408,
        413,
        415,
    ):  # the rest of the body may still come, and must not be taken for the next request
        headers["Connection"] = "close"
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error.to_json(), error.status, headers)


def _body_too_large(limit: int) -> ServiceError:
    return too_large(f"Expected a body of at most {limit:,} bytes, found more. Send smaller batches or shorter texts.")


async def _count_tokens(model: ServedModel, request: TextRequest) -> list[int]:
    """The number of tokens of each text; a text that may not be cut and is too long is refused."""
    count = model.engine.count_tokens
    if sum(map(len, request.texts)) <= _COUNTED_AT_ONCE:
        tokens = count(request.texts)
    else:
        tokens = await asyncio.to_thread(count, request.texts)
    longest = model.engine.max_tokens
    if not request.truncate:
        for number, found in enumerate(tokens, start=1):
            if found > longest:
                raise too_large(
                    f"Text {number:,} has {found:,} tokens, and the model reads {longest:,}. "
                    'Shorten it, or send "truncate": true.'
                )
    return tokens


def _fields_of_tei(model: ServedModel, limits: Limits) -> dict[str, Any]:
    """The fields that ``/info`` of text-embeddings-inference has and that mean something here."""
    id2label = {str(i): label for i, label in enumerate(model.labels)}
    label2id = {label: i for i, label in enumerate(model.labels)}
    return {
        "model_id": model.name,
        "model_type": {"classifier": {"id2label": id2label, "label2id": label2id}},
        "max_input_length": model.engine.max_tokens,
        "max_batch_tokens": limits.batch_tokens,
        "max_client_batch_size": limits.texts,
        "max_concurrent_requests": limits.queue_texts,
        "auto_truncate": True,
    }
