"""A bounded queue in front of one inference thread, which answers waiting requests in batches.

An idle server starts at once. A busy one starts the next batch when enough tokens wait for efficient matrix products, when as
many requests wait as the last batch answered, or after a few milliseconds. While a batch is computed, the answers of the last
one are sent and new requests are read. A large request is computed in parts, so that small ones pass between them.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from core.prediction.serving.errors import ServiceError, failed, overloaded
from core.prediction.serving.options import Limits
from core.task import Floats

# A busy server waits for this share of the largest batch: more would be no faster, and the model would stand still.
_ENOUGH = 0.25

Predictor = Callable[[Sequence[str]], Floats]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """Texts for a model, the number of tokens of each, and the predictor that gives their logits (n, outputs)."""

    model: str
    predictor: Predictor
    texts: Sequence[str]
    tokens: Sequence[int]


@dataclass(frozen=True)
class BatchReport:
    """A computed batch: its model, its size, how long its oldest request had waited and how long the model took."""

    model: str
    texts: int
    tokens: int
    queue_seconds: float
    seconds: float


@dataclass(eq=False)
class _Job:
    """A request in the queue: what of it was taken already and the logits that are there."""

    work: Work
    future: "asyncio.Future[Floats]"
    loop: asyncio.AbstractEventLoop
    submitted: float
    taken: int = 0
    parts: list[Floats] = field(default_factory=list)

    @property
    def rest(self) -> int:
        return len(self.work.texts) - self.taken


@dataclass(frozen=True)
class _Slice:
    """Some of the texts of a job."""

    job: _Job
    start: int
    stop: int

    @property
    def texts(self) -> Sequence[str]:
        return self.job.work.texts[self.start : self.stop]


def _ignore(report: BatchReport) -> None:
    pass


class Batcher:
    """The queue and its thread. ``on_batch`` receives a report of every batch, in the inference thread."""

    def __init__(self, limits: Limits, on_batch: Callable[[BatchReport], None] = _ignore) -> None:
        self._limits = limits
        self._on_batch = on_batch
        self._changed = threading.Condition()
        self._queue: deque[_Job] = deque()
        self._texts = 0
        self._tokens = 0
        self._last_requests = 0
        self._closed = False
        self._is_idle = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    @property
    def waiting_texts(self) -> int:
        """The number of texts in the queue."""
        return self._texts

    @property
    def is_healthy(self) -> bool:
        """Whether requests are accepted and answered."""
        return self._thread.is_alive() and not self._closed

    def start(self) -> None:
        """Start the inference thread."""
        self._thread.start()

    def close(self) -> None:
        """Refuse new requests, answer those that wait and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def check_room(self, texts: int = 1) -> None:
        """Do nothing if the queue has room for this many texts.

        Raises:
            ServiceError: the queue is full, or the service is stopping.
        """
        if self._closed:
            raise ServiceError(503, "Unhealthy", "The service is stopping.")
        if self._texts + texts > self._limits.queue_texts:
            raise overloaded(f"The queue is full: {self._texts:,} texts are waiting. Try again in a moment.")

    async def logits(self, work: Work) -> Floats:
        """The logits (n, outputs) of the texts, in their order.

        Raises:
            ServiceError: the queue is full, the model failed, or the time limit has passed.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), loop, time.monotonic())
        with self._changed:
            self.check_room(job.rest)
            self._queue.append(job)
            self._texts += job.rest
            self._tokens += sum(work.tokens)
            if self._is_idle or self._is_enough():
                self._changed.notify()
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await job.future
        except TimeoutError as error:
            seconds = f"{self._limits.seconds:g} seconds"
            if job.taken:
                raise failed(f"The model took longer than {seconds}. Send fewer or shorter texts.") from error
            raise overloaded(f"The request waited {seconds} in the queue. Try again later.") from error
        finally:
            if not job.future.done() or job.future.cancelled():
                self._cancel(job)

    def _cancel(self, job: _Job) -> None:
        with self._changed, suppress(ValueError):
            self._queue.remove(job)
            self._forget(job, job.taken, len(job.work.texts))

    def _forget(self, job: _Job, start: int, stop: int) -> None:
        """Subtract texts that have left the queue."""
        self._texts -= stop - start
        self._tokens -= sum(job.work.tokens[start:stop])

    def _is_enough(self) -> bool:
        """Whether a batch need not wait for more requests."""
        return self._tokens >= _ENOUGH * self._limits.batch_tokens or len(self._queue) >= self._last_requests

    def _run(self) -> None:
        while batch := self._next_batch():
            self._last_requests = len(batch)
            self._compute(batch)

    def _next_batch(self) -> list[_Slice]:
        """The next batch, once there is one; an empty one when the queue is closed and empty."""
        with self._changed:
            # Several requests were just answered: their clients are likely to send the next ones within moments.
            if self._last_requests > 1:
                deadline = time.monotonic() + self._limits.batch_wait
                while not (self._closed or self._is_enough()) and (left := deadline - time.monotonic()) > 0:
                    self._changed.wait(left)
            self._is_idle = True
            while not self._queue and not self._closed:
                self._changed.wait()
            self._is_idle = False
            return self._take()

    def _take(self) -> list[_Slice]:
        """Remove a batch from the queue: texts of one model in the order of arrival, up to the number of tokens."""
        slices: list[_Slice] = []
        others: list[_Job] = []
        room = self._limits.batch_tokens
        while self._queue and room > 0:
            job = self._queue.popleft()
            if slices and job.work.model != slices[0].job.work.model:
                others.append(job)
                continue
            start = stop = job.taken
            while stop < len(job.work.texts) and (job.work.tokens[stop] <= room or not (slices or stop > start)):
                room -= job.work.tokens[stop]
                stop += 1
            if stop > start:
                slices.append(_Slice(job, start, stop))
                self._forget(job, start, stop)
                job.taken = stop
            if not job.rest:
                continue
            # A job that was begun goes to the end, so that others are not kept waiting by a large request.
            if stop > start:
                self._queue.append(job)
            else:
                others.append(job)
            break
        self._queue.extendleft(reversed(others))
        return slices

    def _compute(self, batch: list[_Slice]) -> None:
        work = batch[0].job.work
        started = time.monotonic()
        oldest = min(part.job.submitted for part in batch)
        finished = self._predict(work.predictor, batch)
        tokens = sum(sum(part.job.work.tokens[part.start : part.stop]) for part in batch)
        texts = sum(part.stop - part.start for part in batch)
        self._on_batch(BatchReport(work.model, texts, tokens, started - oldest, time.monotonic() - started))
        self._deliver(finished)

    def _predict(self, predictor: Predictor, batch: list[_Slice]) -> list[tuple[_Job, ServiceError | None]]:
        """The jobs of a batch that are done, each with its error; a batch that fails is repeated request by request."""
        texts = [text for part in batch for text in part.texts]
        try:
            logits = predictor(texts)
            if len(logits) != len(texts):
                raise ValueError(f"the predictor gave {len(logits)} rows for {len(texts)} texts")
        except Exception:
            if len(batch) > 1:
                return [done for part in batch for done in self._predict(predictor, [part])]
            logger.exception("The model failed")
            return [(batch[0].job, failed("The model failed on these texts; the log of the server has the details."))]
        finished: list[tuple[_Job, ServiceError | None]] = []
        first = 0
        for part in batch:
            rows = logits[first : first + part.stop - part.start]
            first += len(rows)
            part.job.parts.append(rows)
            if not np.isfinite(rows).all():
                finished.append((part.job, failed("The model gave values that are not numbers for these texts.")))
            elif part.stop == len(part.job.work.texts):
                finished.append((part.job, None))
        return finished

    def _deliver(self, finished: list[tuple[_Job, ServiceError | None]]) -> None:
        """Hand the results to the event loop, in one step for the whole batch."""
        for job, error in finished:
            if error is not None:
                self._cancel(job)
        if finished:
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                finished[0][0].loop.call_soon_threadsafe(_set_results, finished)


def _set_results(finished: list[tuple[_Job, ServiceError | None]]) -> None:
    for job, error in finished:
        if job.future.done():
            continue
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(np.concatenate(job.parts) if len(job.parts) > 1 else job.parts[0])
