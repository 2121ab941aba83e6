"""Every setting of a training, validated."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from core.data.token_counts import DEFAULT_MAX_LENGTH
from core.errors import ConfigError
from core.models.encoders import BUILT_IN
from core.models.truncation import Truncation

Method = Literal["instant", "fine-tune"]

RANGES: dict[str, tuple[float, float]] = {
    "epochs": (0.1, 100),
    "learning_rate": (1e-7, 1e-2),
    "batch_size": (1, 256),
    "max_length": (8, 8192),
    "warmup_ratio": (0.0, 0.5),
    "weight_decay": (0.0, 1.0),
    "max_grad_norm": (0.1, 100),
    "dropout": (0.0, 0.5),
    "token_mask_rate": (0.0, 0.5),
    "label_smoothing": (0.0, 0.5),
    "layer_decay": (0.3, 1.0),
    "class_weight_power": (0.0, 1.0),
    "frozen_layers": (0, 96),
    "gradient_accumulation_steps": (1, 64),
    "patience": (0, 20),
    "seed": (0, 2**32 - 1),
}

# Batches are padded to a multiple of this many tokens: a CPU compiles and caches a kernel for each shape.
PAD_TO_MULTIPLE_OF = 8
# Fractions of the way from the initial weights to the best checkpoint; validation chooses one of them, or the whole way.
# Smaller fractions lost accuracy on AG News rows like those of training.
INTERPOLATION_SHARES = (0.85, 0.7)
# Three validations per epoch are common advice for the last half point, but each costs time.
_STEPS_PER_VALIDATION, _MAX_VALIDATIONS = 100, 10


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The settings of a training. Defaults follow Devlin et al. 2019 and Mosbach et al. 2021: AdamW, linear warm-up and decay.

    Attributes:
        method: "fine-tune" trains the encoder; "instant" fits a linear head on its frozen features and uses only the
            encoder, ``max_length``, ``truncation`` and the seed.
        encoder: a built-in name, a hub id or a folder.
        epochs: passes over the training rows.
        learning_rate: of the highest layer and the head.
        batch_size: texts per forward pass; an optimizer step sees ``batch_size * gradient_accumulation_steps`` texts.
        max_length: longest text in tokens, [CLS] and [SEP] included.
        truncation: what is read of a longer text: its "head", or "head_tail" (see :mod:`core.models.truncation`).
        warmup_ratio: fraction of all steps during which the learning rate rises.
        weight_decay: of AdamW.
        max_grad_norm: gradients are clipped to this norm.
        dropout: of hidden values.
        token_mask_rate: fraction of tokens replaced by the mask token in training (word dropout, Iyyer et al. 2015).
        freeze_embeddings: whether the word embeddings stay as they are.
        frozen_layers: how many of the lowest layers, with all embeddings, stay as they are.
        layer_decay: factor on the learning rate from each layer to the one below (Howard and Ruder 2018).
        init_fitted_head: start from a head fitted on frozen features (Kumar et al. 2022) and end between there and the best
            checkpoint (see :mod:`core.training.weight_interpolation`).
        label_smoothing: as in transformers.
        class_weight_power: 0 weighs each row the same, 1 each class; values between take balanced class weights to that power.
        patience: validations without improvement before training ends; 0 for never.
        gradient_accumulation_steps: batches per optimizer step.
        gradient_checkpointing: trade a third of the speed for less memory.
        mixed_precision: compute in bfloat16 or float16 where the hardware has it.
        seed: of all random numbers.

    Raises:
        ConfigError: a value is out of range; the message names the setting, the range and the value.
    """

    method: Method = "fine-tune"
    encoder: str = BUILT_IN
    epochs: float = 4
    learning_rate: float = 1e-4
    batch_size: int = 16
    max_length: int = DEFAULT_MAX_LENGTH
    truncation: Truncation = "head"
    warmup_ratio: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    # Dropout masks take a fifth of a CPU step and did not help in short trainings: accuracy on 2,000 AG News texts with 0.1
    # and 0 was 0.823 and 0.836 from a random head, 0.844 and 0.843 from a fitted one.
    dropout: float = 0.0
    token_mask_rate: float = 0.0
    freeze_embeddings: bool = True
    frozen_layers: int = 0
    layer_decay: float = 1.0
    init_fitted_head: bool = True
    label_smoothing: float = 0.0
    class_weight_power: float = 0.0
    patience: int = 0
    gradient_accumulation_steps: int = 1
    gradient_checkpointing: bool = False
    mixed_precision: bool = True
    seed: int = 42

    def __post_init__(self) -> None:
        for field, choices in (("method", get_args(Method)), ("truncation", get_args(Truncation))):
            if getattr(self, field) not in choices:
                raise ConfigError(f"Expected {' or '.join(choices)} as {field}, found {getattr(self, field)!r}.")
        for field, (low, high) in RANGES.items():
            value = getattr(self, field)
            title = field.replace("_", " ")
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                raise ConfigError(
                    f"Expected {title} between {low:g} and {high:g}, found {value!r}.",
                    "Correct it, or use the default.",
                )
            if isinstance(getattr(type(self), field), int) and field != "epochs" and value != int(value):
                raise ConfigError(f"Expected {title} to be a whole number, found {value!r}.")

    def total_steps(self, train_rows: int) -> int:
        """The number of optimizer steps of a whole training."""
        batches = math.ceil(train_rows / self.batch_size)
        return max(1, math.ceil(math.ceil(batches / self.gradient_accumulation_steps) * self.epochs))

    def validation_count(self, train_rows: int) -> int:
        """The number of validations of a whole training: about one per epoch, or one per hundred steps."""
        steps = self.total_steps(train_rows)
        return round(min(_MAX_VALIDATIONS, max(1.0, self.epochs, steps / _STEPS_PER_VALIDATION)))

    @property
    def effective_batch_size(self) -> int:
        """The number of texts that one optimizer step sees."""
        return self.batch_size * self.gradient_accumulation_steps
