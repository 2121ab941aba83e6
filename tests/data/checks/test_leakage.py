"""A column or a word that determines the label is found."""

from core.data.checks.leakage import check_leakage
from tests.data.checks.cases import CLEAN, label_rows


def test_a_column_and_a_word_that_determine_the_label() -> None:
    rows = [
        (text + (" zzspam" if label == "a" else ""), label, f"{label}{i % 3}") for i, (text, label) in enumerate(CLEAN)
    ]
    column, word = check_leakage(*label_rows(rows, "source"))
    assert "“source”" in column.message
    assert "“zzspam” (a)" in word.message
    assert word.rows.tolist() == [row for row, (_, label) in enumerate(CLEAN) if label == "a"]


def test_many_columns_are_one_finding() -> None:
    rows = [(text, label, *(f"{label}{(i + n) % 3}" for n in range(40))) for i, (text, label) in enumerate(CLEAN)]
    (finding,) = check_leakage(*label_rows(rows, *(f"c{n}" for n in range(40))))
    assert "and 35 more" in finding.message


def test_another_name_for_the_label_is_no_leakage() -> None:
    assert list(check_leakage(*label_rows([(text, label, label.upper()) for text, label in CLEAN], "name"))) == []


def test_clean_data_has_no_leakage() -> None:
    assert list(check_leakage(*label_rows(CLEAN))) == []
