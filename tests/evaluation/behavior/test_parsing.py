"""Lists as people type them, and back."""

import pytest

from core.errors import ConfigError
from core.evaluation.behavior.definitions import Change, WordList
from core.evaluation.behavior.parsing import (
    format_lists,
    format_replacements,
    parse_lines,
    parse_lists,
    parse_replacements,
    parse_words,
)


def test_lines_and_words() -> None:
    assert parse_lines(" One, two. \n\n Three") == ("One, two.", "Three")
    assert parse_words("one, two words\nthree,,") == ("one", "two words", "three")


def test_lists_of_words() -> None:
    lists = parse_lists("verb: love, like\n\n{thing} : film: a story, book")
    assert lists == (WordList("verb", ("love", "like")), WordList("thing", ("film: a story", "book")))
    assert parse_lists(format_lists(lists)) == lists
    assert parse_lists("") == ()


def test_replacements() -> None:
    pairs = parse_replacements("good = bad, very poor\nup=down")
    assert pairs == (("good", "bad"), ("good", "very poor"), ("up", "down"))
    assert parse_replacements(format_replacements(Change("words", replacements=pairs))) == pairs


@pytest.mark.parametrize("text", ["verb love", "verb:", ": love"])
def test_a_line_that_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_lists(text)


@pytest.mark.parametrize("text", ["good bad", "good =", "= bad", "good = ,"])
def test_a_line_that_is_no_replacement_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="a word, an equals sign and a word"):
        parse_replacements(text)
