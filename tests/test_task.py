"""Labels to numbers and back, for each kind of task."""

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
def test_labels_survive_encoding(task: Task, labels: list[Label]) -> None:
    assert task.decode(task.encode(labels)) == labels


def test_an_unknown_label_is_named() -> None:
    with pytest.raises(DataError, match="'d' is not one of the model's 3 labels") as caught:
        Task("multiclass", ("a", "b", "c")).encode(["d"])
    assert "a, b, c" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "labels"), [("binary", ("one",)), ("multilabel", ()), ("regression", ("x",)), ("multiclass", ("a", "a"))]
)
def test_a_task_that_cannot_be_is_refused(kind: str, labels: tuple[str, ...]) -> None:
    with pytest.raises(DataError):
        Task(kind, labels)  # type: ignore[arg-type]
