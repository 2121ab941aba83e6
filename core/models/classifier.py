"""A model that computes logits from texts: built on an encoder, saved, loaded and run; instant and fine-tuned models alike.

A saved model has one of two forms, each with ``studio.json`` beside it. *whole* is what ``save_pretrained`` writes and plain
transformers loads. *head* is ``head.safetensors`` alone: a few kB to put on an encoder. In memory both are the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from safetensors.numpy import load_file
from tokenizers import Encoding
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
from core.errors import ModelError
from core.evaluation.decisions.weight_correction import Calibration
from core.jobs.events import OnProgress, no_progress
from core.migrations import legacy_temperature
from core.models.batching import BatchRunner, Ints
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
from core.models.record import (
    HEAD_FILE,
    RECORD_FILE,
    ModelRecord,
    loading_error,
    read_model_record,
    write_head,
    write_model_record,
)
from core.models.truncation import TOKENIZED_AT_ONCE, Truncation, read_ids
from core.task import Floats, Task

# Computes the outputs of a batch from its input ids and attention mask.
_Compute = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Classifier:
    """A sequence classification model in evaluation mode with its tokenizer and task."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    task: Task
    encoder: str
    max_length: int
    truncation: Truncation = "head"

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs) in the order of the texts; for regression the predicted values, (n, 1)."""
        return self._run(texts, self._compute_logits, self.task.outputs, on_progress)

    def features(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """The mean-pooled vectors (n, hidden) that the head reads.

        Raises:
            ModelError: the architecture does not support mean pooling.
        """
        model = require_mean_pooling(self.model, self.encoder)

        def compute(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return cast(torch.Tensor, model.bert(input_ids=input_ids, attention_mask=attention_mask).pooler_output)

        return self._run(texts, compute, model.config.hidden_size, on_progress)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of the tokens that the model reads of each text, special tokens included."""
        ids: list[list[int]] = []
        for start in range(0, len(texts), TOKENIZED_AT_ONCE):
            encodings = self._encode(list(texts[start : start + TOKENIZED_AT_ONCE]))
            ids += [read_ids(encoding, self.max_length, self.truncation) for encoding in encodings]
        return ids

    def encode(self, text: str) -> Encoding:
        """All tokens of a text, also those that the model does not read."""
        return self._encode([text])[0]

    def _encode(self, texts: list[str]) -> list[Encoding]:
        # Truncation is a state of the tokenizer, which several threads must not change at the same time.
        return self.tokenizer(texts, truncation=False, verbose=False).encodings or []

    def _compute_logits(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self.model(input_ids=input_ids, attention_mask=attention_mask).logits)

    def _run(self, texts: Sequence[str], compute: _Compute, outputs: int, on_progress: OnProgress) -> Floats:
        token_ids = self.token_ids(texts)

        def compute_batch(*arrays: Ints) -> Floats:
            with torch.inference_mode():
                tensors = [torch.from_numpy(array).to(self.model.device) for array in arrays]
                return cast(Floats, compute(*tensors).float().cpu().numpy())

        return BatchRunner(compute_batch, outputs, cast(int, self.tokenizer.pad_token_id)).run(token_ids, on_progress)

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


def calibrate_output(classifier: Classifier, calibration: Calibration) -> None:
    """Fold a calibration into the output layer, in place, so that all logits are calibrated."""
    scale_output(classifier, 1 / calibration.temperature)
    if calibration.offsets:
        layer = output_layer(classifier.model)
        with torch.no_grad():
            layer.bias.add_(torch.tensor(calibration.offsets, dtype=layer.bias.dtype, device=layer.bias.device))


def build_classifier(encoder: str, task: Task, max_length: int, truncation: Truncation = "head") -> Classifier:
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
    return Classifier(model.eval(), tokenizer, task, encoder, max_length, truncation)


def save_pretrained(classifier: Classifier, folder: Path) -> None:
    """Write the whole model in the format of transformers. Its tokenizer truncates at the same length."""
    folder.mkdir(parents=True, exist_ok=True)
    with restored_pooling_layer(classifier.model):
        classifier.model.save_pretrained(folder)
    tokenizer = classifier.tokenizer
    encoder_length, tokenizer.model_max_length = tokenizer.model_max_length, classifier.max_length
    try:
        tokenizer.save_pretrained(folder)
    finally:
        tokenizer.model_max_length = encoder_length
    write_model_record(folder, _record(classifier, "whole"))


def save_head(classifier: Classifier, folder: Path) -> None:
    """Write only the output layer. The rest of the model must be the unchanged encoder."""
    layer = output_layer(classifier.model)
    head = Head(layer.weight.detach().cpu().numpy(), layer.bias.detach().cpu().numpy(), 0.0)
    write_head(folder, head, _record(classifier, "head"))


def load_classifier(folder: Path) -> Classifier:
    """The classifier that :func:`save_pretrained` or :func:`save_head` wrote, on the best device of this machine.

    Raises:
        ModelError: the folder has no model, or its files are damaged or of a newer version.
    """
    record = read_model_record(folder)
    classifier = _load_head(folder, record) if record.form == "head" else _load_pretrained(folder, record)
    temperature = legacy_temperature(folder)
    if temperature != 1.0:
        scale_output(classifier, 1 / temperature)
    classifier.model.to(host.device())  # type: ignore[arg-type]
    return classifier


def _load_head(folder: Path, record: ModelRecord) -> Classifier:
    classifier = build_classifier(record.encoder, record.task, record.max_length, record.truncation)
    with loading_errors(lambda reason: loading_error(folder, reason)):
        tensors = load_file(folder / HEAD_FILE)
        head = Head(tensors["weight"].astype(np.float32), tensors["bias"].astype(np.float32), 0.0)
        return classifier.with_head(head)


def _load_pretrained(folder: Path, record: ModelRecord) -> Classifier:
    torch.set_num_threads(host.cores())
    transformers_logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # tokenizers raises no narrower class for an unreadable file
        raise loading_error(folder, first_line(error).rstrip(".")) from error
    with loading_errors(lambda reason: loading_error(folder, reason)):
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
        raise loading_error(folder, f"{len(info['missing_keys'])} weights are missing")
    if model.config.num_labels != record.task.outputs:
        raise loading_error(
            folder, f"expected {record.task.outputs} outputs as in {RECORD_FILE}, found {model.config.num_labels}"
        )
    use_direct_pooling(model)
    return Classifier(model.eval(), tokenizer, record.task, record.encoder, record.max_length, record.truncation)


def _record(classifier: Classifier, form: Literal["whole", "head"]) -> ModelRecord:
    return ModelRecord(form, classifier.task, classifier.encoder, classifier.max_length, classifier.truncation)
