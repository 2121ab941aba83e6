"""The losses: computed by hand, as in torch and scikit-learn, and independent of how a step is divided into batches."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from core.data.splitting import Splits
from core.task import Label, Task
from core.training.config import TrainingConfig
from core.training.losses import build_loss, loss_weights

TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("a", "b", "c")),
    "multilabel": Task("multilabel", ("x", "y")),
    "regression": Task("regression", ()),
}
LABELS: dict[str, list[Label]] = {
    "binary": ["no", "no", "no", "yes"],
    "multiclass": [*"aaaaaabbbc"],
    "multilabel": [["x"], ["x", "y"], ["x"], []],
    "regression": [0.5, 1.5, -1.0],
}


def splits(kind: str, labels: list[Label] | None = None) -> Splits:
    labels = LABELS[kind] if labels is None else labels
    frame = pd.DataFrame(
        {"row": range(len(labels)), "text": [f"text {i}" for i in range(len(labels))], "label": labels}
    )
    return Splits(frame, frame[:1], frame[:0], TASKS[kind])


def loss(kind: str, logits: list[list[float]], targets: Any, items: int | None = None, **config: Any) -> float:
    compute = build_loss(splits(kind), TrainingConfig(**config))
    return float(compute({"logits": torch.tensor(logits)}, torch.tensor(targets), items))


def test_cross_entropy_is_the_mean_negative_log_probability() -> None:
    # Equal logits: log 2 each. Odds of 3 to 1: -log 3/4 for the likelier class, -log 1/4 for the other.
    logits = [[0.0, 0.0], [math.log(3), 0.0], [math.log(3), 0.0]]
    by_hand = (math.log(2) + math.log(4 / 3) + math.log(4)) / 3
    assert loss("binary", logits, [1, 0, 1]) == pytest.approx(by_hand)


def test_label_smoothing_moves_probability_to_all_classes() -> None:
    # 0.2 smoothed over two classes: 0.9 for the label and 0.1 for the other.
    by_hand = -(0.9 * math.log(3 / 4) + 0.1 * math.log(1 / 4))
    assert loss("binary", [[math.log(3), 0.0]], [0], label_smoothing=0.2) == pytest.approx(by_hand)


def test_label_smoothing_moves_several_labels_towards_one_half() -> None:
    # sigmoid(log 3) = 3/4; with smoothing by 0.2, a label that is present is 0.9 and one that is absent 0.1.
    by_hand = (-(0.9 * math.log(3 / 4) + 0.1 * math.log(1 / 4)) - (0.1 * math.log(3 / 4) + 0.9 * math.log(1 / 4))) / 2
    logits = [[math.log(3), math.log(3)]]
    assert loss("multilabel", logits, [[1.0, 0.0]], label_smoothing=0.2) == pytest.approx(by_hand)


def test_squared_error_is_the_mean() -> None:
    assert loss("regression", [[1.0], [2.0], [0.0]], [0.0, 0.0, 3.0]) == pytest.approx((1 + 4 + 9) / 3)


def test_class_weights_are_those_of_scikit_learn() -> None:
    weights = loss_weights(splits("multiclass"))
    assert weights is not None
    # Ten rows of three classes: 10 / (3 * 6), 10 / (3 * 3), 10 / 3. Their mean over the rows is 1.
    assert weights.tolist() == pytest.approx([5 / 9, 10 / 9, 10 / 3])
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=np.repeat([0, 1, 2], [6, 3, 1]))
    assert weights.numpy() == pytest.approx(theirs)


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=3, max_size=200))
def test_class_weights_are_proportional_to_those_of_scikit_learn_and_have_mean_1(labels: list[Label]) -> None:
    weights = loss_weights(splits("multiclass", labels))
    assert weights is not None
    targets = TASKS["multiclass"].encode(labels)
    assert float(weights[torch.from_numpy(targets)].mean()) == pytest.approx(1.0, abs=1e-5)
    present = np.unique(targets)
    theirs = compute_class_weight("balanced", classes=present, y=targets)
    clipped = (theirs * len(present) / 3).clip(0.1, 10)  # the task has three classes
    ratio = weights.numpy()[present] / clipped
    assert ratio == pytest.approx(np.full(len(present), ratio[0]), rel=1e-4)


def test_the_weight_of_a_very_rare_class_is_limited() -> None:
    weights = loss_weights(splits("binary", [*(999 * ["no"]), "yes"]))
    assert weights is not None
    assert float(weights[1] / weights[0]) == pytest.approx(10 / (1000 / (2 * 999)), rel=1e-3)


def test_weighted_cross_entropy_is_that_of_torch_divided_by_the_rows() -> None:
    logits, targets = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 0])
    weights = loss_weights(splits("multiclass"))
    theirs = nn.CrossEntropyLoss(weight=weights, reduction="sum")(logits, targets) / 5
    assert loss("multiclass", logits.tolist(), targets.tolist(), class_weight_power=1.0) == pytest.approx(float(theirs))


def test_label_weights_are_negatives_per_positive() -> None:
    weights = loss_weights(splits("multilabel"))
    assert weights is not None
    assert weights.tolist() == pytest.approx([1 / 3, 3.0])  # x: three rows with and one without; y: the other way round
    logits, targets = [[0.2, -1.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]]
    theirs = nn.BCEWithLogitsLoss(pos_weight=weights)(torch.tensor(logits), torch.tensor(targets))
    assert loss("multilabel", logits, targets, class_weight_power=1.0) == pytest.approx(float(theirs))


def test_regression_has_no_class_weights() -> None:
    assert loss_weights(splits("regression")) is None
    assert loss("regression", [[1.0]], [3.0], class_weight_power=1.0) == pytest.approx(4.0)


@given(
    kind=st.sampled_from(list(TASKS)),
    rows=st.integers(2, 12),
    cut=st.integers(1, 11),
    smoothing=st.sampled_from([0.0, 0.1]),
    power=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_loss_and_gradient_do_not_depend_on_how_a_step_is_divided(
    kind: str, rows: int, cut: int, smoothing: float, power: float, seed: int
) -> None:
    task, generator = TASKS[kind], torch.Generator().manual_seed(seed)
    compute = build_loss(splits(kind), TrainingConfig(label_smoothing=smoothing, class_weight_power=power))
    logits = torch.randn(rows, task.outputs, generator=generator, requires_grad=True)
    targets = {
        "multilabel": torch.randint(0, 2, (rows, task.outputs), generator=generator).float(),
        "regression": torch.randn(rows, generator=generator),
    }.get(kind, torch.randint(0, task.outputs, (rows,), generator=generator))
    whole = compute({"logits": logits}, targets)
    (gradient,) = torch.autograd.grad(whole, logits)
    parts = [slice(0, cut), slice(cut, rows)] if cut < rows else [slice(0, rows)]
    summed = torch.stack([compute({"logits": logits[p]}, targets[p], targets.numel()) for p in parts]).sum()
    assert float(summed.detach()) == pytest.approx(float(whole.detach()), rel=1e-5, abs=1e-6)
    assert torch.allclose(torch.autograd.grad(summed, logits)[0], gradient, atol=1e-6)
