"""The rows that the trainer reads: token ids, and targets on the scale of the loss, which can be transformed back."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.data.splitting import Splits
from core.models.classifier import build_classifier
from core.task import Task
from core.training.config import PAD_TO_MULTIPLE_OF
from core.training.examples import LengthGroupedSampler, TargetScaler, build_dataset, sort_by_length
from tests.training.cases import toy

SCORE = Task("regression", ())


def scores(values: list[float]) -> Splits:
    frame = pd.DataFrame({"row": range(len(values)), "text": "a text", "label": values})
    return Splits(frame, frame[:0], frame[:0], SCORE)


@given(st.lists(st.integers(-1_000, 1_000), min_size=2, max_size=20))
def test_scores_are_standardized_and_transformed_back(values: list[int]) -> None:
    targets = np.asarray(values, dtype=np.float64)
    scaler = TargetScaler.fit(scores(targets.tolist()))
    standard = scaler.transform(targets)
    assert scaler.inverse_transform(standard) == pytest.approx(targets)
    assert (standard.mean(), standard.std()) == pytest.approx((0, float(np.ptp(targets) > 0)))


def test_equal_scores_are_not_divided_by_zero() -> None:
    assert TargetScaler.fit(scores([3.0, 3.0])).transform(np.asarray([3.0, 4.0])).tolist() == [0.0, 1.0]


def test_classes_are_not_transformed() -> None:
    targets = np.asarray([0, 1, 1])
    assert TargetScaler.fit(toy("binary")).transform(targets) is targets


def test_a_layer_that_is_standardized_and_unstandardized_outputs_the_same_scores() -> None:
    scaler, layer, vectors = TargetScaler.fit(scores([10.0, 20.0])), nn.Linear(3, 1), torch.rand(4, 3)
    before = layer(vectors).detach()
    scaler.standardize_layer(layer)
    assert torch.allclose(layer(vectors), (before - 15) / 5, atol=1e-5)
    scaler.unstandardize_layer(layer)
    assert torch.allclose(layer(vectors), before, atol=1e-5)


def test_a_row_has_token_ids_a_target_and_a_length(tiny_encoder: str) -> None:
    splits = toy("binary")
    classifier = build_classifier(tiny_encoder, splits.task, 4)
    frame = splits.train.head(2).assign(text=["the", "the apple is very sweet"])
    examples = build_dataset(frame, classifier, TargetScaler.fit(splits))
    assert examples.column_names == ["labels", "input_ids", "length"]
    assert examples["length"] == [3, 4]  # with two special tokens, truncated at four
    assert [len(ids) for ids in examples["input_ids"]] == [3, 4]
    assert examples["labels"] == splits.task.encode(frame["label"].tolist()).tolist()
    assert sort_by_length(build_dataset(frame[::-1], classifier, TargetScaler.fit(splits)))["length"] == [3, 4]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=60), st.integers(1, 12))
def test_each_row_comes_once_and_the_rows_of_a_step_have_similar_lengths(lengths: list[int], rows: int) -> None:
    order = list(LengthGroupedSampler(lengths, rows))
    assert sorted(order) == list(range(len(lengths)))
    whole = [
        [math.ceil(lengths[row] / PAD_TO_MULTIPLE_OF) for row in order[i : i + rows]]
        for i in range(0, len(order) - rows + 1, rows)
    ]
    # The length ranges of steps do not overlap; they may only touch at a length that is in both.
    spans = sorted((min(step), max(step)) for step in whole)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert not whole or max(whole[0]) == max(map(max, whole))


def test_the_seed_decides_the_order_of_the_steps() -> None:
    lengths = list(range(1, 200))
    torch.manual_seed(3)
    first, second = (list(LengthGroupedSampler(lengths, 4)) for _ in range(2))
    torch.manual_seed(3)
    assert list(LengthGroupedSampler(lengths, 4)) == first != second
