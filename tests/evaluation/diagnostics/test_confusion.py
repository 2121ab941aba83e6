"""The confusion matrix, its order and the worst pairs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.diagnostics import confusion

NAMES = ("a", "b", "c", "d")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_counts_equal_scikit_learn_and_the_order_is_whole(pairs: list[tuple[int, int]]) -> None:
    actual, answered = (np.asarray(side) for side in zip(*pairs, strict=True))
    found = confusion.matrix(actual, answered, 4)
    assert (found == sk.confusion_matrix(actual, answered, labels=range(4))).all()
    assert sorted(confusion.order(found)) == [0, 1, 2, 3]
    assert confusion.most_confused(found, NAMES)["count"].sum() == (actual != answered).sum()


def test_confused_classes_become_neighbours() -> None:
    counts = np.diag([10, 10, 10, 10]).astype(np.int64)
    counts[0, 2], counts[2, 0], counts[1, 3] = 5, 3, 6
    where = confusion.order(counts)
    assert abs(where.index(0) - where.index(2)) == 1
    assert abs(where.index(1) - where.index(3)) == 1
    assert confusion.most_confused(counts, NAMES).to_dict("records")[0] == {
        "first": "a",
        "second": "c",
        "count": 8,
        "first_as_second": 5,
        "second_as_first": 3,
    }
    cells = confusion.frame(counts, NAMES)
    assert list(dict.fromkeys(cells["actual"])) == [NAMES[i] for i in where]
    assert cells.set_index(["actual", "predicted"]).loc[("a", "c"), "share"] == 5 / 15


def test_nothing_confused_and_classes_without_rows() -> None:
    counts = np.diag([3, 0, 2]).astype(np.int64)
    assert confusion.order(counts) == [0, 1, 2]
    assert np.isnan(confusion.shares(counts)[1]).all()
    assert confusion.most_confused(counts, NAMES[:3]).empty
