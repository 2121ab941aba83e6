"""Loads a pre-trained checkpoint of any architecture as a model and a tokenizer, with a clear error for every failure.

Code from a checkpoint is never run: Python files are not downloaded, all classes are those of transformers, and weights that
exist only as pickles are read with ``weights_only=True``, which creates only tensors.
"""

import importlib.util
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError  # noqa: TID251 - nothing is pickled here; torch raises it
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from core import host
from core.errors import ModelError
from core.models.download import fetch_encoder, first_line
from core.models.encoders import BUILT_IN
from core.models.files import broken_files_error, has_only_pickled_weights, read_config
from core.task import Task

_ATTENTION_DROPOUT = {"attention_probs_dropout_prob", "attention_dropout"}
_log = logging.getLogger(__name__)


def load_encoder(name: str, task: Task) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A sequence classification model on an encoder, with an untrained output layer, and the encoder's tokenizer.

    Attention dropout is zero, because the fast attention kernels of a CPU need that; they save a third of the time of a step.

    Raises:
        ModelError: the encoder cannot be found, downloaded or loaded, or is not an encoder.
    """
    folder = fetch_encoder(name, weights=False)
    config = _config(folder, name, task)
    tokenizer = _tokenizer(folder, config, name)
    # The weights come last: they are not downloaded for an encoder that cannot be used.
    return _model(fetch_encoder(name), config, name), tokenizer


def load_pretrained_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of an encoder. No weights are downloaded.

    Raises:
        ModelError: it cannot be found, downloaded or loaded.
    """
    folder = fetch_encoder(name, weights=False)
    return _tokenizer(folder, _config(folder, name, Task("regression", ())), name)


def output_layer(model: PreTrainedModel) -> nn.Linear:
    """The linear layer that computes the logits."""
    layers = [
        module
        for module in model.modules()
        if isinstance(module, nn.Linear) and module.out_features == model.config.num_labels
    ]
    return layers[-1]


def fastest_attention(config: PreTrainedConfig) -> str:
    """The fastest attention implementation that the architecture supports; DeBERTa, for example, has no sdpa."""
    model_class: Any = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)]
    return "sdpa" if model_class._supports_sdpa else "eager"


def max_input_length(model: PreTrainedModel) -> int | None:
    """The maximum number of tokens in a text; None if the model does not define one."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa's positions start after the padding token's id: 514 positions are 512 tokens.
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return getattr(model.config, "max_position_embeddings", None)


def _config(folder: Path, name: str, task: Task) -> PreTrainedConfig:
    record = read_config(folder, name)
    architecture = record.get("model_type") or _guess_architecture(name)
    _refuse_custom_code(record, architecture, name)
    labels = task.labels or ("value",)
    if architecture not in CONFIG_MAPPING:
        raise ModelError(
            f"{name} has the architecture {architecture!r}, which this version of transformers does not support.",
            "Choose a BERT, DistilBERT, RoBERTa, DeBERTa, ELECTRA, ALBERT or ModernBERT model.",
        )
    with loading_errors(lambda reason: broken_files_error(name, reason)):
        config = CONFIG_MAPPING[architecture].from_pretrained(
            folder,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
            problem_type=task.problem_type,
            local_files_only=True,
        )
    _refuse_non_encoders(config, name)
    for field in _ATTENTION_DROPOUT & set(vars(config)):
        setattr(config, field, 0.0)
    return config


def _guess_architecture(name: str) -> str:
    """The longest architecture name contained in ``name``, for old checkpoints whose configuration has no model_type."""
    file_name = Path(name).name.lower()
    matches = [architecture for architecture in CONFIG_MAPPING if architecture in file_name]
    return max(matches, key=len, default="bert")


def _refuse_custom_code(record: dict[str, Any], architecture: str, name: str) -> None:
    """Refuse a checkpoint that needs its own code. One whose class has since become part of transformers is accepted."""
    custom_code = record.get("auto_map") or {}
    built_in_class = CONFIG_MAPPING[architecture].__name__ if architecture in CONFIG_MAPPING else ""
    if custom_code and str(custom_code.get("AutoConfig", "")).rpartition(".")[2] != built_in_class:
        raise ModelError(
            f"{name} needs its own program code, and this app never runs code from a model repository.",
            "Choose an encoder whose architecture is part of transformers.",
        )


def _refuse_non_encoders(config: PreTrainedConfig, name: str) -> None:
    """Refuse models that are not bidirectional encoders: those that transformers cannot use to fill in masked words."""
    is_encoder = (
        type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING and type(config) in MODEL_FOR_MASKED_LM_MAPPING
    )
    if not is_encoder or config.is_encoder_decoder or getattr(config, "is_decoder", False):
        raise ModelError(
            f"Expected an encoder such as BERT, RoBERTa or DeBERTa, found {config.model_type!r} in {name}.",
            f"Models that generate text (GPT, Llama, T5) are not supported. Choose {BUILT_IN} or another encoder.",
        )


def _tokenizer(folder: Path, config: PreTrainedConfig, name: str) -> PreTrainedTokenizerBase:
    _check_sentencepiece(folder, name)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, config=config, local_files_only=True, trust_remote_code=False, **_casing(folder)
        )
    except Exception as error:  # tokenizers raises no narrower class for an unreadable file
        if host.is_out_of_memory(error):
            raise
        raise broken_files_error(name, f"its tokenizer cannot be read ({first_line(error).rstrip('.')})") from error
    if tokenizer.pad_token_id is None or len(tokenizer) > config.vocab_size:
        raise broken_files_error(name, "its tokenizer does not match its configuration")
    return tokenizer


def _check_sentencepiece(folder: Path, name: str) -> None:
    needed = any(folder.glob("*.model")) and not (folder / "tokenizer.json").exists()
    if needed and importlib.util.find_spec("sentencepiece") is None:
        raise ModelError(
            f"The tokenizer of {name} needs the package sentencepiece.", "Run: pip install -r requirements.txt"
        )


def _casing(folder: Path) -> dict[str, bool]:
    """The casing of an old checkpoint that does not define it (Bio_ClinicalBERT): cased if its vocabulary has capitals."""
    vocabulary = folder / "vocab.txt"
    if any((folder / file).exists() for file in ("tokenizer.json", "tokenizer_config.json")) or not vocabulary.exists():
        return {}
    pieces = vocabulary.read_text(encoding="utf-8").splitlines()
    return {"do_lower_case": not any(piece != piece.lower() for piece in pieces if not piece.startswith("["))}


def _model(folder: Path, config: PreTrainedConfig, name: str) -> PreTrainedModel:
    if has_only_pickled_weights(folder):
        _log.warning("%s has no safetensors file. Its pickled weights are read with weights_only=True.", name)
    with loading_errors(lambda reason: broken_files_error(name, reason)):
        loaded: tuple[PreTrainedModel, dict[str, Any]] = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            # Some are published in half precision (DeBERTa-v3), in which AdamW's small updates would be lost.
            dtype=torch.float32,
            attn_implementation=fastest_attention(config),
            # The output layer of a model that was fine-tuned for other labels has another shape; it is replaced anyway.
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            local_files_only=True,
            weights_only=True,
            trust_remote_code=False,
        )
    model, info = loaded
    uninitialized = {*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])}
    _check_encoder_weights(model, uninitialized, name)
    _reset_output_layer(model, uninitialized)
    return model


def _check_encoder_weights(model: PreTrainedModel, uninitialized: set[str], name: str) -> None:
    """Check that all weights of the encoder were loaded: transformers initializes missing ones at random."""
    prefix = f"{model.base_model_prefix}."
    missing = sorted(key for key in uninitialized if key.startswith(prefix) and ".pooler." not in key)
    if missing:
        raise broken_files_error(
            name, f"{len(missing)} weights are missing or have the wrong shape, such as {missing[0]}"
        )


@torch.no_grad()
def _reset_output_layer(model: PreTrainedModel, uninitialized: set[str]) -> None:
    """Reinitialize an output layer that was loaded because its shape fits: it was trained for other labels."""
    layer = output_layer(model)
    keys = {key for key, parameter in model.named_parameters() if parameter is layer.weight}
    if not keys & uninitialized:
        layer.weight.normal_(std=0.02)
        layer.bias.zero_()


@contextmanager
def loading_errors(make_error: Callable[[str], ModelError]) -> Iterator[None]:
    """A context that turns the exceptions of transformers for unusable files into a ModelError made from the reason.

    Running out of memory is not the fault of a file and passes through.
    """
    try:
        yield
    except UnpicklingError as error:  # its own message explains how to run the code in the file
        raise make_error("its pickled weights contain other objects than tensors and are not loaded") from error
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError, StrictDataclassError) as error:
        if host.is_out_of_memory(error):
            raise
        raise make_error(first_line(error).rstrip(".")) from error
