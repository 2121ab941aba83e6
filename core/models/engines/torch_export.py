"""A classifier of any architecture as an ONNX graph, by torch's exporter. Slow to import and to run; BERT needs it not."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch

from core.models.classifier import load_classifier
from core.models.engines.bert_graph import INPUTS, LOGITS

# Two texts of different lengths: a dimension of size 1 would be exported as a constant.
_EXAMPLE_LENGTH = 9
_OPSET = 20


class _Logits(torch.nn.Module):
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self.model(input_ids=input_ids, attention_mask=attention_mask).logits)


def export_classifier(model_folder: Path, path: Path) -> None:
    """Write the graph of a whole saved classifier, with the inputs and the output of :mod:`core.models.engines.bert_graph`."""
    classifier = load_classifier(model_folder)
    token_ids = torch.tensor(classifier.tokenizer("a")["input_ids"])[:1].repeat(2, _EXAMPLE_LENGTH)
    mask = torch.ones_like(token_ids)
    mask[1, _EXAMPLE_LENGTH // 2 :] = 0
    dynamic: Any = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with _quiet():
        program = torch.onnx.export(
            _Logits(classifier.model.cpu()).eval(),
            (token_ids, mask),
            dynamo=True,
            verbose=False,
            input_names=list(INPUTS),
            output_names=[LOGITS],
            dynamic_shapes=(dynamic, dynamic),
            opset_version=_OPSET,
        )
        assert program is not None
        program.save(path, external_data=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the exporter logs about packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
