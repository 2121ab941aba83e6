"""Near-duplicates are the same as those that comparing all pairs of texts finds."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.data.near_duplicates import connected_components, near_duplicate_pairs, normalize_text, shingles

texts = st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=12).map(" ".join), min_size=2, max_size=20)


@given(texts=texts)
def test_the_pairs_above_the_threshold_are_connected_and_no_others(texts: list[str]) -> None:
    sets = [shingles(normalize_text(text)) for text in texts]
    similar = [
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if len(sets[i] & sets[j]) / len(sets[i] | sets[j]) > 0.8
        and (sets[i] != sets[j] or normalize_text(texts[i]) == normalize_text(texts[j]))
    ]
    same_sets = [(i, j) for i, j in combinations(range(len(texts)), 2) if sets[i] == sets[j]]
    expected = connected_components(len(texts), np.asarray(similar + same_sets, dtype=np.int64).reshape(-1, 2))
    actual = connected_components(len(texts), near_duplicate_pairs(texts))
    assert (expected[:, None] == expected).tolist() == (actual[:, None] == actual).tolist()


def test_case_and_punctuation_are_ignored() -> None:
    assert near_duplicate_pairs(["The parcel never came!", "the parcel, never came", "it came"]).tolist() == [[0, 1]]


def test_one_more_word_makes_a_near_duplicate_of_a_long_text_but_not_of_a_short_one() -> None:
    long = "one two three four five six seven eight nine ten eleven twelve"  # 10 of 11 shingles are shared
    assert len(near_duplicate_pairs([long, long + " more"])) == 1
    assert len(near_duplicate_pairs(["one two three", "one two three more"])) == 0


def test_thousands_of_texts_from_one_template_take_seconds() -> None:
    rows = [f"dear customer your order number {i} has been sent to you by the usual post on time" for i in range(8_000)]
    assert near_duplicate_pairs(rows).shape[1] == 2
