"""Every setting of a training, validated; and what to start from for a given encoder and number of rows."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, get_args

from core.data.token_counts import DEFAULT_MAX_LENGTH
from core.errors import ConfigError
from core.models.encoders import BUILT_IN, describe
from core.task import TaskKind

Method = Literal["instant", "fine-tune"]
Preset = Literal["Instant", "Quick look", "Balanced", "Thorough"]

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

# With ten texts a label longer, slower and with much left to chance is better. BANKING77, share right of the training texts
# left out: 0.836 before fine-tuning, 0.845 after 12 epochs at 3e-5, 0.847 after 16 at 5e-5 with dropout, 0.853 after 20
# with hidden words as well.
_FEW_ROWS_A_LABEL = 20
_FEW_SHOT_EPOCHS, _FEW_SHOT_RATE, _FEW_SHOT_DROPOUT = 20, 0.5, 0.1
# A text that is seen often is not learned by heart if it never looks the same: on all of BANKING77, 8 epochs, the validation loss
# fell from 0.209 to 0.195. In a training of an epoch or two, hidden words only cost.
_HIDDEN, _EPOCHS_TO_HIDE = 0.15, 5
# So many rows make steps enough for larger batches, which take less time a text.
_MANY_ROWS, _LARGE_BATCH = 5_000, 32
_MOST_EPOCHS, _EPOCHS_OF_A_SCORE = 8, 4
_CLASS_BALANCE = 0.5
# Batches are padded to a multiple of so many word pieces: a processor's kernels are compiled and cached for each shape.
PAD_TO_MULTIPLE_OF = 8
# Shares of the way from where training starts to the best checkpoint; validation chooses one of them, or the whole way.
# Further back, AG News lost on rows like those of training what it won on others.
INTERPOLATION_SHARES = (0.85, 0.7)
# Three validations an epoch are common advice for the last half point; each costs time, and is a checkpoint to go on from.
_STEPS_A_VALIDATION, _MOST_VALIDATIONS = 100, 10


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train. The defaults follow Devlin et al. 2019 and Mosbach et al. 2021: AdamW with linear warm-up and decay.

    ``max_length`` counts word pieces, [CLS] and [SEP] included; ``warmup_ratio`` is a fraction of all steps. A step sees
    ``batch_size * gradient_accumulation_steps`` texts. ``frozen_layers`` are the lowest, with all embeddings below them.
    ``layer_decay`` is the factor on the learning rate from each layer to the one below (Howard and Ruder 2018).
    ``init_fitted_head`` starts from a head fitted on frozen features (Kumar et al. 2022) and ends between there and the best
    checkpoint (see ``core.training.weight_interpolation``). With a ``class_weight_power`` of 0 each row counts the same, with 1 each class does; between, class weights are taken to that
    power. ``token_mask_rate`` is the share of word pieces hidden behind the mask token while training (word dropout, Iyyer et al.
    2015). ``patience`` counts validations without a gain before training ends, 0 for never. The instant method uses encoder,
    max_length and seed alone.

    Raises:
        ConfigError: a value is out of range; the message names the field, the range and what was found.
    """

    method: Method = "fine-tune"
    encoder: str = BUILT_IN
    epochs: float = 4
    learning_rate: float = 1e-4
    batch_size: int = 16
    max_length: int = DEFAULT_MAX_LENGTH
    warmup_ratio: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    # Making its masks takes a fifth of a step on a CPU and bought nothing in runs this short: accuracy on 2,000 AG News
    # texts with 0.1 and with 0 was 0.823 and 0.836 from a random head, 0.844 and 0.843 from a fitted one.
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
        if self.method not in get_args(Method):
            raise ConfigError(f"Expected {' or '.join(get_args(Method))} as method, found {self.method!r}.")
        for field, (low, high) in RANGES.items():
            value = getattr(self, field)
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                raise ConfigError(
                    f"Expected {field.replace('_', ' ')} between {low:g} and {high:g}, found {value!r}.",
                    "Correct it, or leave it at its default.",
                )
            if isinstance(getattr(type(self), field), int) and field != "epochs" and value != int(value):
                raise ConfigError(f"Expected {field.replace('_', ' ')} to be a whole number, found {value!r}.")

    def total_steps(self, train_rows: int) -> int:
        """Optimiser steps of a whole run."""
        batches = math.ceil(train_rows / self.batch_size)
        return max(1, math.ceil(math.ceil(batches / self.gradient_accumulation_steps) * self.epochs))

    def validation_count(self, train_rows: int) -> int:
        """Validations in a run: about one an epoch, or one in a hundred steps."""
        return round(min(_MOST_VALIDATIONS, max(1.0, self.epochs, self.total_steps(train_rows) / _STEPS_A_VALIDATION)))

    @property
    def effective_batch_size(self) -> int:
        """Texts that one optimiser step sees."""
        return self.batch_size * self.gradient_accumulation_steps

    def to_json(self) -> dict[str, Any]:
        """A JSON object that :meth:`from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """The config that :meth:`to_json` wrote.

        Raises:
            ConfigError: a field is unknown.
        """
        if unknown := set(record) - set(cls.__dataclass_fields__):
            raise ConfigError(
                f"Unknown setting {sorted(unknown)[0]!r}.", f"Known: {', '.join(cls.__dataclass_fields__)}."
            )
        return cls(**record)


def recommended_epochs(train_rows: int, batch_size: int, labels: int) -> int:
    """Epochs for a training set: towards 12 steps a label and 50 at least, never fewer than one epoch and one more for every
    10 labels, at most 8; a score gets 4.

    Zhang et al. 2021 and Mosbach et al. 2021 show that small sets need more than three epochs; a head fitted beforehand
    needs fewer steps than the 400 found for a random one. Measured with the built-in encoder: one epoch of 45 steps on 720 AG
    News texts is no worse than two (see ``class_weight_power`` of :func:`recommended`); 8 subjects want 4 epochs, 77 intents 8.
    """
    if labels == 1:
        return _EPOCHS_OF_A_SCORE
    steps_an_epoch = max(1, math.ceil(train_rows / batch_size))
    return min(_MOST_EPOCHS, max(1 + labels // 10, round(max(50, 12 * labels) / steps_an_epoch)))


def is_few_shot(train_rows: int, labels: int) -> bool:
    """Whether there are so few texts of each label that a frozen encoder is hard to beat, and easy to spoil."""
    return labels > 1 and train_rows < _FEW_ROWS_A_LABEL * labels


def recommended(train_rows: int, labels: int, encoder: str = BUILT_IN, kind: TaskKind = "multiclass") -> TrainingConfig:
    """The config to start from for a number of training rows, a number of labels (1 for a score) and an encoder.

    Rare classes weigh more, by the root of what would make them equal; labels that get thresholds of their own need no weights.
    """
    batch_size = _LARGE_BATCH if train_rows >= _MANY_ROWS else TrainingConfig.batch_size
    few = is_few_shot(train_rows, labels)
    epochs = _FEW_SHOT_EPOCHS if few else recommended_epochs(train_rows, batch_size, labels)
    return TrainingConfig(
        encoder=encoder,
        batch_size=batch_size,
        epochs=epochs,
        learning_rate=describe(encoder).learning_rate * (_FEW_SHOT_RATE if few else 1),
        dropout=_FEW_SHOT_DROPOUT if few else 0.0,
        token_mask_rate=_hidden_words(epochs),
        class_weight_power=_CLASS_BALANCE if kind in ("binary", "multiclass") else 0.0,
    )


def _hidden_words(epochs: float) -> float:
    return _HIDDEN if epochs >= _EPOCHS_TO_HIDE else 0.0


def preset(
    name: Preset, train_rows: int, labels: int, encoder: str = BUILT_IN, kind: TaskKind = "multiclass"
) -> TrainingConfig:
    """All settings at once: seconds, a first impression, what is recommended, or the last half point.

    *Thorough* trains twice as long as recommended, with dropout and rates that fall towards the lower layers, and ends early
    when half of its validations have passed without a gain.
    """
    balanced = recommended(train_rows, labels, encoder, kind)
    if name == "Instant":
        return replace(balanced, method="instant")
    if name == "Quick look":
        return replace(balanced, epochs=max(1.0, balanced.epochs / 2), max_length=min(128, balanced.max_length))
    if name == "Thorough":
        longer = replace(balanced, epochs=2 * balanced.epochs, dropout=0.1, layer_decay=0.9)
        return replace(
            longer,
            token_mask_rate=_hidden_words(longer.epochs),
            patience=max(1, longer.validation_count(train_rows) // 2),
        )
    return balanced
