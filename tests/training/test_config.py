"""Training settings are in range or refused, and decide the number of steps and validations."""

import pytest

from core.errors import ConfigError
from core.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epochs", 0, "epochs between 0.1 and 100, found 0"),
        ("learning_rate", 1.0, "learning rate between 1e-07 and 0.01, found 1.0"),
        ("batch_size", 0, "batch size between 1 and 256, found 0"),
        ("max_length", 4, "max length between 8 and 8192, found 4"),
        ("warmup_ratio", 0.9, "warmup ratio between 0 and 0.5, found 0.9"),
        ("dropout", 0.9, "dropout between 0 and 0.5, found 0.9"),
        ("seed", -1, "seed between 0 and"),
        ("epochs", "three", "found 'three'"),
    ],
)
def test_a_value_out_of_range_is_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainingConfig(**{field: value})  # type: ignore[arg-type]
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("rows", "epochs", "expected"), [(720, 1, 1), (720, 3, 3), (16_000, 1, 10), (4_800, 1, 3), (64, 40, 10)]
)
def test_a_run_is_validated_once_per_epoch_or_per_hundred_steps(rows: int, epochs: float, expected: int) -> None:
    assert TrainingConfig(epochs=epochs, batch_size=16).validation_count(rows) == expected
