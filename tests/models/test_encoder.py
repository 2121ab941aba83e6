"""The built-in encoder is the one it claims to be, and its tokenizer knows words."""

import hashlib

import pytest

from core.errors import ModelError
from core.models.encoders import BUILT_IN, CATALOGUE, built_in_folder, check_hub_id, locate
from core.models.tokenization import count_tokens, load_tokenizer

# As on the Hugging Face hub: sentence-transformers/all-MiniLM-L6-v2.
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_the_weights_are_the_published_ones() -> None:
    assert hashlib.sha256((built_in_folder() / "model.safetensors").read_bytes()).hexdigest() == SHA256


def test_hello_world_is_four_pieces_that_are_known() -> None:
    tokens = load_tokenizer(BUILT_IN).encode("hello world").tokens
    assert tokens == ["[CLS]", "hello", "world", "[SEP]"]


def test_nothing_is_cut_or_padded_when_counting() -> None:
    assert count_tokens(BUILT_IN, ["a", "word " * 700]).pieces.tolist() == [3, 702]


@pytest.mark.parametrize("name", ["/etc", "../models/x", "owner/../x", "justaname", "a/b/c", ""])
def test_only_owner_and_name_go_to_the_hub(name: str) -> None:
    with pytest.raises(ModelError, match="owner/name"):
        check_hub_id(name)


def test_every_encoder_of_the_catalogue_can_be_named() -> None:
    for encoder in CATALOGUE:
        assert locate(encoder.name)
        assert 0 < encoder.learning_rate < 1e-3
