"""What is read of a long text, for each kind of tokenizer: special tokens, the head and the tail, in their order."""

from functools import cache
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from core.models.truncation import TruncatingTokenizer, Truncation, read_ids, read_ranges
from tests.conftest import WORDS
from tests.models.checkpoints import tiny_tokenizer

KINDS = ("bert", "roberta", "deberta-v2", "modernbert")
# Names of special tokens and characters that the vocabularies lack are texts too.
PARTS = [*WORDS, "[SEP]", "</s>", "[CLS]", "日本", "😀", "zebra", ",", " "]
texts = st.lists(st.sampled_from(PARTS), max_size=60).map(" ".join)
limits = st.integers(8, 40)


@cache
def tokenizer(kind: str) -> PreTrainedTokenizerFast:
    return tiny_tokenizer(kind)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(text=texts, limit=limits)
def test_head_is_what_transformers_reads(kind: str, text: str, limit: int) -> None:
    expected = tokenizer(kind)(text, truncation=True, max_length=limit)["input_ids"]
    whole = tokenizer(kind)(text, truncation=False, verbose=False).encodings
    assert whole is not None
    assert read_ids(whole[0], limit, "head") == expected


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(text=texts, limit=limits)
def test_head_and_tail_keep_special_tokens_the_limit_and_the_order(kind: str, text: str, limit: int) -> None:
    whole = tokenizer(kind)(text, truncation=False, verbose=False).encodings
    assert whole is not None
    ids, read = whole[0].ids, read_ids(whole[0], limit, "head_tail")
    assert len(read) == min(len(ids), limit)
    assert (read[0], read[-1]) == (ids[0], ids[-1])
    if len(ids) <= limit:
        assert read == ids
        return
    head, tail = read_ranges(whole[0], limit, "head_tail")
    assert 0 == head.start < head.stop < tail.start < tail.stop == len(ids)
    assert read == [ids[i] for i in (*head, *tail)]
    # Without [CLS] and [SEP], a quarter is head.
    assert (len(head) - 1) - (limit - 2) / 4 == pytest.approx(0.5, abs=0.5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("truncation", get_args(Truncation))
def test_the_engines_read_the_same(kind: str, truncation: Truncation) -> None:
    samples = ["", "the sky", "a blue sea was cold " * 30, "日本 " * 50]
    backend = tokenizer(kind).backend_tokenizer
    backend.no_truncation()
    whole = tokenizer(kind)(samples, truncation=False, verbose=False).encodings
    assert whole is not None
    assert TruncatingTokenizer(backend, 20, truncation).token_ids(samples) == [
        read_ids(encoding, 20, truncation) for encoding in whole
    ]


def test_the_shares_are_those_of_the_paper() -> None:
    (whole,) = tokenizer("bert")(["the " * 900], truncation=False, verbose=False).encodings or []
    head, tail = read_ranges(whole, 512, "head_tail")
    assert (len(head) - 1, len(tail) - 1) == (128, 382)
    head, tail = read_ranges(whole, 256, "head_tail")
    assert (len(head) - 1, len(tail) - 1) == (64, 190)
    assert [*map(len, read_ranges(whole, 256, "head"))] == [255, 1]
