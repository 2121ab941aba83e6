"""Label variants and small classes are found and repaired; class imbalance is reported."""

import pytest

from core.data.checks.labels import normalize_label
from tests.data.checks.cases import CLEAN, find, repair

OTHER = "an entirely different sentence about the weather"


@pytest.mark.parametrize(
    ("check", "label", "repaired"),
    [("label_variants", "A ", [*CLEAN, (OTHER, "a")]), ("small_classes", "rare", CLEAN)],
)
def test_label_problems_are_found_and_repaired(check: str, label: str, repaired: list[tuple[str, str]]) -> None:
    rows = [*CLEAN, (OTHER, label)]
    finding = find(rows)[check]
    assert finding.rows.tolist() == [100]
    assert repair(rows, finding) == repaired


def test_imbalance_states_the_accuracy_of_the_majority_class() -> None:
    rows = [(text, "b" if i < 5 else "a") for i, (text, _) in enumerate(CLEAN)]
    assert "correct 95% of the time" in find(rows)["imbalance"].message


def test_labels_are_normalized() -> None:
    assert normalize_label(" Very_Good  ") == normalize_label("very good") == "very good"
