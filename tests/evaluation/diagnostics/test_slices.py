"""Slices that do worse: one that was planted is found, and nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.diagnostics.slices import COLUMNS, find_slices


def rows(count: int = 1_000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = np.asarray(["red", "blue", "sweet", "cold", "apple", "plum", "sky", "sea", "ice", "one"])
    texts = [" ".join(rng.choice(words, rng.integers(3, 12))) for _ in range(count)]
    return pd.DataFrame(
        {"text": texts, "source": rng.choice(["mail", "chat"], count), "truncated": rng.random(count) < 0.2}
    )


@pytest.mark.parametrize("name", ["source = chat", "truncated", "contains “plum”"])
def test_a_planted_slice_comes_first(name: str) -> None:
    frame = rows()
    masks = {
        "source = chat": frame["source"] == "chat",
        "truncated": frame["truncated"],
        "contains “plum”": frame["text"].str.contains("plum"),
    }
    mask = masks[name].to_numpy(dtype=bool)
    right = np.random.default_rng(1).random(len(frame)) < np.where(mask, 0.7, 0.95)
    found = find_slices(frame, right)
    first = found.iloc[0]
    assert first["slice"] == name
    assert first["rows"] == mask.sum()
    assert first["value"] == pytest.approx(right[mask].mean())
    assert first["rest"] == pytest.approx(right[~mask].mean())
    assert first["low"] < first["value"] < first["high"] < first["rest"]


def test_long_texts_with_large_errors() -> None:
    frame = rows()
    words = frame["text"].map(lambda text: len(text.split())).to_numpy()
    errors = np.random.default_rng(1).exponential(np.where(words > 9, 3.0, 1.0))
    found = find_slices(frame, errors)
    assert found["slice"][0] == "longest quarter: more than 9 words"
    assert found["low"][0] < found["value"][0] < found["high"][0]


def test_chance_finds_nothing() -> None:
    frame = rows()
    alarms = [len(find_slices(frame, np.random.default_rng(seed).random(len(frame)) < 0.9)) > 0 for seed in range(20)]
    assert sum(alarms) <= 3


def test_nothing_to_slice() -> None:
    frame = pd.DataFrame({"text": ["red"] * 5})
    found = find_slices(frame, np.asarray([True] * 5))
    assert list(found.columns) == COLUMNS
    assert found.empty
    assert find_slices(frame[:0], np.asarray([], dtype=bool)).empty


def test_columns_with_many_values_or_none_are_left_out() -> None:
    frame = rows(100)
    frame["id"] = range(100)
    frame["some"] = [None, "x"] * 50
    frame["other"] = [None, "y", "z", "z"] * 25
    right = (frame["other"] != "z").to_numpy()
    assert find_slices(frame, right)["slice"].tolist() == ["other = z"]
