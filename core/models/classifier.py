"""A model that turns texts into logits: built on an encoder, saved, loaded, run. Instant and fine-tuned alike.

Two forms on disk, both with ``studio.json``. *whole*: what ``save_pretrained`` writes, which plain transformers loads.
*head*: ``head.safetensors`` alone, a few kB to be put on an encoder that everybody has. In memory they are the same thing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

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
from core.errors import ModelError
from core.jobs.events import OnProgress, no_progress
from core.models.checkpoint import attention_of, longest_input, open_encoder
from core.models.checkpoint import output_layer as output_layer
from core.models.download import first_line
from core.models.encoders import BUILT_IN
from core.models.head import Head
from core.models.pooling import add_mean_pooling, can_pool, has_mean_pooling, pool_directly, pooling_layer_in_place
from core.task import Floats, Task
from core.workspace import read_json, write_atomically, write_json

_RECORD = "studio.json"
_HEAD = "head.safetensors"
# Padded tokens in one batch of prediction: large enough for full matrix products, small enough for the cache.
_BATCH_TOKENS = 2048
_MAX_BATCH = 64


@dataclass(frozen=True)
class Classifier:
    """A sequence classification model in evaluation mode with all it takes to use it on texts."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    task: Task
    encoder: str
    max_length: int

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Outputs (n, outputs) in the order of the texts; for regression the predicted value, (n, 1)."""
        return self._run(texts, lambda batch: self.model(**batch).logits, on_progress)

    def features(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """The vectors (n, hidden) that the head sees.

        Raises:
            ModelError: the architecture has no pooled vector.
        """
        model = pooled_model(self.model, self.encoder)
        return self._run(texts, lambda batch: model.bert(**batch).pooler_output, on_progress)

    def _run(
        self, texts: Sequence[str], compute: Callable[[dict[str, Any]], torch.Tensor], on_progress: OnProgress
    ) -> Floats:
        """Run in batches of like length, longest first, so that little is padding and memory peaks at once."""
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
        """The same classifier with the output layer set to a fitted head; changes the model in place."""
        layer = output_layer(self.model)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(head.weight))
            layer.bias.copy_(torch.from_numpy(head.bias))
        return replace(self)


def pooled_model(model: PreTrainedModel, encoder: str) -> BertForSequenceClassification:
    """The model, if its vector of a text is pooled by mean.

    Raises:
        ModelError: it is of another architecture.
    """
    if not has_mean_pooling(model):
        raise ModelError(
            f"Frozen features need an encoder of the BERT architecture; {encoder} is {model.config.model_type!r}.",
            f"Choose {BUILT_IN}.",
        )
    return cast(BertForSequenceClassification, model)


def build(encoder: str, task: Task, max_length: int) -> Classifier:
    """A classifier on a pre-trained encoder with an untrained head; mean-pooled where the architecture allows it.

    Raises:
        ModelError: the encoder cannot be found, downloaded or loaded.
    """
    torch.set_num_threads(host.cores())
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    model, tokenizer = open_encoder(encoder, task)
    # A model that the studio trained is an encoder too, and has its pooling layer already.
    if can_pool(model) and not has_mean_pooling(model):
        add_mean_pooling(cast(BertForSequenceClassification, model))
    pool_directly(model)
    longest = longest_input(model) or max_length
    return Classifier(model.eval(), tokenizer, task, encoder, min(max_length, longest))


def save_whole(classifier: Classifier, folder: Path) -> None:
    """Write the whole model, as plain transformers loads it."""
    folder.mkdir(parents=True, exist_ok=True)
    with pooling_layer_in_place(classifier.model):
        classifier.model.save_pretrained(folder)
    classifier.tokenizer.save_pretrained(folder)
    _write_record(classifier, folder, "whole")


def save_head(classifier: Classifier, folder: Path) -> None:
    """Write the output layer alone: the rest is the encoder as it came."""
    layer = output_layer(classifier.model)
    tensors = {"weight": layer.weight.detach().cpu().numpy(), "bias": layer.bias.detach().cpu().numpy()}
    write_atomically(folder / _HEAD, lambda path: save_file(tensors, path))
    _write_record(classifier, folder, "head")


def load(folder: Path) -> Classifier:
    """Load what :func:`save_whole` or :func:`save_head` wrote, on the best device of this host.

    Raises:
        ModelError: the folder holds no such model.
    """
    try:
        record = read_json(folder / _RECORD)
    except FileNotFoundError as error:
        raise ModelError(f"{folder.name} holds no model.", "Train one on the Train page.") from error
    task = Task.from_json(record["task"])
    if record["form"] == "head":
        tensors = load_file(folder / _HEAD)
        classifier = build(record["encoder"], task, record["max_length"])
        classifier = classifier.with_head(
            Head(tensors["weight"].astype(np.float32), tensors["bias"].astype(np.float32), 0.0)
        )
    else:
        classifier = _load_whole(folder, task, record)
    classifier.model.to(host.device())  # type: ignore[arg-type]
    return classifier


def read_max_length(folder: Path) -> int:
    """The longest text in word pieces that a saved model was trained to read."""
    return int(read_json(folder / _RECORD)["max_length"])


def _load_whole(folder: Path, task: Task, record: dict[str, Any]) -> Classifier:
    torch.set_num_threads(host.cores())
    transformers_logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            attn_implementation=attention_of(config),
            trust_remote_code=False,
        )
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The model in {folder.parent.name} could not be loaded: {first_line(error)}", "Train it again."
        ) from error
    pool_directly(model)
    return Classifier(model.eval(), tokenizer, task, record["encoder"], record["max_length"])


def _write_record(classifier: Classifier, folder: Path, form: str) -> None:
    record = {
        "form": form,
        "task": classifier.task.to_json(),
        "encoder": classifier.encoder,
        "max_length": classifier.max_length,
    }
    write_json(folder / _RECORD, record)
