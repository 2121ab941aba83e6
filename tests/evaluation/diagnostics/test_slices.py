"""Slices with lower accuracy: a planted one is found, and none where there is none."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.diagnostics.slices import COLUMNS, find_slices


def random_texts(rows: int = 1_000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = np.asarray(["red", "blue", "sweet", "cold", "apple", "plum", "sky", "sea", "ice", "one"])
    texts = [" ".join(rng.choice(words, rng.integers(3, 12))) for _ in range(rows)]
    return pd.DataFrame(
        {"text": texts, "source": rng.choice(["mail", "chat"], rows), "truncated": rng.random(rows) < 0.2}
    )


@pytest.mark.parametrize("name", ["source = chat", "truncated", "contains “plum”"])
def test_a_planted_slice_comes_first(name: str) -> None:
    frame = random_texts()
    masks = {
        "source = chat": frame["source"] == "chat",
        "truncated": frame["truncated"],
        "contains “plum”": frame["text"].str.contains("plum"),
    }
    mask = masks[name].to_numpy(dtype=bool)
    correct = np.random.default_rng(1).random(len(frame)) < np.where(mask, 0.7, 0.95)
    first = find_slices(frame, correct).iloc[0]
    assert first["slice"] == name
    assert first["rows"] == mask.sum()
    assert first["value"] == pytest.approx(correct[mask].mean())
    assert first["rest"] == pytest.approx(correct[~mask].mean())
    assert first["low"] < first["value"] < first["high"] < first["rest"]


def test_long_texts_with_large_errors() -> None:
    frame = random_texts()
    words = frame["text"].map(lambda text: len(text.split())).to_numpy()
    errors = np.random.default_rng(1).exponential(np.where(words > 9, 3.0, 1.0))
    slices = find_slices(frame, errors)
    assert slices["slice"][0] == "longest quarter: more than 9 words"
    assert slices["low"][0] < slices["value"][0] < slices["high"][0]


def test_random_errors_rarely_give_a_slice() -> None:
    frame = random_texts()
    alarms = [len(find_slices(frame, np.random.default_rng(seed).random(len(frame)) < 0.9)) > 0 for seed in range(20)]
    assert sum(alarms) <= 3


def test_too_few_rows() -> None:
    frame = pd.DataFrame({"text": ["red"] * 5})
    slices = find_slices(frame, np.asarray([True] * 5))
    assert list(slices.columns) == COLUMNS
    assert slices.empty
    assert find_slices(frame[:0], np.asarray([], dtype=bool)).empty


def test_columns_with_many_values_are_ignored() -> None:
    frame = random_texts(100)
    frame["id"] = range(100)
    frame["some"] = [None, "x"] * 50
    frame["other"] = [None, "y", "z", "z"] * 25
    correct = (frame["other"] != "z").to_numpy()
    assert find_slices(frame, correct)["slice"].tolist() == ["other = z"]
