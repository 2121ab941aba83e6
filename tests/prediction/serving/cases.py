"""Services to test: models with a predictor made for the purpose, on a free port of loopback, and a plain client."""

import http.client
import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import uvicorn

from core.decision_rule import DecisionRule
from core.prediction.serving.app import create_app
from core.prediction.serving.models import LoadedEngine, ServedModel
from core.prediction.serving.options import Limits, ServeOptions
from core.prediction.serving.protocol import LimitedHttpProtocol
from core.task import Floats, Task

TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("apple", "plum", "<b>sky</b>")),
    "multilabel": Task("multilabel", ("red", "sweet", "cold")),
    "regression": Task("regression", ()),
}
# Made for tests: everything at once.
QUICK = Limits(batch_wait=0.0)
INFO: dict[str, Any] = {
    "run": "1",
    "encoder": "made up",
    "dataset": {"name": "Made up", "fingerprint": "0"},
    "decision_rule": {"abstain_below": 0.6},
    "metrics": {"test": [{"name": "f1_macro", "value": 0.9, "low": 0.8, "high": 0.95, "rows": 80}]},
}


@dataclass
class Predictor:
    """Gives logits that follow from a text alone: output i is the number of times that its digit i occurs.

    It takes ``seconds`` for a call, waits for ``gate`` first, and fails on texts that contain "poison". "nan" gives NaN.
    """

    outputs: int
    seconds: float = 0.0
    gate: threading.Event | None = None
    batches: list[list[str]] = field(default_factory=list)

    def __call__(self, texts: Sequence[str]) -> Floats:
        self.batches.append(list(texts))
        if self.gate is not None:
            assert self.gate.wait(30)
        if self.seconds:
            time.sleep(self.seconds)
        if any("poison" in text for text in texts):
            raise ValueError("a secret of the model")
        logits = np.asarray([[text.count(str(i)) for i in range(self.outputs)] for text in texts], dtype=np.float32)
        logits[["nan" in text for text in texts]] = np.nan
        return logits


def count_words(texts: Sequence[str]) -> list[int]:
    """Stands in for a tokenizer."""
    return [len(text.split()) for text in texts]


def made_model(
    kind: str = "multiclass", name: str = "model", rule: DecisionRule | None = None, predictor: Predictor | None = None
) -> ServedModel:
    """A model that reads up to 10 words."""
    task = TASKS[kind]
    engine = LoadedEngine("made up", predictor or Predictor(task.outputs), count_words, 10)
    return ServedModel(name, task, rule or DecisionRule(), engine, INFO | {"title": name})


@contextmanager
def running(models: Sequence[ServedModel], options: ServeOptions | None = None) -> Iterator[str]:
    """The address of a service of these models, while the block lasts."""
    options = options or ServeOptions(limits=QUICK)
    config = uvicorn.Config(
        create_app(models, options),
        port=0,
        http=LimitedHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class Reply:
    """A response: status, headers (names in lower case) and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """A connection that stays open."""

    def __init__(self, address: str, token: str = "") -> None:
        parts = urlsplit(address)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """The response to a request."""
        self._connection.request(method, path, body, self._headers | (headers or {}))
        response = self._connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def get(address: str, path: str, token: str = "") -> Reply:
    """The response to a GET request."""
    with Client(address, token) as client:
        return client.send("GET", path)


def post(address: str, path: str, body: object, token: str = "") -> Reply:
    """The response to a POST request; what is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with Client(address, token) as client:
        return client.send("POST", path, data)
