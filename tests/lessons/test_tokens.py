"""Step 1 agrees with the tokenizer of transformers."""

import pytest

from core.lessons.tokens import tokenize
from core.models.checkpoint import load_pretrained_tokenizer
from core.models.encoders import BUILT_IN

TEXT = "I love this movie, but the ending was unbelievably predictable."


@pytest.mark.parametrize("max_length", [4, 16, 40])
def test_tokens_are_those_of_transformers(max_length: int) -> None:
    reference = load_pretrained_tokenizer(BUILT_IN)
    expected = reference(TEXT, padding="max_length", truncation=True, max_length=max_length)
    tokenized = tokenize(TEXT, max_length)
    assert tokenized.tokens["id"].tolist() == expected["input_ids"]
    assert tokenized.tokens["attention_mask"].tolist() == expected["attention_mask"]
    assert tokenized.tokens["piece"].tolist() == reference.convert_ids_to_tokens(expected["input_ids"])
    assert tokenized.read + len(tokenized.cut) == 18


def test_truncation_cuts_the_end() -> None:
    assert tokenize(TEXT, 16).cut == ["predictable", "."]
    assert tokenize(TEXT, 18).cut == []
