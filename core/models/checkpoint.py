"""A pre-trained checkpoint of any architecture as a model and a tokenizer, and every way in which that can fail as a sentence.

No code that comes with a checkpoint is ever run: Python files are not even downloaded, classes are those of transformers, and
weights that are only there as a pickle are read with ``weights_only=True``, which builds nothing but tensors.
"""

import importlib.util
import logging
from collections.abc import Iterator
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
from core.models.download import fetch, first_line
from core.models.encoders import BUILT_IN
from core.models.files import broken, only_pickled, read_config
from core.task import Task

_ATTENTION_DROPOUT = {"attention_probs_dropout_prob", "attention_dropout"}
_log = logging.getLogger(__name__)


def open_encoder(name: str, task: Task) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A sequence classification model on an encoder, with an untrained output layer, and the encoder's tokenizer.

    Attention dropout is switched off: only then does a CPU take the fast attention path (a third of the time of a step).

    Raises:
        ModelError: the encoder cannot be found, downloaded or loaded, or is none.
    """
    folder = fetch(name, weights=False)
    config = _config(folder, name, task)
    tokenizer = _tokenizer(folder, config, name)
    # Only now the large part: what cannot be used is not worth the download.
    return _model(fetch(name), config, name), tokenizer


def open_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of an encoder alone; no weights are downloaded.

    Raises:
        ModelError: it cannot be found, downloaded or loaded.
    """
    folder = fetch(name, weights=False)
    return _tokenizer(folder, _config(folder, name, Task("regression", ())), name)


def output_layer(model: PreTrainedModel) -> nn.Linear:
    """The last linear layer: the one that gives the logits."""
    layers = [
        module
        for module in model.modules()
        if isinstance(module, nn.Linear) and module.out_features == model.config.num_labels
    ]
    return layers[-1]


def attention_of(config: PreTrainedConfig) -> str:
    """The fastest attention that the architecture has: DeBERTa's, for one, is its own."""
    model_class: Any = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)]
    return "sdpa" if model_class._supports_sdpa else "eager"


def longest_input(model: PreTrainedModel) -> int | None:
    """How many tokens the model has positions for, None where nothing says so."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa and its kin count positions from the padding token's number upwards: 514 of them are 512 tokens.
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return getattr(model.config, "max_position_embeddings", None)


def _config(folder: Path, name: str, task: Task) -> PreTrainedConfig:
    written = read_config(folder, name)
    kind = written.get("model_type") or _guess(name)
    _refuse_code(written, kind, name)
    labels = task.labels or ("value",)
    if kind not in CONFIG_MAPPING:
        raise ModelError(
            f"{name} is of the kind {kind!r}, which this version of transformers does not know.",
            "Choose a BERT, DistilBERT, RoBERTa, DeBERTa, ELECTRA, ALBERT or ModernBERT.",
        )
    with _broken_files(name):
        config = CONFIG_MAPPING[kind].from_pretrained(
            folder,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
            problem_type=task.problem_type,
            local_files_only=True,
        )
    _refuse_other_models(config, name)
    for field in _ATTENTION_DROPOUT & set(vars(config)):
        setattr(config, field, 0.0)
    return config


def _guess(name: str) -> str:
    """The architecture from the name, for old checkpoints whose configuration does not say: the longest that fits."""
    title = Path(name).name.lower()
    fitting = [kind for kind in CONFIG_MAPPING if kind in title]
    return max(fitting, key=len, default="bert")


def _refuse_code(written: dict[str, Any], kind: str, name: str) -> None:
    """Refuse what needs code of its own; what transformers took over since still names its old code, and is welcome."""
    code = written.get("auto_map") or {}
    known = CONFIG_MAPPING[kind].__name__ if kind in CONFIG_MAPPING else ""
    if code and str(code.get("AutoConfig", "")).rpartition(".")[2] != known:
        raise ModelError(
            f"{name} needs program code of its own, and code that comes with a model is never run here.",
            "Choose an encoder that transformers has built in.",
        )


def _refuse_other_models(config: PreTrainedConfig, name: str) -> None:
    """Refuse what does not read a text in both directions: an encoder is what was trained to fill in words."""
    is_encoder = (
        type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING and type(config) in MODEL_FOR_MASKED_LM_MAPPING
    )
    if not is_encoder or config.is_encoder_decoder or getattr(config, "is_decoder", False):
        raise ModelError(
            f"Expected an encoder such as BERT, RoBERTa or DeBERTa, found {config.model_type!r} in {name}.",
            f"Models that write texts (GPT, Llama, T5) cannot be used here. Choose {BUILT_IN} or another encoder.",
        )


def _tokenizer(folder: Path, config: PreTrainedConfig, name: str) -> PreTrainedTokenizerBase:
    _need_sentencepiece(folder, name)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, config=config, local_files_only=True, trust_remote_code=False, **_casing(folder)
        )
    except Exception as error:  # tokenizers raises nothing more special on a file it cannot read
        raise broken(name, f"its tokenizer cannot be read ({first_line(error).rstrip('.')})") from error
    if tokenizer.pad_token_id is None or len(tokenizer) > config.vocab_size:
        raise broken(name, "its tokenizer does not fit its configuration")
    return tokenizer


def _need_sentencepiece(folder: Path, name: str) -> None:
    has_model = any(folder.glob("*.model")) and not (folder / "tokenizer.json").exists()
    if has_model and importlib.util.find_spec("sentencepiece") is None:
        raise ModelError(
            f"The tokenizer of {name} needs the package sentencepiece.", "Run: pip install -r requirements.txt"
        )


def _casing(folder: Path) -> dict[str, bool]:
    """Keep capitals where an old checkpoint has a vocabulary of them and no word on casing (Bio_ClinicalBERT is one)."""
    vocabulary = folder / "vocab.txt"
    if any((folder / file).exists() for file in ("tokenizer.json", "tokenizer_config.json")) or not vocabulary.exists():
        return {}
    pieces = vocabulary.read_text(encoding="utf-8").splitlines()
    return {"do_lower_case": not any(piece != piece.lower() for piece in pieces if not piece.startswith("["))}


def _model(folder: Path, config: PreTrainedConfig, name: str) -> PreTrainedModel:
    if only_pickled(folder):
        _log.warning("%s has no safetensors: its pickled weights are read with weights_only=True.", name)
    with _broken_files(name):
        loaded: tuple[PreTrainedModel, dict[str, Any]] = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            # Some come in half precision (DeBERTa-v3), in which AdamW's steps would vanish.
            dtype=torch.float32,
            attn_implementation=attention_of(config),
            # The output layer of a model that was fine-tuned for other labels does not fit, and is not wanted.
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            local_files_only=True,
            weights_only=True,
            trust_remote_code=False,
        )
    model, found = loaded
    _check_all_loaded(model, found, name)
    _reset_output_layer(model, found)
    return model


def _check_all_loaded(model: PreTrainedModel, found: dict[str, Any], name: str) -> None:
    """A weight that is missing would silently be random; only what lies above the encoder may be."""
    unfit = {*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])}
    lost = sorted(key for key in unfit if key.startswith(f"{model.base_model_prefix}.") and ".pooler." not in key)
    if lost:
        raise broken(name, f"{len(lost)} weights are missing or of another size, {lost[0]} for one")


@torch.no_grad()
def _reset_output_layer(model: PreTrainedModel, found: dict[str, Any]) -> None:
    """Forget an output layer that happens to fit: it was trained for other labels."""
    layer = output_layer(model)
    keys = {key for key, parameter in model.named_parameters() if parameter is layer.weight}
    if not keys & {*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])}:
        layer.weight.normal_(std=0.02)
        layer.bias.zero_()


@contextmanager
def _broken_files(name: str) -> Iterator[None]:
    try:
        yield
    except UnpicklingError as error:  # what it says itself is how to run the code in there
        raise broken(name, "its pickled weights hold other things than tensors, and are not loaded") from error
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError, StrictDataclassError) as error:
        if host.is_out_of_memory(error):
            raise
        raise broken(name, first_line(error).rstrip(".")) from error
