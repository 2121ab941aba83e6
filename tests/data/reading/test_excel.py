"""Excel files as people and survey tools make them: which sheet is read, and where its table begins and ends."""

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pandas as pd
import pytest

from core.data.reading.files import read_bytes
from core.data.table import ReadOptions
from core.errors import DataError
from tests.data.reading.cases import FRAME, csv_bytes, excel_bytes
from tests.data.reading.hostile import SHEET, edit_excel

NOTES = pd.DataFrame({"note": ["nothing here"], "x": ["y"]})
TEXTS = [f"the answer number {i}, which was long, and went on" for i in range(30)]
ROWS: list[list[Any]] = [[i + 1, text, ("good", "bad", "fine")[i % 3]] for i, text in enumerate(TEXTS)]
HEADER: list[Any] = ["id", "text", "label"]


def book(*sheets: Sequence[Sequence[Any]], merged: Sequence[str] = ()) -> bytes:
    """A workbook with the rows of each sheet; ``merged`` are ranges of the last sheet."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for number, rows in enumerate(sheets, start=1):
        sheet = workbook.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(list(row))
    for cells in merged:
        workbook.worksheets[-1].merge_cells(cells)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


COVERS: dict[str, list[list[Any]]] = {
    "a title": [["Customer survey 2024"]],
    "a form": [["Project", "Survey"], ["Author", "M. Smith"], ["Date", "2024-05-01"], ["Status", "final"]],
    "a list of columns": [["Column", "Meaning"], ["text", "what they said"], ["label", "the class"]],
    "prose": [["Please read this first, it explains all."], [], ["Do not change the data, thanks."]],
    "numbers": [["", "2023", "2024"], ["rows", 10, 30]],
    "nothing": [],
}


@pytest.mark.parametrize("kind", COVERS)
def test_cover_sheets_are_passed_over(kind: str) -> None:
    table = read_bytes(book(COVERS[kind], [HEADER, *ROWS]), "x.xlsx")
    assert table.sheet == "Sheet 2"
    assert table.sheets == ("Sheet 1", "Sheet 2")
    assert table.frame["text"].tolist() == TEXTS


ABOVE = {
    "a title": [["Customer survey"]],
    "title and date": [["Customer survey"], ["as of", "May"]],
    "empty rows": [["Customer survey"], [], [], ["all rows"]],
    "a merged title": [["", "Customer survey"]],
    "many notes": [[f"note {i}"] for i in range(8)],
}


@pytest.mark.parametrize("kind", ABOVE)
def test_titles_above_the_table_are_set_aside(kind: str) -> None:
    table = read_bytes(book([*ABOVE[kind], [*HEADER, "city"], *([*row, "Rome"] for row in ROWS)]), "x.xlsx")
    assert list(table.frame.columns) == [*HEADER, "city"]
    assert table.frame["text"].tolist() == TEXTS
    assert {row.reason for row in table.unreadable} == {"above the table"}


@pytest.mark.parametrize("write", [csv_bytes, book], ids=["csv", "excel"])
def test_the_three_header_rows_of_a_survey_tool(write: Callable[..., bytes]) -> None:
    questions = ["Response ID", "What did you like about it?\nPlease tell us.", "How was it?"]
    imports = [f'{{"ImportId":"QID{i}"}}' for i in range(3)]
    rows = [["ResponseId", "Q1", "Q2"], questions, imports, *([f"R_{i}", text, label] for i, text, label in ROWS)]
    data, name = (write(rows), "x.xlsx") if write is book else (write([list(map(str, row)) for row in rows]), "x.csv")
    table = read_bytes(data, name)
    assert list(table.frame.columns) == ["ResponseId", "Q1", "Q2"]
    assert table.frame["Q1"].tolist() == TEXTS
    assert [row.reason for row in table.unreadable] == ["above the table"] * 2


@pytest.mark.parametrize("write", [csv_bytes, book], ids=["csv", "excel"])
def test_the_second_header_row_of_a_survey_with_single_answers(write: Callable[..., bytes]) -> None:
    names = ["Respondent ID", "What did you like?", "How was it?"]
    kinds = ["", "Open-Ended Response", "Response"]
    rows = [names, kinds, *([str(i), text, label] for i, text, label in ROWS)]
    table = read_bytes(write(rows), "x.xlsx" if write is book else "x.csv")
    assert list(table.frame.columns) == names
    assert table.frame["What did you like?"].tolist() == TEXTS


TWO_ROWS: dict[str, tuple[list[str], list[str], list[str], list[str]]] = {
    "merged groups": (["id", "Answer", ""], ["", "text", "label"], ["A2:A3", "B2:C2"], ["id", "Answer text", "Answer label"]),
    "responses": (["Number", "What did you like?", "How was it?", ""], ["", "Open-Ended Response", "Response", "Other"], [],
                  ["Number", "What did you like? Open-Ended Response", "How was it? Response", "How was it? Other"]),
    "one group": (["", "Survey", ""], ["id", "text", "label"], [], ["id", "text", "label"]),
    "last group": (["id", "text", "Rating", ""], ["", "", "label", "by"], [], ["id", "text", "Rating label", "Rating by"]),
    "two groups": (["Person", "", "Answer", ""], ["id", "city", "text", "label"], [],
                   ["Person id", "Person city", "Answer text", "Answer label"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", TWO_ROWS)
def test_two_header_rows_are_joined(kind: str) -> None:
    groups, names, merged, expected = TWO_ROWS[kind]
    rows = [
        [i, "Rome", text, label] if kind == "two groups" else [i, text, label, "me"][: len(groups)]
        for i, text, label in ROWS
    ]
    shifted = [f"{cells[0]}{int(cells[1]) - 1}:{cells[3]}{int(cells[4]) - 1}" for cells in merged]
    table = read_bytes(book([groups, names, *rows], merged=shifted), "x.xlsx")
    assert list(table.frame.columns) == expected
    assert len(table) == len(ROWS)


@pytest.mark.parametrize("write", [csv_bytes, book], ids=["csv", "excel"])
@pytest.mark.parametrize("long", [61, 90, 150, 255, 299])
def test_a_header_can_have_any_length(long: int, write: Callable[..., bytes]) -> None:
    question = ("Do you think that discussing this with your employer would have consequences " * 4)[: long - 1] + "?"
    rows = [["Are you self-employed?", question], *([str(i % 2), text] for i, text in enumerate(TEXTS))]
    table = read_bytes(write(rows), "x.xlsx" if write is book else "x.csv")
    assert list(table.frame.columns) == ["Are you self-employed?", question]


BELOW: dict[str, list[list[Any]]] = {
    "total": [["Total", "", 30]],
    "grand total": [["", "Grand Total", 30]],
    "average and total": [["Average", "", 2.5], ["Total", "", 75]],
    "a source": [[], ["Source: our own survey, 2024"]],
    "total and note": [["Sum", "", 12], ["Note: rows without a score were left out."]],
    "count": [["Count", 30]],
}


@pytest.mark.parametrize("kind", BELOW)
def test_totals_and_notes_below_the_table_are_set_aside(kind: str) -> None:
    rows = [["name", "text", "score"], *([f"n{i}", text, i % 5] for i, text, _ in ROWS), *BELOW[kind]]
    table = read_bytes(book(rows), "x.xlsx")
    assert table.frame["text"].tolist() == TEXTS
    assert {row.reason for row in table.unreadable} == {"below the table"}


PLAIN: dict[str, list[list[Any]]] = {
    "a header": [HEADER, *ROWS],
    "two columns": [["text", "label"], *(row[1:] for row in ROWS)],
    "gaps": [[*HEADER, "note"], *([*row, "see above" if row[0] == 4 else None] for row in ROWS)],
    "a row that begins with Total": [HEADER, *ROWS, [31, "Total disaster, never again", "bad"]],
    "short texts": [["text", "label"], *([label, "ab"[i % 2]] for i, _, label in ROWS)],
}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_sheet_is_read_as_it_is(kind: str) -> None:
    table = read_bytes(book(PLAIN[kind]), "x.xlsx")
    assert list(table.frame.columns) == PLAIN[kind][0]
    assert len(table) == len(PLAIN[kind]) - 1
    assert not table.unreadable


def test_a_sheet_can_be_chosen() -> None:
    data = excel_bytes(Notes=NOTES, Data=FRAME)
    assert read_bytes(data, "x.xlsx").sheets == ("Notes", "Data")
    assert read_bytes(data, "x.xlsx", ReadOptions(sheet="Notes")).frame["x"].tolist() == ["y"]
    assert read_bytes(data, "x.xlsx", ReadOptions(sheet="Data")).frame["label"].tolist() == ["x", "y", "x"]
    with pytest.raises(DataError, match="no sheet 'Other'"):
        read_bytes(data, "x.xlsx", ReadOptions(sheet="Other"))


def test_an_empty_first_sheet_is_skipped() -> None:
    labels = read_bytes(excel_bytes(Empty=pd.DataFrame(), Data=FRAME), "x.xlsx").frame["label"].tolist()
    assert labels == ["x", "y", "x"]


@pytest.mark.parametrize("declared", ["A1:B2", "A1", "A1:XFD1048576"])
def test_a_sheet_is_read_whole_whatever_size_it_declares(declared: str) -> None:
    data = edit_excel({SHEET: lambda xml: re.sub('ref="A1:B4"', f'ref="{declared}"', xml)})
    assert declared.encode() in zipfile.ZipFile(io.BytesIO(data)).read(SHEET)
    assert read_bytes(data, "x.xlsx").frame.equals(FRAME.astype("str"))
