"""Repairs can be applied again, removed, and are validated."""

import pytest

from core.data.repairs import Repair, apply_repairs, remove_markup
from core.errors import DataError
from tests.data.checks.cases import CLEAN, label_rows


def test_a_corrected_label_keeps_its_old_value_and_can_be_corrected_again() -> None:
    _, _, labeled = label_rows(CLEAN)
    text, label = CLEAN[7]
    changes = [{"text": text, "was": label, "now": "c"}, {"text": CLEAN[8][0], "was": CLEAN[8][1], "now": None}]
    repair = Repair("relabel", {"changes": changes})
    frame = apply_repairs(labeled, [repair]).frame
    assert len(frame) == len(CLEAN) - 1
    corrected = frame[frame["text"] == text].iloc[0]
    assert (corrected["label"], corrected["was"]) == ("c", label)
    assert apply_repairs(labeled, [repair, repair]).frame["label"].tolist() == frame["label"].tolist()


def test_without_repairs_nothing_changes() -> None:
    labeled = apply_repairs(label_rows(CLEAN)[2], [])
    assert labeled.frame["label"].tolist() == [label for _, label in CLEAN]


def test_markup_is_removed_from_a_text() -> None:
    assert remove_markup("<b>Tom &amp; Jo</b><!-- x --> www.example.org/a") == "Tom & Jo [link]"


@pytest.mark.parametrize(
    ("kind", "detail", "message"),
    [
        ("burn", {}, "Unknown repair 'burn'"),
        ("merge_labels", {"mapping": ["a"]}, "needs 'mapping' of type dict"),
        ("relabel", {}, "needs 'changes' of type list"),
    ],
)
def test_invalid_repairs_are_refused(kind: str, detail: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Repair(kind, detail)


def test_a_repair_that_leaves_no_rows_is_refused() -> None:
    _, _, labeled = label_rows([(text, label) for text, _ in CLEAN for label in "ab"])
    with pytest.raises(DataError, match="leaves no rows"):
        apply_repairs(labeled, [Repair("drop_conflicts")])
