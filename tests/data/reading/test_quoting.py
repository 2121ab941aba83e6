"""Stray quotation marks swallow no rows; newlines in cells that were quoted stay in their cells."""

import csv
import io
import random
from collections.abc import Callable, Sequence
from typing import Literal

import pytest

from core.data.reading.chunks import SourceFile
from core.data.reading.files import read_bytes
from core.data.reading.streaming import stream_table
from core.data.table import ReadOptions

Change = Callable[[list[str]], list[str]]
ROWS = 600
WORDS = [
    "the",
    "film",
    "was",
    "a",
    "long",
    "slow",
    "walk",
    "through",
    "rain",
    "and",
    "I",
    "liked",
    "it",
    "but",
    "the",
    "end",
    "came",
    "too",
    "late",
    "for",
    "me",
]


def make_sentences(seed: int, count: int = ROWS) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(4, 18))) + "." for _ in range(count)]


def write_plainly(rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    """The rows as a program writes them that knows no quoting."""
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


def opened_then_closed(texts: list[str]) -> list[str]:
    """One text opens with a quotation mark, a much later one ends with it: by the rules of CSV, one valid cell."""
    return [f'"{text}' if i == 100 else f'{text}"' if i == 200 else text for i, text in enumerate(texts)]


def many_openings(texts: list[str]) -> list[str]:
    return [f'"{text}' if i % 90 == 7 else f'{text}"' if i % 90 == 40 else text for i, text in enumerate(texts)]


def inches(texts: list[str]) -> list[str]:
    return [f'5" {text}' if i % 50 == 0 else text for i, text in enumerate(texts)]


def never_closed(texts: list[str]) -> list[str]:
    return [f'"{text}' if i % 70 == 3 else text for i, text in enumerate(texts)]


def late(texts: list[str]) -> list[str]:
    return [
        f'"{text}' if i == len(texts) - 3 else f'{text}"' if i == len(texts) - 1 else text
        for i, text in enumerate(texts)
    ]


STRAY = [opened_then_closed, many_openings, inches, never_closed, late]


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("label_first", [False, True])
@pytest.mark.parametrize("header", [False, True])
def test_stray_marks_in_tab_separated_rows_swallow_none(stray: Change, label_first: bool, header: bool) -> None:
    texts = stray(make_sentences(1))
    rows = [["text", "label"]] * header + [[text, str(i % 2)] for i, text in enumerate(texts)]
    data = write_plainly([row[::-1] if label_first else row for row in rows], "\t")
    table = read_bytes(data, "reviews.txt")
    assert len(table) == ROWS
    assert not table.unreadable
    assert table.frame.iloc[:, int(label_first)].str.replace('"', "").tolist() == [t.replace('"', "") for t in texts]
    assert stream_table(SourceFile.of_bytes(data, "reviews.txt")).rows == ROWS


@pytest.mark.parametrize("delimiter", ["|", ";"])
@pytest.mark.parametrize("stray", STRAY)
def test_stray_marks_between_other_delimiters_swallow_none(stray: Change, delimiter: str) -> None:
    rows = [["id", "text", "label"], *([str(i), t, "ab"[i % 2]] for i, t in enumerate(stray(make_sentences(2))))]
    assert len(read_bytes(write_plainly(rows, delimiter), "x.csv")) == ROWS


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("name", ["texts.txt", "texts.csv"])
def test_a_list_of_texts_is_one_text_a_line(stray: Change, name: str) -> None:
    texts = stray(make_sentences(3))
    data = write_plainly([[text] for text in texts], "")
    assert read_bytes(data, name, columns_needed=1).frame.iloc[:, 0].tolist() == texts
    stream = stream_table(SourceFile.of_bytes(data, name))
    assert stream.rows == ROWS
    assert [cell for chunk in stream.read(100) for cell in chunk.cells(stream.columns[0])] == texts


LISTS = {
    "a short first line": ["Great movie", *make_sentences(4, 20)],
    "blank lines": ["one text here", "", "another text here", "", "", "the last one"],
    "commas": ["good,but slow", "bad,and late", "fine,I think", "no,never"],
    "quoted lines": ['"Come in," he said', '"No."', 'She said "yes"', '"so"'],
    "numbers": ["1", "2", "3 of them", "4"],
}


@pytest.mark.parametrize("kind", LISTS)
def test_every_line_of_a_list_is_a_text(kind: str) -> None:
    texts = LISTS[kind]
    data = "\n".join(texts).encode()
    table = read_bytes(data, "x.txt", columns_needed=1)
    assert table.frame.iloc[:, 0].tolist() == texts
    stream = stream_table(SourceFile.of_bytes(data, "x.txt"))
    assert [cell for chunk in stream.read(3) for cell in chunk.cells(stream.columns[0])] == texts


def one_newline(text: str, i: int) -> str:
    return text.replace(" ", "\n", 1)


def paragraphs(text: str, i: int) -> str:
    return f"{text}\n\n{text}" if i % 3 == 0 else text


def rare(text: str, i: int) -> str:
    return f"{text}\n{text}" if i == 300 else text


def a_long_one(text: str, i: int) -> str:
    return "\n".join([text] * 40) if i == 5 else text


def with_commas(text: str, i: int) -> str:
    return f"Dear all, {text}\nregards, me" if i % 2 else text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("change", [one_newline, paragraphs, rare, a_long_one, with_commas])
def test_newlines_in_quoted_cells_are_kept(
    change: Callable[[str, int], str], quoting: Literal[0, 1], delimiter: str
) -> None:
    texts = [change(text, i) for i, text in enumerate(make_sentences(5))]
    buffer = io.StringIO()
    rows = [["text", "label"], *([text, "ab"[i % 2]] for i, text in enumerate(texts))]
    csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
    assert read_bytes(buffer.getvalue().encode(), "x.csv").frame["text"].tolist() == texts


def test_a_chosen_quotation_mark_is_believed() -> None:
    texts = opened_then_closed(make_sentences(1))
    data = write_plainly([["text", "label"], *([f"{text}", "a"] for text in texts)], "\t")
    assert len(read_bytes(data, "x.tsv")) == ROWS
    assert len(read_bytes(data, "x.tsv", ReadOptions(quote=""))) == ROWS


SINGLE: dict[str, Callable[[int], bool]] = {
    "a few": lambda i: i % 20 == 0,
    "one": lambda i: i == 30,
    "half": lambda i: i % 2 == 0,
    "late": lambda i: i > 500,
    "most": lambda i: i % 10 != 0,
}


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("kind", SINGLE)
def test_single_quotes_only_where_they_are_needed(kind: str, delimiter: str) -> None:
    needed = SINGLE[kind]
    texts = [f"Well{delimiter} {t}{delimiter}don't" if needed(i) else t for i, t in enumerate(make_sentences(6))]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quotechar="'", lineterminator="\n")
    writer.writerows([["text", "label"], *([text, "ab"[i % 2]] for i, text in enumerate(texts))])
    table = read_bytes(buffer.getvalue().encode(), "x.csv")
    assert table.frame["text"].tolist() == texts


def test_apostrophes_are_text() -> None:
    rows = [
        ["text", "label"],
        *([f"'tis {t}" if i % 9 == 0 else t, "ab"[i % 2]] for i, t in enumerate(make_sentences(7))),
    ]
    assert read_bytes(write_plainly(rows, ";"), "x.csv").frame["text"].tolist() == [row[0] for row in rows[1:]]
