"""What share of the matrix products' own speed a training step reaches, in float32, on the same cores in the same run."""

import statistics
import time
from typing import Any

from tests.benchmarks.common import Figure

_BATCH, _LENGTH = 16, 128
_ROUNDS = 7


def matmul_share() -> list[Figure]:
    """Multiply-adds a second of a float32 training step against those of bare products of the model's shapes."""
    import torch

    from core import host
    from core.models.classifier import build_classifier
    from core.models.encoders import BUILT_IN
    from core.task import Task
    from core.training import layers
    from core.training.config import TrainingConfig

    torch.set_num_threads(host.cores())
    model: Any = build_classifier(BUILT_IN, Task("binary", ("a", "b")), _LENGTH).model
    layers.set_dropout(model, 0.1)
    layers.freeze(model, TrainingConfig())
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.0, fused=True)
    ids = torch.randint(5, 1000, (_BATCH, _LENGTH))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    labels = torch.zeros(_BATCH, dtype=torch.long)

    def step() -> None:
        torch.nn.functional.cross_entropy(model(**batch).logits, labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    hidden, wide = model.config.hidden_size, model.config.intermediate_size
    heads, depth = model.config.num_attention_heads, model.config.num_hidden_layers - 1
    tokens = _BATCH * _LENGTH
    # Each linear layer is three products: forward, and backward for its input and for its weights.
    shapes = [(tokens, hidden, hidden)] * 4 + [(tokens, hidden, wide), (tokens, wide, hidden)]
    flat = [(torch.rand(m, k), torch.rand(k, n)) for m, k, n in shapes]
    each = hidden // heads
    attention = [
        (torch.rand(_BATCH * heads, _LENGTH, each), torch.rand(_BATCH * heads, each, _LENGTH)),
        (torch.rand(_BATCH * heads, _LENGTH, _LENGTH), torch.rand(_BATCH * heads, _LENGTH, each)),
    ]

    def products() -> None:
        for left, right in flat:
            out = left @ right
            _ = out @ right.T
            _ = left.T @ out
        for left, right in attention:
            out = left @ right
            _ = out @ right.transpose(1, 2)
            _ = left.transpose(1, 2) @ out

    # One pass of ``products`` is the work of one layer; a step does it for each.
    pairs = []
    for _ in range(_ROUNDS + 1):
        pairs.append([_timed(step), depth * _timed(products)])
    pairs = pairs[1:]
    taken, bare = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
    how = f"float32, batch {_BATCH} of {_LENGTH} tokens, dropout 0.1; seconds of a step, and of its bare products"
    return [
        Figure("matmul_share", bare / taken, 0.65, bare / taken / 0.65, "share", pairs, how),
    ]


def _timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
