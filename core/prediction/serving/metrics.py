"""What ``GET /metrics`` shows, in the format of Prometheus: load, speed and what the models predict."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from core.evaluation.decisions.predictions import Predictions
from core.prediction.serving.batching import BatchReport
from core.prediction.serving.models import ServedModel

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_TOKENS = (16, 64, 128, 256, 512, 1024, 2048, 4096)


class ServiceMetrics:
    """The counters of one service, in a registry of its own."""

    def __init__(self, waiting_texts: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("studio_requests", "Requests", ["route", "status"], registry=registry)
        self._request_seconds = Histogram(
            "studio_request_seconds", "Seconds from request to response", ["route"], buckets=_SECONDS, registry=registry
        )
        self._batch_texts = Histogram(
            "studio_batch_texts", "Texts in a batch", ["model"], buckets=_TEXTS, registry=registry
        )
        self._batch_tokens = Histogram(
            "studio_batch_tokens", "Tokens in a batch", ["model"], buckets=_TOKENS, registry=registry
        )
        self._inference_seconds = Histogram(
            "studio_inference_seconds", "Seconds that a batch took", ["model"], buckets=_SECONDS, registry=registry
        )
        self._queue_seconds = Histogram(
            "studio_queue_seconds",
            "Seconds that the oldest request of a batch had waited",
            ["model"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._predictions = Counter("studio_predictions", "Predicted labels", ["model", "label"], registry=registry)
        self._texts = Counter("studio_texts", "Classified texts", ["model"], registry=registry)
        self._not_sure = Counter("studio_not_sure", "Texts with an unsure prediction", ["model"], registry=registry)
        self._text_tokens = Histogram(
            "studio_text_tokens", "Tokens in a text, uncut", ["model"], buckets=_TOKENS, registry=registry
        )
        queue = Gauge("studio_queue_texts", "Texts that wait in the queue", registry=registry)
        queue.set_function(waiting_texts)

    def record_request(self, route: str, status: int, seconds: float) -> None:
        """Count a response."""
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def record_batch(self, report: BatchReport) -> None:
        """Count a computed batch."""
        self._batch_texts.labels(report.model).observe(report.texts)
        self._batch_tokens.labels(report.model).observe(report.tokens)
        self._inference_seconds.labels(report.model).observe(report.seconds)
        self._queue_seconds.labels(report.model).observe(report.queue_seconds)

    def record_predictions(self, model: ServedModel, tokens: list[int], predictions: Predictions) -> None:
        """Count what a model predicted for the texts of a request."""
        self._texts.labels(model.name).inc(len(predictions))
        self._not_sure.labels(model.name).inc(int(predictions.abstained.sum()))
        for count in tokens:
            self._text_tokens.labels(model.name).observe(count)
        if predictions.task.kind == "regression":
            return
        for predicted in predictions.labels:
            for label in predicted if isinstance(predicted, list) else [str(predicted)]:
                self._predictions.labels(model.name, label).inc()

    def text(self) -> bytes:
        """All metrics in the format that Prometheus reads."""
        return generate_latest(self._registry)
