"""Near-duplicates are found exactly as comparing all pairs would."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.data.near_duplicates import connected_components, near_duplicate_pairs, shingles, words

texts = st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=12).map(" ".join), min_size=2, max_size=20)


@given(texts=texts)
def test_all_pairs_above_the_threshold_are_linked_and_no_others(texts: list[str]) -> None:
    sets = [shingles(words(text)) for text in texts]
    similar = [
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if len(sets[i] & sets[j]) / len(sets[i] | sets[j]) > 0.8
        and (sets[i] != sets[j] or words(texts[i]) == words(texts[j]))
    ]
    same_sets = [(i, j) for i, j in combinations(range(len(texts)), 2) if sets[i] == sets[j]]
    expected = connected_components(len(texts), np.asarray(similar + same_sets, dtype=np.int64).reshape(-1, 2))
    found = connected_components(len(texts), near_duplicate_pairs(texts))
    assert (expected[:, None] == expected).tolist() == (found[:, None] == found).tolist()


def test_case_and_punctuation_do_not_matter() -> None:
    assert near_duplicate_pairs(["The parcel never came!", "the parcel, never came", "it came"]).tolist() == [[0, 1]]


def test_one_word_at_the_end_of_a_long_text_is_near_and_of_a_short_one_is_not() -> None:
    long = "one two three four five six seven eight nine ten eleven twelve"  # 10 shingles, 10 of 11 shared
    assert len(near_duplicate_pairs([long, long + " more"])) == 1
    assert len(near_duplicate_pairs(["one two three", "one two three more"])) == 0


def test_thousands_of_texts_from_one_template_end_in_seconds() -> None:
    rows = [f"dear customer your order number {i} has been sent to you by the usual post on time" for i in range(8_000)]
    assert isinstance(near_duplicate_pairs(rows), np.ndarray)
