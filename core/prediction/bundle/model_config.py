"""Rebuilds config.json and the tokenizer's files of an imported model from fields that are known and in range.

Fields that are not in the lists are left out. Fields that could lead transformers to other code are refused.
"""

from typing import Any

from core.prediction.bundle.refusal import refusal
from core.task import Task

ARCHITECTURES = {
    "albert": "AlbertForSequenceClassification",
    "bert": "BertForSequenceClassification",
    "deberta-v2": "DebertaV2ForSequenceClassification",
    "distilbert": "DistilBertForSequenceClassification",
    "electra": "ElectraForSequenceClassification",
    "modernbert": "ModernBertForSequenceClassification",
    "roberta": "RobertaForSequenceClassification",
    "xlm-roberta": "XLMRobertaForSequenceClassification",
}
_FORBIDDEN = ("auto_map", "quantization_config", "custom_pipelines", "custom_generate", "trust_remote_code")
_WIDTH, _LAYERS, _TOKEN, _POSITIONS = (1, 8_192), (1, 65), (-1, 1_000_000), (-1, 131_072)
_INTEGERS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("hidden_size", "embedding_size", "dim", "pooler_hidden_size"), _WIDTH),
    **dict.fromkeys(("intermediate_size", "hidden_dim"), (1, 65_536)),
    **dict.fromkeys(("num_hidden_layers", "n_layers", "num_hidden_groups", "inner_group_num"), _LAYERS),
    **dict.fromkeys(("num_attention_heads", "n_heads"), (1, 256)),
    **dict.fromkeys(("max_position_embeddings", "max_relative_positions", "position_buckets"), _POSITIONS),
    **dict.fromkeys(("local_attention", "global_attn_every_n_layers"), (1, 131_072)),
    **{f"{name}_token_id": _TOKEN for name in ("pad", "bos", "eos", "cls", "sep")},
    "vocab_size": (1, 1_000_000),
    "type_vocab_size": (0, 16),
}
_SHARES = [
    "attention_dropout",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "classifier_dropout_prob",
    "dropout",
    "embedding_dropout",
    "hidden_dropout_prob",
    "initializer_range",
    "layer_norm_eps",
    "mlp_dropout",
    "norm_eps",
    "pooler_dropout",
    "qa_dropout",
    "seq_classif_dropout",
    "summary_last_dropout",
]
_BOOLEANS = [
    "attention_bias",
    "classifier_bias",
    "legacy",
    "mean_pooling_layer",
    "mlp_bias",
    "norm_bias",
    "position_biased_input",
    "relative_attention",
    "share_att_key",
    "sinusoidal_pos_embds",
    "summary_use_proj",
]
_ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "tanh")
_CHOICES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "activation",
            "classifier_activation",
            "hidden_act",
            "hidden_activation",
            "pooler_hidden_act",
            "summary_activation",
        ),
        _ACTIVATIONS,
    ),
    "classifier_pooling": ("cls", "mean"),
    "norm_rel_ebd": ("none", "layer_norm"),
    "position_embedding_type": ("absolute",),
    "summary_type": ("first",),
}
_LISTS = {"pos_att_type": ("c2p", "p2c"), "layer_types": ("full_attention", "sliding_attention")}


def rebuild_config(config: dict[str, Any], task: Task) -> dict[str, Any]:
    """The contents of config.json from the fields of an imported one that are known, and the labels of the task.

    Raises:
        StorageError: the architecture is not supported, a field is out of range or forbidden, or the labels are others.
    """
    _refuse_code(config, "config.json")
    architecture = config.get("model_type")
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise refusal(f"expected one of {', '.join(ARCHITECTURES)} as model_type, found {str(architecture)[:40]!r}")
    if config.get("is_decoder") or config.get("is_encoder_decoder") or config.get("add_cross_attention"):
        raise refusal("config.json describes a model that generates text")
    _check_labels(config, task)
    rebuilt = {name: value for name, value in config.items() if value is not None and _is_known(name, value)}
    if "rope_parameters" in config:
        rebuilt["rope_parameters"] = _rope_parameters(config["rope_parameters"])
    names = task.labels or ("value",)
    return rebuilt | {
        "architectures": [ARCHITECTURES[architecture]],
        "model_type": architecture,
        "dtype": "float32",
        "problem_type": task.problem_type,
        "id2label": {str(i): name for i, name in enumerate(names)},
        "label2id": {name: i for i, name in enumerate(names)},
    }


def _refuse_code(record: dict[str, Any], file: str) -> None:
    for name in record:
        if name in _FORBIDDEN or name.startswith("_attn") or "attn_implementation" in name:
            raise refusal(f"{file} contains the field {name[:60]!r}, which can run other code")


def _check_labels(config: dict[str, Any], task: Task) -> None:
    expected = {str(i): name for i, name in enumerate(task.labels or ("value",))}
    if config.get("id2label") != expected:
        raise refusal("the labels in config.json are not those in run.json")


def _is_known(name: str, value: Any) -> bool:
    """Whether a field is in the lists.

    Raises:
        StorageError: it is, but its value is not allowed.
    """
    if name in _INTEGERS:
        low, high = _INTEGERS[name]
        allowed, expected = _is_number(value, int) and low <= value <= high, f"a whole number from {low} to {high:,}"
    elif name in _SHARES:
        allowed, expected = _is_number(value, int, float) and 0 <= value <= 1, "a number from 0 to 1"
    elif name in _BOOLEANS:
        allowed, expected = isinstance(value, bool), "true or false"
    elif name in _CHOICES:
        allowed, expected = value in _CHOICES[name], f"one of {', '.join(_CHOICES[name])}"
    elif name in _LISTS:
        allowed = isinstance(value, list) and len(value) <= _LAYERS[1] and all(item in _LISTS[name] for item in value)
        expected = f"a list of {' and '.join(_LISTS[name])}"
    else:
        return False
    if not allowed:
        raise refusal(f"expected {expected} as {name} in config.json, found {str(value)[:60]!r}")
    return True


def _is_number(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _rope_parameters(parameters: Any) -> dict[str, dict[str, Any]]:
    """The rotary position parameters of ModernBERT: a base for each kind of layer."""
    if not isinstance(parameters, dict) or not set(parameters) <= set(_LISTS["layer_types"]):
        raise refusal("rope_parameters in config.json are not those of ModernBERT")
    rebuilt = {}
    for name, values in parameters.items():
        theta = values.get("rope_theta") if isinstance(values, dict) and values.get("rope_type") == "default" else None
        if not _is_number(theta, int, float) or not 1 <= theta <= 1e9:  # type: ignore[operator]
            raise refusal("rope_parameters in config.json are out of range")
        rebuilt[name] = {"rope_type": "default", "rope_theta": theta}
    return rebuilt
