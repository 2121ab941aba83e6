"""Runs exported graphs with ONNX Runtime. Imports no torch.

Every session has a single thread, and a batch runs in each of as many threads of ours as there are cores: that is a little
faster than one batch on all cores, and leaves no pool of idle threads that could block another library's.
"""

import importlib
from pathlib import Path
from typing import Any

from core import host
from core.models.batching import BatchRunner, BatchSize, Ints
from core.models.engines.bert_graph import INPUTS
from core.task import Floats

# Measured with MiniLM-L6 on one core: 256 to 512 tokens are fastest, 2,048 take 15 % longer.
_BATCH_SIZE = BatchSize(tokens=512, texts=64)
_ERRORS_ONLY = 3


def load_onnx_runner(graph: Path, output: str, pad_id: int) -> BatchRunner:
    """The runner of one output of a graph."""
    onnxruntime: Any = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    size = next(int(node.shape[1]) for node in session.get_outputs() if node.name == output)

    def compute(*arrays: Ints) -> Floats:
        outputs: list[Floats] = session.run([output], dict(zip(INPUTS, arrays, strict=True)))
        return outputs[0]

    return BatchRunner(compute, size, pad_id, _BATCH_SIZE, host.cores())
