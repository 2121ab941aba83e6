"""The queue: what becomes a batch, what is refused, and that nothing is lost."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from core.prediction.serving.batching import Batcher, BatchReport, Work
from core.prediction.serving.errors import ServiceError
from core.prediction.serving.options import Limits
from core.task import Floats
from tests.prediction.serving.cases import QUICK, Predictor, count_words


@asynccontextmanager
async def started(limits: Limits = QUICK) -> AsyncIterator[Batcher]:
    batcher = Batcher(limits)
    batcher.start()
    try:
        yield batcher
    finally:
        await asyncio.to_thread(batcher.close)


def work(predictor: Predictor, *texts: str, model: str = "model") -> Work:
    return Work(model, predictor, texts, count_words(texts))


async def until_called(predictor: Predictor) -> None:
    while not predictor.batches:
        await asyncio.sleep(0.001)


async def held(batcher: Batcher, predictor: Predictor) -> "asyncio.Task[Floats]":
    """A request whose computation has begun and waits for the gate."""
    task = asyncio.create_task(batcher.logits(work(predictor, "first")))
    await until_called(predictor)
    return task


def test_requests_that_arrive_while_the_server_is_busy_become_one_batch() -> None:
    predictor = Predictor(2, gate=threading.Event())

    async def run() -> list[Floats]:
        async with started() as batcher:
            first = await held(batcher, predictor)
            others = [asyncio.create_task(batcher.logits(work(predictor, "0" * i, "1"))) for i in range(1, 4)]
            await asyncio.sleep(0.01)
            assert predictor.gate is not None
            predictor.gate.set()
            await first
            return await asyncio.gather(*others)

    answers = asyncio.run(run())
    assert predictor.batches == [["first"], ["0", "1", "00", "1", "000", "1"]]
    assert [answer.tolist() for answer in answers] == [[[i, 0], [0, 1]] for i in range(1, 4)]


def test_an_idle_server_answers_at_once_even_after_a_busy_time() -> None:
    predictor = Predictor(2)

    async def run() -> float:
        async with started(replace(QUICK, batch_wait=0.2)) as batcher:
            await asyncio.gather(*(batcher.logits(work(predictor, str(i))) for i in range(8)))
            await asyncio.sleep(0.4)
            start = time.perf_counter()
            await batcher.logits(work(predictor, "alone"))
            return time.perf_counter() - start

    assert asyncio.run(run()) < 0.15


def test_a_busy_server_does_not_wait_for_more_than_it_needs() -> None:
    predictor = Predictor(2)

    async def run() -> float:
        async with started(replace(QUICK, batch_wait=0.5, batch_tokens=16)) as batcher:
            await asyncio.gather(*(batcher.logits(work(predictor, str(i))) for i in range(8)))
            start = time.perf_counter()
            # Fewer requests than before, but a quarter of the tokens of a full batch.
            await batcher.logits(work(predictor, "0 0 0 0"))
            return time.perf_counter() - start

    assert asyncio.run(run()) < 0.4


def test_one_client_after_the_other_never_waits_for_a_batch() -> None:
    predictor = Predictor(2)

    async def run() -> float:
        async with started(replace(QUICK, batch_wait=0.5)) as batcher:
            start = time.perf_counter()
            for i in range(5):
                await batcher.logits(work(predictor, str(i)))
            return time.perf_counter() - start

    assert asyncio.run(run()) < 0.4


def test_a_batch_closes_at_its_tokens_and_a_large_request_lets_small_ones_pass() -> None:
    predictor = Predictor(2, gate=threading.Event())

    async def run() -> tuple[Floats, Floats]:
        async with started(replace(QUICK, batch_tokens=4)) as batcher:
            first = await held(batcher, predictor)
            large = asyncio.create_task(batcher.logits(work(predictor, *["0 0"] * 4, "a b c d e f 1")))
            await asyncio.sleep(0.01)
            small = asyncio.create_task(batcher.logits(work(predictor, "1")))
            await asyncio.sleep(0.01)
            assert predictor.gate is not None
            predictor.gate.set()
            await first
            return await large, await small

    large, small = asyncio.run(run())
    assert predictor.batches[1:] == [["0 0"] * 2, ["1", "0 0"], ["0 0"], ["a b c d e f 1"]]
    assert large.tolist() == [[2, 0]] * 4 + [[0, 1]]
    assert small.tolist() == [[0, 1]]


def test_a_batch_holds_texts_of_one_model_in_the_order_of_arrival() -> None:
    one, two = Predictor(2, gate=threading.Event()), Predictor(3)

    async def run() -> None:
        async with started() as batcher:
            tasks = [await held(batcher, one)]
            for text, predictor, model in (("a", two, "two"), ("b", one, "model"), ("c", two, "two")):
                tasks.append(asyncio.create_task(batcher.logits(work(predictor, text, model=model))))
                await asyncio.sleep(0.005)
            assert one.gate is not None
            one.gate.set()
            await asyncio.gather(*tasks)

    asyncio.run(run())
    assert one.batches == [["first"], ["b"]]
    assert two.batches == [["a", "c"]]


def test_a_full_queue_refuses_and_has_room_again_later() -> None:
    predictor = Predictor(2, gate=threading.Event())

    async def run() -> None:
        async with started(Limits(texts=2, queue_texts=3)) as batcher:
            first = await held(batcher, predictor)
            waiting = asyncio.create_task(batcher.logits(work(predictor, "a", "b")))
            await asyncio.sleep(0.01)
            with pytest.raises(ServiceError, match="The queue is full: 2 texts are waiting") as caught:
                await batcher.logits(work(predictor, "c", "d"))
            assert caught.value.status == 429
            assert predictor.gate is not None
            predictor.gate.set()
            await asyncio.gather(first, waiting)
            assert batcher.waiting_texts == 0
            assert len(await batcher.logits(work(predictor, "c", "d"))) == 2

    asyncio.run(run())


def test_the_time_limit_frees_the_place_in_the_queue() -> None:
    predictor = Predictor(2, gate=threading.Event())

    async def run() -> list[ServiceError | Floats | BaseException]:
        async with started(replace(QUICK, seconds=0.1)) as batcher:
            first = await held(batcher, predictor)
            second = asyncio.create_task(batcher.logits(work(predictor, "a", "b")))
            answers = await asyncio.gather(first, second, return_exceptions=True)
            assert batcher.waiting_texts == 0
            assert predictor.gate is not None
            predictor.gate.set()
            assert len(await batcher.logits(work(predictor, "c"))) == 1
            return list(answers)

    computing, waiting = asyncio.run(run())
    assert isinstance(computing, ServiceError)
    assert isinstance(waiting, ServiceError)
    assert (computing.status, waiting.status) == (424, 429)
    assert ["a", "b"] not in predictor.batches


def test_a_text_the_model_fails_on_takes_no_other_request_down() -> None:
    predictor = Predictor(2, gate=threading.Event())

    async def run() -> list[Floats | BaseException]:
        async with started() as batcher:
            first = await held(batcher, predictor)
            tasks = [asyncio.create_task(batcher.logits(work(predictor, t))) for t in ("0", "poison", "nan", "1")]
            await asyncio.sleep(0.01)
            assert predictor.gate is not None
            predictor.gate.set()
            await first
            return list(await asyncio.gather(*tasks, return_exceptions=True))

    good, poison, nan, also_good = asyncio.run(run())
    assert isinstance(good, np.ndarray)
    assert isinstance(also_good, np.ndarray)
    assert (good.tolist(), also_good.tolist()) == ([[1, 0]], [[0, 1]])
    for error, sentence in ((poison, "failed on these texts"), (nan, "not numbers")):
        assert isinstance(error, ServiceError)
        assert error.status == 424
        assert sentence in error.sentence
        assert "secret" not in error.sentence


def test_a_predictor_that_gives_too_few_rows_is_an_error() -> None:
    class Short(Predictor):
        def __call__(self, texts: Sequence[str]) -> Floats:
            return super().__call__(texts)[1:]

    async def run() -> None:
        async with started() as batcher:
            with pytest.raises(ServiceError, match="failed"):
                await batcher.logits(work(Short(2), "a", "b"))

    asyncio.run(run())


def test_closing_answers_what_waits_and_refuses_what_comes_later() -> None:
    predictor = Predictor(2, seconds=0.05)

    async def run() -> None:
        batcher = Batcher(replace(QUICK, batch_tokens=1))
        batcher.start()
        tasks = [asyncio.create_task(batcher.logits(work(predictor, str(i)))) for i in range(4)]
        await until_called(predictor)
        await asyncio.to_thread(batcher.close)
        assert len(await asyncio.gather(*tasks)) == 4
        assert not batcher.is_healthy
        with pytest.raises(ServiceError, match="stopping") as caught:
            await batcher.logits(work(predictor, "late"))
        assert caught.value.status == 503

    asyncio.run(run())


def test_every_batch_is_reported() -> None:
    reports: list[BatchReport] = []

    async def run() -> None:
        batcher = Batcher(QUICK, reports.append)
        batcher.start()
        await batcher.logits(work(Predictor(2, seconds=0.02), "a b", "c"))
        await asyncio.to_thread(batcher.close)

    asyncio.run(run())
    (report,) = reports
    assert (report.model, report.texts, report.tokens) == ("model", 2, 3)
    assert report.seconds >= 0.02 > report.queue_seconds >= 0
