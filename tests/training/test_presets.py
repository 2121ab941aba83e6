"""The recommended settings depend on the number of rows and labels, the kind of task and the encoder."""

import pytest

from core.training.presets import recommended, recommended_epochs


@pytest.mark.parametrize(
    ("rows", "labels", "epochs"),
    [(50, 2, 8), (414, 8, 4), (720, 4, 1), (10_000, 4, 1), (43_000, 28, 3), (10_000, 77, 8), (1_400, 1, 4)],
)
def test_few_texts_and_many_labels_get_more_epochs(rows: int, labels: int, epochs: int) -> None:
    assert recommended_epochs(rows, 16, labels) == epochs


def test_large_encoders_get_lower_learning_rates() -> None:
    assert recommended(100, 2, "google-bert/bert-base-uncased").learning_rate < recommended(100, 2).learning_rate


def test_trainings_with_many_epochs_get_token_masking() -> None:
    assert recommended(720, 4).token_mask_rate == 0.0
    assert recommended(10_000, 77).token_mask_rate > 0
    few_shot = recommended(770, 77)
    assert few_shot.token_mask_rate > 0
    assert few_shot.dropout > 0
    assert few_shot.epochs > recommended(10_000, 77).epochs


def test_large_training_sets_get_larger_batches() -> None:
    assert recommended(720, 4).batch_size < recommended(10_000, 4).batch_size


def test_tasks_with_one_label_per_text_get_class_weights() -> None:
    assert 0 < recommended(720, 4, kind="multiclass").class_weight_power < 1
    assert recommended(720, 28, kind="multilabel").class_weight_power == 0.0
