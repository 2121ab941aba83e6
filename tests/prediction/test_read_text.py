"""How much of a text a model reads, for both ways to truncate a long text."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.models.classifier import Classifier, load_classifier
from core.models.demo import DEMO_MODEL
from core.prediction.read_text import TokensRead, count_tokens_read, read_text


@pytest.fixture(scope="module")
def demo() -> Classifier:
    return load_classifier(DEMO_MODEL)


def test_the_tokens_that_are_read_are_counted(demo: Classifier) -> None:
    both = replace(demo, truncation="head_tail")
    long = "pill " * 900
    for model in (demo, both):
        short = count_tokens_read(model, "renew my pills")
        assert (short, short.truncated) == (TokensRead(3, 3), False)
    assert count_tokens_read(demo, long) == TokensRead(900, 254)
    assert count_tokens_read(both, long) == TokensRead(900, 64, 190)
    assert count_tokens_read(both, long).truncated


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["pill", "Hyperventilating", "日本", "😀", "[SEP]", ",", "  ", "a-b"]), max_size=40))
def test_the_read_part_is_the_words_of_the_head_and_the_tail(demo: Classifier, parts: list[str]) -> None:
    both, text = replace(demo, max_length=16, truncation="head_tail"), " ".join(parts)
    read = read_text(both, text)
    assert [read.text[slice(*span)] for span in read.words] == [
        text[slice(*read.whole_span(span))] for span in read.words
    ]
    first, last = read.unread
    assert all(
        read.whole_span(span)[1] <= first or read.whole_span(span)[0] >= last for span in read.words if first < last
    )
    if not count_tokens_read(both, text).truncated:
        assert read.text == text[: len(read.text)]
        assert not text[len(read.text) :].strip()
    else:
        # The same tokens, or pieces of a cut word that are now a word.
        assert abs(len(both.token_ids([read.text])[0]) - 16) <= 3
