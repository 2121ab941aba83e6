"""Every pattern that is applied to texts of users takes time in proportion to the text, whatever the text is."""

import time
from collections.abc import Callable
from contextlib import suppress

import ftfy
import ftfy.badness
import pandas as pd
import pytest

from core.data import pii
from core.data.labels import guess_label_form, parse_label_names, split_cell
from core.data.near_duplicates import normalize_text
from core.data.reading.headers import is_column_name
from core.data.reading.json_table import read_fasttext
from core.data.repairs import TAG, URL, remove_markup
from core.data.split_column import split_in_name
from core.errors import DataError
from pages.shared.widgets import escape_markdown

CHARACTERS = 20_000
# What is repeated, or a function of the length.
TEXTS: dict[str, str | Callable[[int], str]] = {
    "comments that never end": "<!--",
    "one comment that never ends": lambda n: "<!--" + "a" * n,
    "tags that never end": "<a ",
    "digits": "1",
    "separated digits": "1 ",
    "phone numbers": "+49 30 ",
    "account numbers": "DE12 ",
    "at signs": "@",
    "addresses": "a@",
    "hyphens in a host": "a@b.--",
    "spaces": " ",
    "spaces in a line": lambda n: "1,x" + " " * n + "y",
    "brackets": "[{(",
    "references": "&#",
    "a long reference": lambda n: "&#" + "9" * n + ";",
    "web addresses": "www.http://",
    "dots": ".",
    "letters with accents": "Ã©é",
    "label prefixes": "__label__",
    "quotation marks": "\"'",
    "dates": "12/03/2024 ",
}
FUNCTIONS: dict[str, Callable[[str], object]] = {
    "pii.mask": pii.mask,
    "remove_markup": remove_markup,
    "TAG": TAG.search,
    "URL": URL.search,
    "normalize_text": normalize_text,
    "parse_label_names": parse_label_names,
    "split_cell": lambda text: split_cell(text, "list"),
    "guess_label_form": lambda text: guess_label_form(pd.Series([text, "b"])),
    "read_fasttext": lambda text: read_fasttext(text, "x.txt"),
    "split_in_name": split_in_name,
    "is_column_name": is_column_name,
    "escape_markdown": escape_markdown,
    "is_bad": ftfy.badness.is_bad,
    "fix_text": ftfy.fix_text,
}


def _seconds(function: Callable[[str], object], pattern: str | Callable[[int], str], length: int) -> float:
    text = pattern * (length // len(pattern)) if isinstance(pattern, str) else pattern(length)
    started = time.process_time()
    with suppress(DataError):
        function(text)
    return time.process_time() - started


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_text_twice_as_long_takes_at_most_three_times_as_long(name: str) -> None:
    for text, pattern in TEXTS.items():
        once = _seconds(FUNCTIONS[name], pattern, CHARACTERS)
        twice = _seconds(FUNCTIONS[name], pattern, 2 * CHARACTERS)
        assert twice <= 3 * once + 0.1, text


def test_a_comment_is_removed_and_one_that_never_ends_is_kept() -> None:
    assert remove_markup("a <!-- b <c> --> d") == "a d"
    assert remove_markup("a <!-- b <!-- c --> d") == "a <!-- b d"
    assert remove_markup("a <!-- b") == "a <!-- b"
    assert remove_markup("&#65;&amp;") == "A&"
