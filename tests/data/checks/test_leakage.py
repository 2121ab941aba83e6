"""A column or a word that determines the label is found."""

from core.data.checks.leakage import check_leakage
from tests.data.checks.cases import CLEAN, label_rows


def test_a_column_and_a_word_that_determine_the_label() -> None:
    rows = [(text + (" zzspam" if label == "a" else ""), label, label.upper()) for text, label in CLEAN]
    column, word = check_leakage(*label_rows(rows, "source"))
    assert "column “source”" in column.message
    assert "word “zzspam”" in word.message
    assert word.rows.tolist() == [row for row, (_, label) in enumerate(CLEAN) if label == "a"]


def test_clean_data_has_no_leakage() -> None:
    assert list(check_leakage(*label_rows(CLEAN))) == []
