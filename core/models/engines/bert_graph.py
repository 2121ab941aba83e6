"""A BERT encoder as an ONNX graph, built from its weights in a second, without torch and without its exporter.

The graph reads ``input_ids`` and ``attention_mask``, both (batch, length), and computes ``features`` (batch, hidden), the
pooled vectors, and ``logits`` (batch, outputs) if the weights contain a classifier. It uses only operators of the ONNX
standard; ONNX Runtime and OpenVINO fuse them when they load it.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.models.head import MEAN_FACTOR, NORM_EPS, POOLED_SCALE

INPUTS = ("input_ids", "attention_mask")
FEATURES, LOGITS = "features", "logits"
# Matrix products whose name starts so stay in float32 when the graph is quantized: they cost little and decide much.
EXACT_PREFIX = "exact/"
_OPSET, _IR_VERSION = 20, 10
_PREFIX = "bert."
_Array = npt.NDArray[Any]


def can_build(config: Mapping[str, Any]) -> bool:
    """Whether a configuration describes a BERT that :func:`build_bert` can build."""
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
    )


def build_bert(config: Mapping[str, Any], weights: Mapping[str, _Array], add_mean_pooling: bool) -> onnx.ModelProto:
    """The graph of an encoder, or of a whole classifier that :func:`core.models.classifier.save_pretrained` wrote.

    The vector of a text is the mean of its tokens if the model has the pooling layer (which is replaced by a direct mean) or
    if ``add_mean_pooling`` is set, as for an encoder that a head is put on; else it is that of the [CLS] token.

    Raises:
        KeyError: a weight is missing.
    """
    saved_pooling = bool(config.get("mean_pooling_layer", False))
    layers = int(config["num_hidden_layers"]) - saved_pooling
    graph = _Graph({_canonical(name): array for name, array in weights.items()}, float(config["layer_norm_eps"]))
    hidden = graph.embed()
    mask = graph.attention_mask()
    for number in range(layers):
        hidden = graph.layer(f"encoder.layer.{number}.", hidden, mask, int(config["num_attention_heads"]))
    pooled = graph.mean(hidden) if saved_pooling or add_mean_pooling else graph.first_token(hidden)
    if add_mean_pooling and not saved_pooling:
        pooled = graph.node("Mul", pooled, graph.constant(np.float32(POOLED_SCALE)))
    else:
        pooled = graph.linear("pooler.dense", pooled, exact=True)
    graph.output(FEATURES, graph.node("Tanh", pooled), int(config["hidden_size"]))
    if "classifier.weight" in graph.weights:
        graph.output(LOGITS, graph.linear("classifier", FEATURES, exact=True), len(graph.weights["classifier.bias"]))
    return graph.model()


def _canonical(name: str) -> str:
    """The name of a weight without the prefix of its model; old checkpoints call scale and shift gamma and beta."""
    name = name.removeprefix(_PREFIX)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


class _Graph:
    """Nodes and constants of a graph that grows; each method returns the name of the tensor that it computes."""

    def __init__(self, weights: dict[str, _Array], eps: float) -> None:
        self.weights = weights
        self.eps = eps
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._outputs: list[onnx.ValueInfoProto] = []

    def node(self, operator: str, *inputs: str, exact: bool = False, **attributes: Any) -> str:
        name = f"{EXACT_PREFIX if exact else ''}{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, value: _Array | np.generic, name: str = "") -> str:
        name = name or f"constant_{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)
        return name

    def weight(self, name: str, transposed: bool = False) -> str:
        array = self.weights[name].astype(np.float32)
        return self.constant(array.T if transposed else array, name)

    def output(self, name: str, tensor: str, size: int) -> None:
        self._nodes.append(helper.make_node("Identity", [tensor], [name], name=f"output_{name}"))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size]))

    def model(self) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in INPUTS]
        graph = helper.make_graph(self._nodes, "bert", inputs, self._outputs, list(self._constants.values()))
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION, producer_name="studio"
        )

    def linear(self, name: str, tensor: str, exact: bool = False) -> str:
        product = self.node("MatMul", tensor, self.weight(f"{name}.weight", transposed=True), exact=exact)
        return self.node("Add", product, self.weight(f"{name}.bias"))

    def normalize(self, name: str, tensor: str) -> str:
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", tensor, scale, shift, axis=-1, epsilon=self.eps)

    def embed(self) -> str:
        words = self.node("Gather", self.weight("embeddings.word_embeddings.weight"), INPUTS[0])
        # All tokens are of the first type, so its vector is added to the positions.
        types = self.weights["embeddings.token_type_embeddings.weight"][0]
        places = (self.weights["embeddings.position_embeddings.weight"] + types).astype(np.float32)
        start, axis = (self.constant(np.array([value], np.int64)) for value in (0, 0))
        length = self.node("Shape", INPUTS[0], start=1, end=2)
        positions = self.node("Slice", self.constant(places, "positions"), start, length, axis)
        return self.normalize("embeddings.LayerNorm", self.node("Add", words, positions))

    def attention_mask(self) -> str:
        """What is added to attention scores, (batch, 1, 1, length): 0 for tokens, very negative for padding."""
        mask = self.node("Cast", INPUTS[1], to=TensorProto.FLOAT)
        padding = self.node("Sub", self.constant(np.float32(1)), mask)
        lowest = self.constant(np.float32(np.finfo(np.float32).min))
        return self.node("Unsqueeze", self.node("Mul", padding, lowest), self.constant(np.array([1, 2], np.int64)))

    def layer(self, prefix: str, hidden: str, mask: str, heads: int) -> str:
        width = self.weights["embeddings.LayerNorm.weight"].shape[0]
        split = self.constant(np.array([0, 0, heads, width // heads], np.int64))
        vectors = {
            part: self.node("Reshape", self.linear(f"{prefix}attention.self.{part}", hidden), split)
            for part in ("query", "key", "value")
        }
        query, value = (self.node("Transpose", vectors[part], perm=[0, 2, 1, 3]) for part in ("query", "value"))
        scores = self.node("MatMul", query, self.node("Transpose", vectors["key"], perm=[0, 2, 3, 1]))
        scaled = self.node("Mul", scores, self.constant(np.float32(1 / math.sqrt(width // heads))))
        attention = self.node("Softmax", self.node("Add", scaled, mask), axis=-1)
        context = self.node("Transpose", self.node("MatMul", attention, value), perm=[0, 2, 1, 3])
        context = self.node("Reshape", context, self.constant(np.array([0, 0, width], np.int64)))
        attended = self.node("Add", self.linear(f"{prefix}attention.output.dense", context), hidden)
        attended = self.normalize(f"{prefix}attention.output.LayerNorm", attended)
        inner = self.node("Gelu", self.linear(f"{prefix}intermediate.dense", attended))
        outer = self.node("Add", self.linear(f"{prefix}output.dense", inner), attended)
        return self.normalize(f"{prefix}output.LayerNorm", outer)

    def first_token(self, hidden: str) -> str:
        return self.node("Gather", hidden, self.constant(np.int64(0)), axis=1)

    def mean(self, hidden: str) -> str:
        """What the pooling layer computes for the [CLS] token: the normalized mean of all tokens."""
        mask = self.node("Cast", INPUTS[1], to=TensorProto.FLOAT)
        last = self.constant(np.array([1], np.int64))
        shares = self.node("Div", mask, self.node("ReduceSum", mask, last, keepdims=1))
        total = self.node("MatMul", self.node("Unsqueeze", shares, last), hidden)
        mean = self.node("Mul", self.node("Squeeze", total, last), self.constant(np.float32(MEAN_FACTOR)))
        pooled = self.node("Add", mean, self.first_token(hidden))
        width = self.weights["embeddings.LayerNorm.weight"].shape[0]
        scale, shift = self.constant(np.ones(width, np.float32)), self.constant(np.zeros(width, np.float32))
        for _ in range(2):  # after the layer's attention and after its feed-forward block, which is zero
            pooled = self.node("LayerNormalization", pooled, scale, shift, axis=-1, epsilon=NORM_EPS)
        return pooled
