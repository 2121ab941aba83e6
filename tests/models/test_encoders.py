"""The catalog of encoders, names of encoders, and the built-in encoder with its tokenizer."""

import hashlib
import math
from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.encoders import BUILT_IN, CATALOG, built_in_folder, check_hub_id, describe_encoder, locate_encoder
from core.models.tokenization import count_tokens, load_tokenizer

# The checksum on the Hugging Face hub: sentence-transformers/all-MiniLM-L6-v2.
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_the_weights_are_the_published_ones() -> None:
    assert hashlib.sha256((built_in_folder() / "model.safetensors").read_bytes()).hexdigest() == SHA256


def test_hello_world_is_four_tokens() -> None:
    tokens = load_tokenizer(BUILT_IN).encode("hello world").tokens
    assert tokens == ["[CLS]", "hello", "world", "[SEP]"]


def test_counting_neither_truncates_nor_pads() -> None:
    assert count_tokens(BUILT_IN, ["a", "word " * 700]).pieces.tolist() == [3, 702]


@pytest.mark.parametrize("name", ["/etc", "../models/x", "owner/../x", "justaname", "a/b/c", ""])
def test_a_hub_id_must_be_owner_and_name(name: str) -> None:
    with pytest.raises(ModelError, match="owner/name"):
        check_hub_id(name)


def test_every_encoder_of_the_catalog_can_be_located() -> None:
    assert len({encoder.name for encoder in CATALOG}) == len(CATALOG)
    for encoder in CATALOG:
        assert locate_encoder(encoder.name)
        assert 0 < encoder.learning_rate < 1e-3
        assert encoder.languages
        assert (encoder.download_mb == 0) == (encoder.name == BUILT_IN)


# Measured peaks in GB with texts of 128 tokens.
@pytest.mark.parametrize(
    ("name", "batch_size", "peak"),
    [
        ("google/bert_uncased_L-2_H-128_A-2", 16, 0.56),
        ("google/bert_uncased_L-4_H-256_A-4", 16, 0.90),
        (BUILT_IN, 16, 1.46),
        ("distilbert/distilbert-base-uncased", 8, 2.06),
        ("google-bert/bert-base-uncased", 8, 3.20),
        ("microsoft/deberta-v3-small", 8, 4.47),
        ("answerdotai/ModernBERT-base", 8, 4.50),
    ],
)
def test_the_estimated_training_memory_matches_measurements(name: str, batch_size: int, peak: float) -> None:
    assert describe_encoder(name).training_memory_gb(batch_size) == pytest.approx(peak, rel=0.1)


def test_an_unlisted_encoder_has_no_estimates() -> None:
    encoder = describe_encoder("someone/else")
    assert math.isnan(encoder.download_mb)
    assert math.isnan(encoder.training_memory_gb())


def test_owner_and_name_are_never_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert locate_encoder("owner/name") == "owner/name"
    assert locate_encoder("./owner/name") == str(tmp_path / "owner" / "name")
