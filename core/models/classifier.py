"""A model that computes logits from texts: built on an encoder, saved, loaded and run; instant and fine-tuned models alike.

A saved model has one of two forms, each with ``studio.json`` beside it. *whole* is what ``save_pretrained`` writes and plain
transformers loads. *head* is ``head.safetensors`` alone: a few kB to put on an encoder. In memory both are the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from core import host
from core.errors import ModelError, StorageError
from core.jobs.events import OnProgress, no_progress
from core.migrations import legacy_temperature
from core.models.checkpoint import fastest_attention, load_encoder, loading_errors, max_input_length
from core.models.checkpoint import output_layer as output_layer
from core.models.download import first_line
from core.models.encoders import BUILT_IN
from core.models.head import Head
from core.models.pooling import (
    add_mean_pooling,
    can_pool,
    has_mean_pooling,
    restored_pooling_layer,
    use_direct_pooling,
)
from core.storage import parse_record, read_record, write_record
from core.task import Floats, Task
from core.workspace import write_atomically

_RECORD = "studio.json"
_HEAD = "head.safetensors"
# Tokens in a batch of prediction, with padding: enough for efficient matrix products, few enough for the CPU's cache.
_BATCH_TOKENS = 2048
_MAX_BATCH = 64


@dataclass(frozen=True)
class _Record:
    """The contents of studio.json."""

    form: Literal["whole", "head"]
    task: Task
    encoder: str
    max_length: int


@dataclass(frozen=True)
class Classifier:
    """A sequence classification model in evaluation mode with its tokenizer and task."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    task: Task
    encoder: str
    max_length: int

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs) in the order of the texts; for regression the predicted values, (n, 1)."""
        return self._run(texts, lambda batch: self.model(**batch).logits, on_progress)

    def features(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """The mean-pooled vectors (n, hidden) that the head reads.

        Raises:
            ModelError: the architecture does not support mean pooling.
        """
        model = require_mean_pooling(self.model, self.encoder)
        return self._run(texts, lambda batch: model.bert(**batch).pooler_output, on_progress)

    def _run(
        self, texts: Sequence[str], compute: Callable[[dict[str, Any]], torch.Tensor], on_progress: OnProgress
    ) -> Floats:
        """Compute in batches of similar length, which need little padding; longest first, so that memory peaks at the start."""
        token_ids = (
            self.tokenizer(list(texts), truncation=True, max_length=self.max_length)["input_ids"] if len(texts) else []
        )
        order = sorted(range(len(texts)), key=lambda row: len(token_ids[row]), reverse=True)
        results: list[Floats | None] = [None] * len(texts)
        done = 0
        while done < len(order):
            longest = len(token_ids[order[done]])
            rows = order[done : done + max(1, min(_MAX_BATCH, _BATCH_TOKENS // longest))]
            batch = self.tokenizer.pad({"input_ids": [token_ids[row] for row in rows]}, return_tensors="pt").to(
                self.model.device
            )
            with torch.inference_mode():
                outputs = compute(dict(batch)).float().cpu().numpy()
            for row, output in zip(rows, outputs, strict=True):
                results[row] = output
            done += len(rows)
            on_progress(done, len(order))
        return np.stack(cast(list[Floats], results)) if results else np.zeros((0, self.task.outputs), dtype=np.float32)

    def with_head(self, head: Head) -> "Classifier":
        """The same classifier with a fitted head as its output layer. Changes the model in place."""
        layer = output_layer(self.model)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(head.weight))
            layer.bias.copy_(torch.from_numpy(head.bias))
        return replace(self)


def require_mean_pooling(model: PreTrainedModel, encoder: str) -> BertForSequenceClassification:
    """The model itself, if it is mean-pooled.

    Raises:
        ModelError: it is not.
    """
    if not has_mean_pooling(model):
        raise ModelError(
            f"Frozen features need an encoder of the BERT architecture, found {model.config.model_type!r} in {encoder}.",
            f"Choose fine-tuning as the method, or {BUILT_IN} as the encoder.",
        )
    return cast(BertForSequenceClassification, model)


def scale_output(classifier: Classifier, factor: float) -> None:
    """Multiply the output layer by a factor, in place, so that all logits are multiplied by it."""
    layer = output_layer(classifier.model)
    with torch.no_grad():
        layer.weight.mul_(factor)
        layer.bias.mul_(factor)


def build_classifier(encoder: str, task: Task, max_length: int) -> Classifier:
    """A classifier on a pre-trained encoder with an untrained head, mean-pooled if the architecture supports it.

    Raises:
        ModelError: the encoder cannot be found, downloaded or loaded.
    """
    torch.set_num_threads(host.cores())
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    model, tokenizer = load_encoder(encoder, task)
    # A model that this app trained can be an encoder too, and already has the pooling layer.
    if can_pool(model) and not has_mean_pooling(model):
        add_mean_pooling(cast(BertForSequenceClassification, model))
    use_direct_pooling(model)
    max_length = min(max_length, max_input_length(model) or max_length)
    return Classifier(model.eval(), tokenizer, task, encoder, max_length)


def save_pretrained(classifier: Classifier, folder: Path) -> None:
    """Write the whole model in the format of transformers. Its tokenizer truncates where the classifier does."""
    folder.mkdir(parents=True, exist_ok=True)
    with restored_pooling_layer(classifier.model):
        classifier.model.save_pretrained(folder)
    tokenizer = classifier.tokenizer
    encoder_length, tokenizer.model_max_length = tokenizer.model_max_length, classifier.max_length
    try:
        tokenizer.save_pretrained(folder)
    finally:
        tokenizer.model_max_length = encoder_length
    _write_record(classifier, folder, "whole")


def save_head(classifier: Classifier, folder: Path) -> None:
    """Write only the output layer. The rest of the model must be the unchanged encoder."""
    layer = output_layer(classifier.model)
    tensors = {"weight": layer.weight.detach().cpu().numpy(), "bias": layer.bias.detach().cpu().numpy()}
    write_atomically(folder / _HEAD, lambda path: save_file(tensors, path))
    _write_record(classifier, folder, "head")


def load_classifier(folder: Path) -> Classifier:
    """The classifier that :func:`save_pretrained` or :func:`save_head` wrote, on the best device of this machine.

    Raises:
        ModelError: the folder has no model, or its files are damaged or of a newer version.
    """
    record = _read_record(folder)
    classifier = _load_head(folder, record) if record.form == "head" else _load_pretrained(folder, record)
    temperature = legacy_temperature(folder)
    if temperature != 1.0:
        scale_output(classifier, 1 / temperature)
    classifier.model.to(host.device())  # type: ignore[arg-type]
    return classifier


def _load_head(folder: Path, record: _Record) -> Classifier:
    classifier = build_classifier(record.encoder, record.task, record.max_length)
    with loading_errors(lambda reason: _loading_error(folder, reason)):
        tensors = load_file(folder / _HEAD)
        head = Head(tensors["weight"].astype(np.float32), tensors["bias"].astype(np.float32), 0.0)
        return classifier.with_head(head)


def _load_pretrained(folder: Path, record: _Record) -> Classifier:
    torch.set_num_threads(host.cores())
    transformers_logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # tokenizers raises no narrower class for an unreadable file
        raise _loading_error(folder, first_line(error).rstrip(".")) from error
    with loading_errors(lambda reason: _loading_error(folder, reason)):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model, info = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            attn_implementation=fastest_attention(config),
            output_loading_info=True,
            trust_remote_code=False,
        )
    if info["missing_keys"]:  # transformers has initialized them at random
        raise _loading_error(folder, f"{len(info['missing_keys'])} weights are missing")
    if model.config.num_labels != record.task.outputs:
        raise _loading_error(
            folder, f"expected {record.task.outputs} outputs as in {_RECORD}, found {model.config.num_labels}"
        )
    use_direct_pooling(model)
    return Classifier(model.eval(), tokenizer, record.task, record.encoder, record.max_length)


def _loading_error(folder: Path, reason: str) -> ModelError:
    return ModelError(f"The model of {folder.parent.name} cannot be loaded: {reason}.", "Train the model again.")


def _read_record(folder: Path) -> _Record:
    path = folder / _RECORD
    if not path.exists():
        raise ModelError(f"{folder.parent.name} has no model.", "Train a model on the Train page.")
    try:
        record = parse_record(_Record, read_record(path), path)
    except StorageError as error:
        raise ModelError(error.message, error.hint) from error
    if record.max_length < 1:
        raise _loading_error(folder, f"expected a max_length of 1 or more in {_RECORD}, found {record.max_length}")
    return record


def _write_record(classifier: Classifier, folder: Path, form: Literal["whole", "head"]) -> None:
    record = _Record(form, classifier.task, classifier.encoder, classifier.max_length)
    write_record(folder / _RECORD, asdict(record))
