"""Batches of tokenized texts of similar length, which need little padding. Every engine computes in them. Imports no torch."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.jobs.events import OnProgress, no_progress
from core.task import Floats

Ints = npt.NDArray[np.int64]
# Computes an output (n, k) for each row of padded token ids (n, length) and their attention mask (n, length).
Compute = Callable[[Ints, Ints], Floats]
# A text joins a batch if it has this share of the tokens of the longest one, or nearly as many.
_MIN_SHARE, _MIN_PADDING = 0.75, 8
# Several workers take turns at least this often, unless their batches would have fewer tokens than this.
_ROUNDS, _FEW = 3, 96


@dataclass(frozen=True)
class BatchSize:
    """The largest batch: its tokens with padding, and its texts. A longer text is a batch of its own.

    A batch needs enough tokens for efficient matrix products, and few enough that its activations fit in the CPU's cache.
    """

    tokens: int = 2048
    texts: int = 64


def similar_length_batches(lengths: Sequence[int], size: BatchSize) -> Iterator[list[int]]:
    """The rows of each batch; longest texts first, so that memory use peaks at the start.

    A batch also ends before a text that would be mostly padding.
    """
    order = sorted(range(len(lengths)), key=lambda row: lengths[row], reverse=True)
    start = 0
    while start < len(order):
        longest = max(1, lengths[order[start]])
        shortest = min(_MIN_SHARE * longest, longest - _MIN_PADDING)
        most = min(len(order), start + max(1, min(size.texts, size.tokens // longest)))
        end = next((at for at in range(start + 1, most) if lengths[order[at]] < shortest), most)
        yield order[start:end]
        start = end


def pad(token_ids: Sequence[Sequence[int]], pad_id: int) -> tuple[Ints, Ints]:
    """Token ids padded to the longest text, and the attention mask; both (n, length)."""
    length = max(len(ids) for ids in token_ids)
    padded = np.full((len(token_ids), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(token_ids), length), dtype=np.int64)
    for row, ids in enumerate(token_ids):
        padded[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    return padded, mask


@dataclass(frozen=True)
class BatchRunner:
    """Runs ``compute`` on padded batches in ``workers`` threads; ``outputs`` is the number of values for each text.

    Several workers suit a ``compute`` that uses one core and releases the GIL.
    """

    compute: Compute
    outputs: int
    pad_id: int
    size: BatchSize = BatchSize()
    workers: int = 1

    def run(self, token_ids: Sequence[Sequence[int]], on_progress: OnProgress = no_progress) -> Floats:
        """The outputs (n, outputs) of tokenized texts, in their order."""
        outputs = np.zeros((len(token_ids), self.outputs), dtype=np.float32)
        lengths = [len(ids) for ids in token_ids]
        batches = list(similar_length_batches(lengths, self._even_size(lengths)))
        done = 0
        for rows, values in self._compute_all(token_ids, batches):
            outputs[rows] = values
            done += len(rows)
            on_progress(done, len(token_ids))
        return outputs

    def _even_size(self, lengths: Sequence[int]) -> BatchSize:
        """A batch size at which the workers finish at about the same time, also when there are few texts."""
        if self.workers == 1 or not lengths:
            return self.size
        total = sum(lengths)
        rounds = max(
            math.ceil(total / (self.workers * self.size.tokens)), min(_ROUNDS, total // (self.workers * _FEW)), 1
        )
        # Half a text more, since a batch has whole texts.
        tokens = math.ceil(total / (self.workers * rounds) + max(lengths) / 2)
        return BatchSize(min(self.size.tokens, tokens), self.size.texts)

    def _compute_all(
        self, token_ids: Sequence[Sequence[int]], batches: list[list[int]]
    ) -> Iterator[tuple[list[int], Floats]]:
        def compute(rows: list[int]) -> Floats:
            return self.compute(*pad([token_ids[row] for row in rows], self.pad_id))

        if self.workers == 1 or len(batches) == 1:
            yield from ((rows, compute(rows)) for rows in batches)
            return
        with ThreadPoolExecutor(self.workers) as executor:
            futures: list[Future[Floats]] = [executor.submit(compute, rows) for rows in batches]
            try:
                yield from ((rows, future.result()) for rows, future in zip(batches, futures, strict=True))
            finally:
                executor.shutdown(cancel_futures=True)
