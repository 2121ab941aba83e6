"""Cases: bounded, seeded, and with the seed text or the template as their unit."""

import numpy as np
import pytest

from core.evaluation.behavior.cases import MAX_CASES, make_cases
from core.evaluation.behavior.definitions import BehaviorTest, Change, Expectation, Templates, WordList

TYPOS = BehaviorTest("Typos", "invariance", Change("typos"))


def texts(count: int) -> list[str]:
    return [f"message number {i} about another appointment" for i in range(count)]


@pytest.mark.parametrize(("rows", "cases", "units"), [(20, 60, 20), (200, 400, 200), (2_000, MAX_CASES, MAX_CASES)])
def test_few_texts_are_changed_in_several_ways_and_many_are_sampled(rows: int, cases: int, units: int) -> None:
    made = make_cases(TYPOS, texts(rows))
    assert (len(made), len(set(made.units.tolist()))) == (cases, units)
    assert len(set(zip(made.before, made.after, strict=True))) == cases
    assert all(before != after for before, after in zip(made.before, made.after, strict=True))


def test_the_cases_of_a_text_do_not_depend_on_the_other_texts() -> None:
    all_cases = make_cases(TYPOS, texts(40))
    some = make_cases(TYPOS, texts(40)[10:30])
    pairs = set(zip(all_cases.before, all_cases.after, strict=True))
    assert set(zip(some.before, some.after, strict=True)) <= pairs
    assert len(some) == 60


def test_texts_without_anything_to_change_blank_ones_and_repeated_ones_are_left_out() -> None:
    made = make_cases(TYPOS, ["a an", "  ", "another appointment", "another appointment", "1234"])
    assert set(made.before) == {"another appointment"}
    assert len(make_cases(TYPOS, ["a an", ""])) == 0
    assert len(make_cases(TYPOS, [])) == 0


def test_the_units_of_the_texts_are_those_of_the_cases() -> None:
    units = np.repeat(np.arange(10), 3)
    made = make_cases(TYPOS, texts(30), units)
    by_text = dict(zip(texts(30), units.tolist(), strict=True))
    assert made.units.tolist() == [by_text[text] for text in made.before]


def test_templates_give_cases_whose_unit_is_the_template() -> None:
    templates = Templates(("I {verb} it.", "We {verb} it."), (WordList("verb", ("love", "like")),))
    minimum = BehaviorTest("M", "minimum_functionality", None, templates, Expectation("good"))
    made = make_cases(minimum, texts(5))
    assert made.before == made.after
    assert sorted(zip(made.after, made.units.tolist(), strict=True)) == [
        ("I like it.", 0),
        ("I love it.", 0),
        ("We like it.", 1),
        ("We love it.", 1),
    ]
    negated = BehaviorTest("N", "direction", Change("swap", ("love", "hate")), templates)
    assert {*zip(*(lambda m: (m.before, m.after))(make_cases(negated, [])), strict=True)} == {
        ("I love it.", "I hate it."),
        ("We love it.", "We hate it."),
    }


def test_a_very_long_text_is_cut() -> None:
    made = make_cases(BehaviorTest("C", "invariance", Change("case")), ["Word " * 100_000])
    assert len(made.before[0]) == 10_000
