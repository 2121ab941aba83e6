"""Duplicates, conflicting labels and leaks between the splits of a file are found and repaired."""

import pytest

from core.data.repairs import apply_repairs
from tests.data.checks.cases import CLEAN, find, label_rows, repair

NEAR_DUPLICATE = "Yesterday, my parcel vanished and nobody at number 00 could say why!"


@pytest.mark.parametrize(
    ("check", "row", "rows", "repaired"),
    [
        ("conflicts", (CLEAN[0][0], "b"), [0, 100], CLEAN[1:]),
        ("duplicates", CLEAN[3], [3, 100], CLEAN),
        ("near_duplicates", (NEAR_DUPLICATE, "a"), [0, 100], CLEAN),
    ],
)
def test_repeated_texts_are_found_and_repaired(
    check: str, row: tuple[str, str], rows: list[int], repaired: list[tuple[str, str]]
) -> None:
    finding = find([*CLEAN, row])[check]
    assert finding.rows.tolist() == rows
    assert repair([*CLEAN, row], finding) == repaired


def test_leaks_between_the_splits_of_a_file_are_found_and_repaired() -> None:
    rows = [(text, label, "train" if i % 2 else "test") for i, (text, label) in enumerate(CLEAN)]
    rows.append((*CLEAN[0], "train"))
    finding = find(rows, "split")["leaks"]
    assert finding.rows.tolist() == [0, 100]
    assert finding.repair is not None
    repaired = apply_repairs(label_rows(rows, "split")[2], [finding.repair])
    assert repaired.frame["row"].tolist() == list(range(100))
