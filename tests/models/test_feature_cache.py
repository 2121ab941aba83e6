"""The trainings of a search, and the runs of a group, encode their texts once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.jobs.events import ignore_event
from core.models.engines.load import FeatureEncoder, load_feature_encoder
from core.models.feature_cache import FeatureCache
from core.task import Floats
from core.training.linear_probe import fit_probe
from tests.training.cases import toy

TEXTS = ["red apple", "cold sea", "red apple", "ice"]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The texts of each pass of an encoder."""
    passes: list[list[str]] = []
    compute = FeatureEncoder.features

    def features(encoder: FeatureEncoder, texts: Sequence[str], *arguments: object) -> Floats:
        passes.append(list(texts))
        return compute(encoder, texts)

    monkeypatch.setattr(FeatureEncoder, "features", features)
    return passes


def test_texts_are_encoded_once_in_any_order(tiny_encoder: str, tmp_path: Path, encoded: list[list[str]]) -> None:
    encoder, cache = load_feature_encoder(tiny_encoder, 16), FeatureCache(tmp_path / "features")
    first, second = cache.features(encoder, TEXTS), cache.features(encoder, TEXTS[::-1])
    assert encoded == [["cold sea", "ice", "red apple"]]
    assert (first.features[::-1] == second.features).all()
    assert first.seconds_per_text == second.seconds_per_text > 0
    assert first.features == pytest.approx(encoder.features(TEXTS), abs=1e-5)


def test_other_settings_and_damaged_files_are_encoded_again(
    tiny_encoder: str, tmp_path: Path, encoded: list[list[str]]
) -> None:
    cache = FeatureCache(tmp_path)
    encoder = load_feature_encoder(tiny_encoder, 4)
    expected = cache.features(encoder, TEXTS).features
    cache.features(load_feature_encoder(tiny_encoder, 5), TEXTS)
    cache.features(load_feature_encoder(tiny_encoder, 4, truncation="head_tail"), TEXTS)
    cache.features(encoder, TEXTS[:2])
    assert len(encoded) == 4
    for file in tmp_path.glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:-30])
    assert np.array_equal(cache.features(encoder, TEXTS).features, expected)
    assert len(encoded) == 5


def test_a_folder_keeps_a_few_files(tiny_encoder: str, tmp_path: Path, encoded: list[list[str]]) -> None:
    encoder, cache = load_feature_encoder(tiny_encoder, 16), FeatureCache(tmp_path)
    for word in ("a", "b", "c", "d", "e", "f"):
        cache.features(encoder, [word])
    assert len(list(tmp_path.glob("*.safetensors"))) == 4
    cache.features(encoder, ["f"])
    assert len(encoded) == 6


def test_probes_with_other_seeds_share_the_features(
    tiny_encoder: str, tmp_path: Path, encoded: list[list[str]]
) -> None:
    encoder, splits, cache = load_feature_encoder(tiny_encoder, 16), toy("binary"), FeatureCache(tmp_path)
    logits = [fit_probe(encoder, splits, seed, ignore_event, cache=cache).logits for seed in (1, 2)]
    assert len(encoded) == 1
    assert logits[0] == pytest.approx(logits[1], abs=1e-2)
