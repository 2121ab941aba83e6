"""Settings are in range or refused with the reason."""

import pytest

from core.errors import ConfigError
from core.training.config import TrainingConfig
from core.training.presets import recommended, recommended_epochs


@pytest.mark.parametrize(
    ("field", "value", "said"),
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
def test_a_value_out_of_range_is_named(field: str, value: object, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainingConfig(**{field: value})  # type: ignore[arg-type]
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("rows", "labels", "epochs"),
    [(50, 2, 8), (414, 8, 4), (720, 4, 1), (10_000, 4, 1), (43_000, 28, 3), (10_000, 77, 8), (1_400, 1, 4)],
)
def test_few_texts_and_many_labels_get_more_epochs(rows: int, labels: int, epochs: int) -> None:
    assert recommended_epochs(rows, 16, labels) == epochs


def test_large_encoders_get_smaller_rates() -> None:
    assert recommended(100, 2, "google-bert/bert-base-uncased").learning_rate < recommended(100, 2).learning_rate


def test_what_is_seen_often_is_seen_with_words_hidden() -> None:
    assert recommended(720, 4).token_mask_rate == 0.0
    assert recommended(10_000, 77).token_mask_rate > 0
    few = recommended(770, 77)
    assert few.token_mask_rate > 0
    assert few.dropout > 0
    assert few.epochs > recommended(10_000, 77).epochs


def test_large_sets_get_larger_batches() -> None:
    assert recommended(720, 4).batch_size < recommended(10_000, 4).batch_size


def test_classes_are_weighed_where_there_is_one_label_a_text() -> None:
    assert 0 < recommended(720, 4, kind="multiclass").class_weight_power < 1
    assert recommended(720, 28, kind="multilabel").class_weight_power == 0.0


@pytest.mark.parametrize(
    ("rows", "epochs", "validation_count"), [(720, 1, 1), (720, 3, 3), (16_000, 1, 10), (4_800, 1, 3), (64, 40, 10)]
)
def test_a_run_is_validated_once_an_epoch_or_every_hundred_steps(
    rows: int, epochs: float, validation_count: int
) -> None:
    assert TrainingConfig(epochs=epochs, batch_size=16).validation_count(rows) == validation_count
