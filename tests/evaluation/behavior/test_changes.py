"""Each change on texts where it fits and where it does not."""

import random
from collections import Counter

import pytest

from core.evaluation.behavior.changes import apply_change
from core.evaluation.behavior.definitions import Change


def changed(change: Change, text: str, seed: int = 0) -> str:
    return apply_change(change, text, random.Random(seed))


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (Change("punctuation"), "Send more pills!!", "Send more pills"),
        (Change("punctuation"), "Send more pills", "Send more pills."),
        (Change("punctuation"), "很好", "很好。"),
        (Change("case"), "Send MORE", "send more"),
        (Change("case"), "send more", "SEND MORE"),
        (Change("case"), "很好", "很好"),
        (Change("contractions"), "I don't think it's. Can’t be", "I do not think it's. Cannot be"),
        (Change("contractions"), "I do not know. They are late", "I don't know. They're late"),
        (Change("contractions"), "pills please", "pills please"),
        (Change("negation"), "The food is good", "The food is not good"),
        (Change("negation"), "The food isn't good and was cold", "The food is good and was cold"),
        (Change("negation"), "It cannot work", "It can work"),
        (Change("negation"), "It CAN'T work", "It CAN work"),
        (Change("negation"), "Won't come", "Will come"),
        (Change("negation"), "it won’t come", "it will come"),
        (Change("negation"), "We are not late", "We are late"),
        (Change("negation"), "Send pills", "Send pills"),
        (Change("words", replacements=(("good", "bad"),)), "Good food, GOODS, good.", "Bad food, GOODS, bad."),
        (Change("words", replacements=(("a.c", "x"),)), "abc a.c", "abc x"),
        (Change("words", replacements=(("up", "down"), ("down", "up"))), "up and down", "down and up"),
        (Change("swap", ("cat", "dog")), "a cat, a cat and a catalog", "a dog, a dog and a catalog"),
        (Change("swap", ("cat", "dog")), "a Cat", "a Cat"),
        (Change("swap", ("cat", "(dog)\\1")), "a cat", "a (dog)\\1"),
        (Change("emoji", ("X",)), "fine ", "fine X"),
        (Change("numbers"), "see you 2 or 4 days, v1 and 3.5", "see you 2 or 4 days, v1 and 3.5"),
    ],
)
def test_changes(change: Change, before: str, after: str) -> None:
    assert changed(change, before) == after


@pytest.mark.parametrize("amount", [1, 3])
def test_typos_swap_neighboring_letters_of_long_words(amount: int) -> None:
    before = "the pharmacy closed early on wednesday because nobody came"
    after = changed(Change("typos", amount=amount), before)
    differing = [(a, b) for a, b in zip(before.split(), after.split(), strict=True) if a != b]
    assert len(differing) == amount
    assert all(Counter(a) == Counter(b) and len(a) > 3 for a, b in differing)
    assert all(sum(x != y for x, y in zip(a, b, strict=True)) == 2 for a, b in differing)


@pytest.mark.parametrize("text", ["", "a an the", "1234 5678", "aaaa", "!!!! ???"])
def test_a_text_without_letters_to_swap_stays(text: str) -> None:
    assert changed(Change("typos"), text) == text


def test_numbers_change_by_up_to_a_fifth_and_keep_their_digits() -> None:
    for seed in range(50):
        words = changed(Change("numbers"), "pay 100 euros, room 007", seed).split()
        assert 80 <= int(words[1]) <= 120
        assert words[1] != "100"
        assert len(words[4]) == 3
        assert words[4] != "007"


def test_a_sentence_is_added_before_or_after_the_text() -> None:
    change = Change("sentence", ("It is so.",))
    found = {changed(change, "More pills", seed) for seed in range(20)}
    assert found == {"It is so. More pills", "More pills. It is so."}


def test_names_and_places_are_replaced_wherever_they_stand() -> None:
    after = changed(Change("names"), "Mary came. Ask Mary.")
    first, second = after.split(" came. Ask ")
    assert first == second.rstrip(".")
    assert first != "Mary"
    assert changed(Change("places"), "From New York to the new hall") != "From New York to the new hall"
    assert changed(Change("places"), "nowhere") == "nowhere"


def test_the_same_seed_gives_the_same_change() -> None:
    text = "the pharmacy closed early on wednesday"
    assert changed(Change("typos"), text, 7) == changed(Change("typos"), text, 7)
    assert len({changed(Change("typos"), text, seed) for seed in range(10)}) > 3
