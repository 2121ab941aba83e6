"""The ONNX files of an exported model: float32 and int8, compared with PyTorch before they are handed out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.formatting import pluralize
from core.models.engines.base import ONNX_FP32, ONNX_INT8, is_installed
from core.prediction.bundle import layout
from core.runs import Run

TOLERANCE = 1e-4
_TEXTS = 200


@dataclass(frozen=True)
class OnnxFiles:
    """Graphs by their name in the zip, and how close they are to PyTorch on some validation texts.

    ``difference`` is the largest difference of a float32 logit, ``int8_agreement`` the share of texts with the same prediction.
    """

    graphs: dict[str, Path]
    difference: float
    int8_agreement: float
    texts: int

    def card_section(self) -> str:
        """The section of the model card."""
        return (
            "## ONNX\n\n"
            f"`onnx/model.onnx` computes the logits of PyTorch with a difference of at most {self.difference:.1g}, and "
            f"`onnx/model_int8.onnx`, with 8-bit weights, gives the same prediction for {self.int8_agreement:.1%} of the texts. "
            f"Both were measured on {pluralize(self.texts, 'validation text')}. The inputs are `input_ids` and `attention_mask`, "
            "the output is `logits`.\n"
        )


def make_onnx_files(run: Run, model_folder: Path) -> OnnxFiles | None:
    """The ONNX files of a run's whole model in a folder; None if it cannot be exported quickly, or differs from PyTorch."""
    from core import decision_rule
    from core.models.classifier import load_classifier
    from core.models.engines.agreement import agreement
    from core.models.engines.export import model_source, onnx_graph
    from core.models.engines.load import load_engine

    if not is_installed(ONNX_FP32):
        return None
    try:
        source = model_source(model_folder)
        if not _is_quick(source.config, source.exports):
            return None
        graphs = {layout.ONNX_FP32: onnx_graph(source, ONNX_FP32), layout.ONNX_INT8: onnx_graph(source, ONNX_INT8)}
        texts = run.split("validation")["text"].tolist()[:_TEXTS] or ["a text"]
        expected = load_classifier(model_folder).logits(texts)
        exact, rounded = (load_engine(model_folder, name).logits(texts) for name in (ONNX_FP32, ONNX_INT8))
    except ModelError:  # no exporter for this architecture
        return None
    difference = float(np.abs(expected - exact).max())
    # Predicted values can be large, and float32 has seven digits.
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        return None
    agreed = agreement(run.task, decision_rule.load(model_folder), expected, rounded)
    return OnnxFiles(graphs, difference, float(agreed.mean()), len(texts))


def _is_quick(config: Mapping[str, Any], exports: Path) -> bool:
    """Whether the graph is built in a second, or torch's exporter has already written it."""
    from core.models.engines.bert_graph import can_build
    from core.models.engines.export import GRAPH

    return can_build(config) or (exports / ONNX_FP32 / GRAPH).exists()
