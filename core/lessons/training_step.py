"""Step 5: one training step on a few texts."""

from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from core.lessons.seeding import seeded
from core.lessons.step_example import LABELS, StepExample, StepResult
from core.models.encoders import built_in_folder


def take_step(example: StepExample) -> StepResult:
    """The result of one step of AdamW on all weights, computed without dropout, as the script does.

    Raises:
        ModelError: the built-in encoder is not installed.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    folder = built_in_folder()
    with seeded(example.seed):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=len(LABELS), local_files_only=True
        )
        batch = tokenizer(list(example.texts), padding=True, truncation=True, return_tensors="pt")
        batch["labels"] = torch.tensor(example.targets)
        # Tensor by tensor, because the fused update copies all weights at once.
        optimizer = torch.optim.AdamW(model.parameters(), lr=example.learning_rate, foreach=False)
        before = model(**batch)
        before.loss.backward()
        optimizer.step()
        with torch.no_grad():
            after = model(**batch)
        return StepResult(before.loss.item(), after.loss.item(), _positive(before), _positive(after))


def _positive(output: Any) -> tuple[float, ...]:
    return tuple(output.logits.softmax(dim=1)[:, 1].tolist())
