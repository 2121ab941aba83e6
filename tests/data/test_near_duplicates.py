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


def test_emoji_and_punctuation_are_text() -> None:
    assert len(set(map(normalize_text, ["\U0001f600", "\U0001f621", "!!!", "???", ":)", ":("]))) == 6
    assert normalize_text("Great \U0001f600!") != normalize_text("great \U0001f621")
    assert normalize_text("Great, isn't it?") == normalize_text("great isn t it")


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    chinese = "我想知道为什么我的银行卡今天在商店里不能使用请尽快告诉我原因"
    thai = "ฉันต้องการทราบว่าทำไมบัตรของฉันจึงใช้งานไม่ได้ในวันนี้กรุณาช่วยด้วย"
    texts = [chinese, chinese + "吧", "完全不同的一句话关于明天的天气和交通情况", thai, thai + "ค"]
    assert sorted(map(tuple, near_duplicate_pairs(texts).tolist())) == [(0, 1), (3, 4)]


def test_vowel_signs_belong_to_their_word() -> None:
    assert normalize_text("किताब पढ़ो") == "किताब पढ़ो"
