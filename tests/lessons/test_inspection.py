"""Steps 2 and 3: vectors and attention are those of the encoder, and the examples show what the page says."""

import numpy as np
import pandas as pd
import pytest

from core.lessons.inspection import MAX_TOKENS, InspectedEncoder, load_inspected_encoder
from core.lessons.pieces import Inspection, attention_table, compare_pieces, strongest_attention


@pytest.fixture(scope="module")
def encoder() -> InspectedEncoder:
    return load_inspected_encoder()


def similarity(table: pd.DataFrame, first: str, second: str) -> float:
    row = table[(table["first"] == first) & (table["second"] == second)]
    return float(row["similarity"].iloc[0])


def test_the_same_word_has_other_vectors_in_another_context(encoder: InspectedEncoder) -> None:
    first, second = (encoder.inspect(text) for text in ("The cat chased a mouse.", "Click the mouse to open the file."))
    assert similarity(compare_pieces(first, second, 0), "mouse", "mouse") == pytest.approx(0.97, abs=0.01)
    assert similarity(compare_pieces(first, second, 6), "mouse", "mouse") == pytest.approx(0.58, abs=0.01)
    assert similarity(compare_pieces(first, first, 6), "mouse", "mouse") == pytest.approx(1)


def test_a_head_of_the_last_layer_finds_what_it_stands_for(encoder: InspectedEncoder) -> None:
    inspected = encoder.inspect("The dog did not cross the street because it was too tired.")
    assert inspected.attention.shape == (6, 12, 15, 15)
    np.testing.assert_allclose(inspected.attention.sum(axis=-1), 1, rtol=1e-5)
    strongest = strongest_attention(attention_table(inspected, 6, 12))
    assert (strongest["source"], strongest["target"]) == ("it", "dog")
    assert strongest["weight"] == pytest.approx(0.69, abs=0.01)


def test_long_texts_are_truncated(encoder: InspectedEncoder) -> None:
    assert len(encoder.inspect("word " * 100).pieces) == MAX_TOKENS


def test_cosine_similarity_by_hand() -> None:
    vectors = np.array([[[9, 9], [3, 4], [9, 9]]], dtype=np.float32)
    other = np.array([[[9, 9], [4, 3], [0, -2], [9, 9]]], dtype=np.float32)
    attention = np.zeros((1, 1, 1, 1), dtype=np.float32)
    first = Inspection(["[CLS]", "a", "[SEP]"], vectors, attention)
    second = Inspection(["[CLS]", "b", "c", "[SEP]"], other, attention)
    table = compare_pieces(first, second, 0)
    assert table["second"].tolist() == ["b", "c"]
    assert table["similarity"].tolist() == pytest.approx([24 / 25, -4 / 5])
