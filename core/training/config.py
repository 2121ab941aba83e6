"""Every setting of a training, validated; and what to start from for a given encoder and number of rows."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from core.errors import ConfigError
from core.models.encoders import BUILT_IN, describe

Method = Literal["instant", "fine-tune"]

_RANGES: dict[str, tuple[float, float]] = {
    "epochs": (0.1, 100),
    "learning_rate": (1e-7, 1e-2),
    "batch_size": (1, 256),
    "max_length": (8, 8192),
    "warmup_share": (0.0, 0.5),
    "weight_decay": (0.0, 1.0),
    "max_gradient_norm": (0.1, 100),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train. The defaults follow Devlin et al. 2019 and Mosbach et al. 2021: AdamW with linear warm-up and decay.

    ``max_length`` counts word pieces, [CLS] and [SEP] included; ``warmup_share`` is a fraction of all steps. The instant
    method uses encoder, max_length and seed alone.

    Raises:
        ConfigError: a value is out of range; the message names the field, the range and what was found.
    """

    method: Method = "fine-tune"
    encoder: str = BUILT_IN
    epochs: float = 4
    learning_rate: float = 1e-4
    batch_size: int = 16
    max_length: int = 256
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    max_gradient_norm: float = 1.0
    freeze_embeddings: bool = True
    seed: int = 42

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ConfigError(f"Expected {' or '.join(get_args(Method))} as method, found {self.method!r}.")
        for field, (low, high) in _RANGES.items():
            value = getattr(self, field)
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                raise ConfigError(
                    f"Expected {field.replace('_', ' ')} between {low:g} and {high:g}, found {value!r}.",
                    "Correct it, or leave it at its default.",
                )

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


def recommended_epochs(train_rows: int, batch_size: int) -> int:
    """Epochs for a training set: 3 on a thousand rows or more, up to 8 on fewer, towards 150 steps in all.

    Zhang et al. 2021 and Mosbach et al. 2021 show that small sets need more steps than three epochs give; a head fitted
    beforehand needs fewer of them than the 400 found for a random one.
    """
    steps_an_epoch = max(1, math.ceil(train_rows / batch_size))
    return max(3, min(8, round(150 / steps_an_epoch)))


def recommended(train_rows: int, encoder: str = BUILT_IN) -> TrainingConfig:
    """The config to start from for an encoder and a number of training rows."""
    batch_size = TrainingConfig.batch_size
    return TrainingConfig(
        encoder=encoder,
        learning_rate=describe(encoder).learning_rate,
        epochs=recommended_epochs(train_rows, batch_size),
    )
