"""The confusion matrix, its order and the most confused pairs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.diagnostics.confusion import (
    confusion_frame,
    confusion_matrix,
    most_confused,
    most_confused_classes,
    normalize_rows,
    order_by_confusion,
)

LABELS = ("a", "b", "c", "d")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_the_matrix_agrees_with_scikit_learn_and_the_order_is_complete(pairs: list[tuple[int, int]]) -> None:
    y_true, y_pred = (np.asarray(column) for column in zip(*pairs, strict=True))
    matrix = confusion_matrix(y_true, y_pred, 4)
    assert (matrix == sk.confusion_matrix(y_true, y_pred, labels=range(4))).all()
    assert sorted(order_by_confusion(matrix)) == [0, 1, 2, 3]
    assert most_confused(matrix, LABELS)["count"].sum() == (y_true != y_pred).sum()


def test_confused_classes_are_next_to_each_other() -> None:
    matrix = np.diag([10, 10, 10, 10]).astype(np.int64)
    matrix[0, 2], matrix[2, 0], matrix[1, 3] = 5, 3, 6
    order = order_by_confusion(matrix)
    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(3)) == 1
    cells = confusion_frame(matrix, LABELS)
    assert list(dict.fromkeys(cells["actual"])) == [LABELS[i] for i in order]
    assert cells.set_index(["actual", "predicted"]).loc[("a", "c"), "share"] == 5 / 15


def test_the_most_confused_pair_comes_first() -> None:
    matrix = np.diag([10, 10, 10, 10]).astype(np.int64)
    matrix[0, 2], matrix[2, 0], matrix[1, 3] = 5, 3, 6
    assert most_confused(matrix, LABELS).to_dict("records")[0] == {
        "first": "a",
        "second": "c",
        "count": 8,
        "first_as_second": 5,
        "second_as_first": 3,
    }


def test_no_errors_and_a_class_without_rows() -> None:
    matrix = np.diag([3, 0, 2]).astype(np.int64)
    assert order_by_confusion(matrix) == [0, 1, 2]
    assert np.isnan(normalize_rows(matrix)[1]).all()
    assert most_confused(matrix, LABELS[:3]).empty


def test_the_classes_with_the_most_mistakes_are_chosen_in_their_order() -> None:
    matrix = np.diag([10, 90, 10, 10]).astype(np.int64)
    matrix[3, 0], matrix[0, 2] = 5, 3
    assert most_confused_classes(matrix, LABELS, 2) == ["a", "d"]
    assert most_confused_classes(matrix, LABELS, 9) == list(LABELS)
