"""Runs exported graphs with OpenVINO: in float32, in bfloat16 where the processor has it, or in int8 calibrated by NNCF.

OpenVINO is an extra (requirements-openvino.txt). Each of as many streams as there are cores runs a batch on one core.
"""

import importlib
import os
import queue
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import host
from core.errors import ModelError
from core.models.batching import BatchRunner, BatchSize, Ints, pad
from core.models.engines.base import CALIBRATION_TEXTS, ONNX_FP32, OPENVINO_BF16, OPENVINO_INT8
from core.models.engines.bert_graph import INPUTS
from core.models.engines.export import Source, export_once, onnx_graph
from core.models.truncation import TruncatingTokenizer
from core.task import Floats

_BATCH_SIZE = BatchSize(tokens=512, texts=64)
_CALIBRATION_BATCH = 8
_GRAPH = "model.xml"


def openvino_graph(
    source: Source, engine: str, tokenizer: TruncatingTokenizer, calibration_texts: Sequence[str]
) -> Path:
    """The graph of an engine: the ONNX one, which OpenVINO reads, or for int8 one of its own, quantized if necessary.

    Raises:
        ModelError: the model cannot be exported, or must be quantized and there are no texts to calibrate it on.
    """
    exact = onnx_graph(source, ONNX_FP32)
    if engine != OPENVINO_INT8:
        return exact

    def quantize(folder: Path) -> None:
        if not calibration_texts:
            raise ModelError("OpenVINO needs texts to calibrate int8.", "Run the trial of the engines.")
        pad_id = int(source.config.get("pad_token_id") or 0)
        token_ids = sorted(tokenizer.token_ids(calibration_texts[:CALIBRATION_TEXTS]), key=len)
        starts = range(0, len(token_ids), _CALIBRATION_BATCH)
        _quantize(exact, [pad(token_ids[start : start + _CALIBRATION_BATCH], pad_id) for start in starts], folder)

    return export_once(source, OPENVINO_INT8, quantize) / _GRAPH


def _quantize(exact: Path, batches: list[tuple[Ints, Ints]], folder: Path) -> None:
    os.environ["NNCF_CI"] = "1"  # NNCF would report its use to its makers
    openvino: Any = importlib.import_module("openvino")
    nncf: Any = importlib.import_module("nncf")
    samples = nncf.Dataset(batches, lambda batch: dict(zip(INPUTS, batch, strict=True)))
    quantized = nncf.quantize(
        openvino.Core().read_model(exact),
        samples,
        subset_size=len(batches),
        model_type=nncf.ModelType.TRANSFORMER,
    )
    openvino.save_model(quantized, folder / _GRAPH, compress_to_fp16=False)


def load_openvino_runner(graph: Path, engine: str, output: str, pad_id: int) -> BatchRunner:
    """The runner of one output of a graph."""
    openvino: Any = importlib.import_module("openvino")
    core = openvino.Core()
    workers = host.cores()
    options = {
        "INFERENCE_NUM_THREADS": workers,
        "NUM_STREAMS": workers,
        "INFERENCE_PRECISION_HINT": "bf16" if engine == OPENVINO_BF16 else "f32",
    }
    model = core.compile_model(core.read_model(graph), "CPU", options)
    size = model.output(output).get_partial_shape()[1].get_length()
    requests: queue.Queue[Any] = queue.Queue()
    for _ in range(workers):
        requests.put(model.create_infer_request())

    def compute(*arrays: Ints) -> Floats:
        request = requests.get()
        try:
            request.infer(dict(zip(INPUTS, arrays, strict=True)))
            outputs: Floats = request.get_tensor(output).data.copy()
            return outputs
        finally:
            requests.put(request)

    return BatchRunner(compute, size, pad_id, _BATCH_SIZE, workers)
