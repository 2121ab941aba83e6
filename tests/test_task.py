"""Labels to numbers and back, for each kind of task."""

import numpy as np
import pytest

from core.errors import DataError
from core.task import Label, Task

TASKS: list[tuple[Task, list[Label]]] = [
    (Task("binary", ("no", "yes")), ["yes", "no"]),
    (Task("multiclass", ("a", "b", "c")), ["c", "a"]),
    (Task("multilabel", ("p", "q")), [["p", "q"], []]),
    (Task("regression", ()), [1.5, -2.0]),
]


@pytest.mark.parametrize(("task", "labels"), TASKS)
def test_labels_survive_encoding_and_json(task: Task, labels: list[Label]) -> None:
    assert Task.from_json(task.to_json()) == task
    assert task.decode(task.encode(labels)) == labels


def test_probabilities_by_hand() -> None:
    two = Task("binary", ("no", "yes")).probabilities(np.log(np.asarray([[1.0, 3.0]], dtype=np.float32)))
    assert two == pytest.approx(np.asarray([[0.25, 0.75]]))
    many = Task("multilabel", ("p", "q")).probabilities(np.asarray([[0.0, 200.0]], dtype=np.float32))
    assert many == pytest.approx(np.asarray([[0.5, 1.0]]))


def test_decisions() -> None:
    logits = np.asarray([[0.1, -0.2, 0.3]], dtype=np.float32)
    assert Task("multiclass", ("a", "b", "c")).decide(logits).tolist() == [2]
    assert Task("multilabel", ("a", "b", "c")).decide(logits).tolist() == [[1.0, 0.0, 1.0]]


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(DataError, match="'d' is not one of the 3") as caught:
        Task("multiclass", ("a", "b", "c")).encode(["d"])
    assert "a, b, c" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "labels"), [("binary", ("one",)), ("multilabel", ()), ("regression", ("x",)), ("multiclass", ("a", "a"))]
)
def test_a_task_that_cannot_be_is_refused(kind: str, labels: tuple[str, ...]) -> None:
    with pytest.raises(DataError):
        Task(kind, labels)  # type: ignore[arg-type]
