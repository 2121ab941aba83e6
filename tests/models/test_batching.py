"""Batches of similar length: limits, order of results, workers."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.batching import BatchRunner, BatchSize, Ints, pad, similar_length_batches
from core.task import Floats

SIZE = BatchSize(tokens=20, texts=4)


@given(st.lists(st.integers(0, 30), max_size=40))
def test_batches_cover_every_row_once_and_keep_the_limits(lengths: list[int]) -> None:
    batches = list(similar_length_batches(lengths, SIZE))
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    for rows in batches:
        longest = max(lengths[row] for row in rows)
        assert len(rows) <= SIZE.texts
        assert len(rows) == 1 or len(rows) * longest <= SIZE.tokens
    assert [max(lengths[row] for row in rows) for rows in batches] == sorted(
        (max(lengths[row] for row in rows) for rows in batches), reverse=True
    )


def test_a_batch_ends_before_a_text_that_would_be_mostly_padding() -> None:
    size = BatchSize(tokens=10_000, texts=64)
    assert list(similar_length_batches([100, 80, 74, 60, 55, 10, 2], size)) == [[0, 1], [2, 3], [4], [5, 6]]
    assert len(list(similar_length_batches(range(1, 10), size))) == 1  # 8 tokens of padding cost nothing


def test_padding_is_masked() -> None:
    ids, mask = pad([[5, 6, 7], [8]], pad_id=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def sums(ids: Ints, mask: Ints) -> Floats:
    return np.asarray((ids * mask).sum(axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("workers", [1, 3])
def test_outputs_are_in_the_order_of_the_texts(workers: int) -> None:
    token_ids = [[row] * (1 + row * 7 % 13) for row in range(50)]
    seen: list[tuple[int, int]] = []
    outputs = BatchRunner(sums, 1, 0, SIZE, workers).run(token_ids, lambda done, total: seen.append((done, total)))
    assert outputs[:, 0].tolist() == [float(sum(ids)) for ids in token_ids]
    assert seen == sorted(seen)
    assert seen[-1] == (50, 50)


@pytest.mark.parametrize("texts", [2, 5, 16, 40])
def test_few_texts_are_shared_evenly_among_workers(texts: int) -> None:
    tokens: list[int] = []

    def record(ids: Ints, mask: Ints) -> Floats:
        tokens.append(ids.size)
        return sums(ids, mask)

    BatchRunner(record, 1, 0, BatchSize(tokens=512, texts=64), workers=2).run([[1] * 10] * texts)
    assert sum(tokens) == 10 * texts
    assert max(tokens) <= 5 * texts + 10


def test_no_text_gives_no_output() -> None:
    assert BatchRunner(sums, 3, 0).run([]).shape == (0, 3)


def test_workers_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def wait(ids: Ints, mask: Ints) -> Floats:
        meeting.wait()
        return sums(ids, mask)

    assert BatchRunner(wait, 1, 0, BatchSize(1, 1), workers=2).run([[1], [2]])[:, 0].tolist() == [1, 2]


def test_an_error_in_a_batch_is_raised_and_ends_the_run() -> None:
    calls: list[int] = []

    def fail(ids: Ints, mask: Ints) -> Floats:
        calls.append(len(ids))
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        BatchRunner(fail, 1, 0, BatchSize(1, 1), workers=2).run([[1]] * 500)
    assert len(calls) < 500
