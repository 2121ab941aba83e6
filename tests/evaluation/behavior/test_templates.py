"""Templates: every combination where they are few, a bounded sample where they are many, and no code in what users write."""

from itertools import product

import pytest

from core.errors import ConfigError
from core.evaluation.behavior.definitions import Templates, WordList
from core.evaluation.behavior.templates import fill_templates

VERBS, THINGS = ("love", "like"), ("film", "book", "place")
LISTS = (WordList("verb", VERBS), WordList("thing", THINGS))


def test_all_combinations_are_made_where_they_are_few() -> None:
    filled = fill_templates(Templates(("I {verb} this { thing }.",), LISTS), 500)
    assert sorted(text for _, text in filled) == sorted(f"I {v} this {t}." for v, t in product(VERBS, THINGS))


def test_a_list_that_is_named_twice_gives_the_same_word() -> None:
    filled = fill_templates(Templates(("{thing} and {thing}",), LISTS), 500)
    assert {text for _, text in filled} == {"film and film", "book and book", "place and place"}


def test_ten_lists_of_a_hundred_words_do_not_explode() -> None:
    lists = tuple(WordList(f"l{i}", tuple(f"w{i}_{j}" for j in range(100))) for i in range(10))
    template = " ".join(f"{{l{i}}}" for i in range(10))
    filled = [text for _, text in fill_templates(Templates((template,), lists), 500)]
    assert len(set(filled)) == 500
    assert filled == [text for _, text in fill_templates(Templates((template,), lists), 500)]
    assert len({text.split()[0] for text in filled}) > 90
    assert len({text.split()[9] for text in filled}) > 90


def test_templates_share_the_limit_and_the_small_ones_are_complete() -> None:
    many = WordList("n", tuple(f"word{i}" for i in range(200)))
    filled = fill_templates(Templates(("{n} a", "{verb} b", "{n} c"), (*LISTS, many)), 100)
    counts = [sum(number == template for number, _ in filled) for template in range(3)]
    assert counts == [49, 2, 49]


def test_braces_and_everything_else_stay_text() -> None:
    texts = ("{{verb}} <b>", "%s {verb.__class__}")
    assert [text for _, text in fill_templates(Templates(texts[:1], LISTS), 9)] == ["{verb} <b>"]
    with pytest.raises(ConfigError, match=r"names the list 'verb\.__class__', which does not exist"):
        fill_templates(Templates(texts[1:], LISTS), 9)


@pytest.mark.parametrize("template", ["a { b", "a } b", "{verb", "{verb}}"])
def test_a_brace_alone_is_refused(template: str) -> None:
    with pytest.raises(ConfigError, match="brace is alone") as error:
        fill_templates(Templates((template,), LISTS), 9)
    assert "Write {{ or }}" in error.value.hint
