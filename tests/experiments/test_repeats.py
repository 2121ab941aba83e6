"""Other seeds and other folds of one question: what each run gets, what they come to, two in one process."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, save_dataset
from core.data.reading.files import paste
from core.data.splitting import SplitConfig, Splits
from core.errors import ConfigError
from core.experiments import repeats
from core.experiments.launch import follow_events
from core.jobs import events, process
from core.jobs.events import Step
from core.runs import Result, Run, create_run
from core.task import Label, Task
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.training.test_trainer import toy

TASK = Task("multiclass", ("a", "b", "c"))
# So different from one another that none is nearly another.
TOPICS = [
    f"{chr(97 + i) * 3} {chr(98 + i % 20) * 4} {i * 7919} {chr(120 - i % 20) * 5} {i * 104729}" for i in range(60)
]


def splits_of(labels: list[Label], topics: list[int], task: Task = TASK) -> Splits:
    texts = [TOPICS[topic] for topic in topics]
    frame = pd.DataFrame({"row": range(len(labels)), "text": texts, "label": labels})
    held = max(1, len(frame) // 5)
    test = pd.DataFrame({"row": [9000, 9001], "text": ["only here", "and here"], "label": ["a", "b"]})
    return Splits(frame[held:].reset_index(drop=True), frame[:held].reset_index(drop=True), test, task)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 59)), min_size=20, max_size=80),
    count=st.integers(2, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_folds_are_a_partition_with_equal_texts_together(rows: list[tuple[Label, int]], count: int, seed: int) -> None:
    splits = splits_of([label for label, _ in rows], [topic for _, topic in rows])
    if len({topic for _, topic in rows}) < count:
        return
    found = repeats.folds(splits, count, seed)
    assert len(found) == count
    everything = sorted([*splits.train["row"], *splits.validation["row"]])
    assert sorted(row for fold in found for row in fold.validation["row"]) == everything
    for fold in found:
        assert sorted([*fold.train["row"], *fold.validation["row"]]) == everything
        assert not set(fold.train["text"]) & set(fold.validation["text"])
        assert len(fold.train) > 0 < len(fold.validation)
        assert fold.test is splits.test


@settings(deadline=None, max_examples=40)
@given(counts=st.tuples(*[st.integers(1, 20)] * 3), count=st.integers(2, 5), seed=st.integers(0, 1000))
def test_each_class_has_its_share_of_each_fold(counts: tuple[int, int, int], count: int, seed: int) -> None:
    labels: list[Label] = [name for name, rows in zip("abc", counts, strict=True) for _ in range(rows)]
    if max(counts) < count:
        return
    splits = splits_of(labels, list(range(len(labels))))
    for fold in repeats.folds(splits, count, seed):
        held = fold.validation["label"].value_counts()
        for name, rows in zip("abc", counts, strict=True):
            assert rows // count <= held.get(name, 0) <= -(-rows // count)


def test_rows_of_one_group_are_in_one_fold() -> None:
    splits = splits_of(["a", "b"] * 12, list(range(24)))
    groups = pd.Series(["", "", *(f"patient {i // 4}" for i in range(22))], index=range(24))
    for fold in repeats.folds(splits, 4, 0, groups):
        train, held = (set(groups[frame["row"]]) - {""} for frame in (fold.train, fold.validation))
        assert held
        assert not train & held


def test_scores_and_labels_are_dealt_out_too() -> None:
    scores: list[Label] = [float(i) for i in range(24)]
    found = repeats.folds(splits_of(scores, list(range(24)), Task("regression", ())), 3, 0)
    assert [len(fold.validation) for fold in found] == [8, 8, 8]
    several: list[Label] = [["x"], ["x", "y"]] * 12
    found = repeats.folds(splits_of(several, list(range(24)), Task("multilabel", ("x", "y"))), 3, 0)
    assert [len(fold.validation) for fold in found] == [8, 8, 8]


def test_more_folds_than_texts_are_refused() -> None:
    with pytest.raises(ConfigError, match="2 different texts cannot make 3 folds"):
        repeats.folds(splits_of(["a", "b"] * 3, [0, 1] * 3), 3, 0)


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    frame = toy("binary").train
    pairs = zip(frame["text"], frame["label"], strict=True)
    rows = [f"{text},{label},visit {i // 3}" for i, (text, label) in enumerate(pairs)]
    choice = ColumnChoice("text", "label", "binary", group="group")
    return save_dataset(
        workspace,
        paste("\n".join(["text,label,group", *rows])),
        choice,
        SplitConfig(group_near_duplicates=False),
        "Toy",
    )


def test_seeds_make_runs_of_one_group_on_the_same_rows(workspace: Workspace, dataset: Dataset) -> None:
    runs = repeats.create_seed_runs(workspace, dataset, TrainingConfig(seed=5, epochs=2), 3)
    assert [run.record.config["seed"] for run in runs] == [5, 6, 7]
    assert {run.record.config["epochs"] for run in runs} == {2}
    assert len({run.record.split_fingerprint for run in runs}) == 1
    assert [run.name for run in runs] == ["Toy, seed 5", "Toy, seed 6", "Toy, seed 7"]
    (members,) = repeats.groups(list(reversed(runs))).values()
    assert [run.id for run in members] == [run.id for run in runs]
    assert [run.record.group["number"] for run in members] == [1, 2, 3]


def test_folds_make_runs_on_other_rows_with_the_test_rows_the_same(workspace: Workspace, dataset: Dataset) -> None:
    runs = repeats.create_fold_runs(workspace, dataset, TrainingConfig(), 3)
    held = [set(run.split("validation")["row"]) for run in runs]
    assert not held[0] & held[1]
    everything = set(runs[0].split("train")["row"]) | held[0]
    assert set.union(*held) == everything
    assert len({tuple(run.split("test")["row"]) for run in runs}) == 1
    assert not everything & set(runs[0].split("test")["row"])
    for run in runs:  # three rows of the file are a group
        assert not {row // 3 for row in run.split("train")["row"]} & {
            row // 3 for row in run.split("validation")["row"]
        }
    one, other = repeats.create_seed_runs(workspace, dataset, TrainingConfig(), 2)
    assert len(repeats.groups([*runs, one, other])) == 2


@pytest.mark.parametrize("count", [1, 11])
def test_an_impossible_number_of_runs_leaves_nothing_behind(count: int, workspace: Workspace, dataset: Dataset) -> None:
    for make, what in ((repeats.create_seed_runs, "seeds"), (repeats.create_fold_runs, "folds")):
        with pytest.raises(ConfigError, match=f"between 2 and 10 {what}, found {count}"):
            make(workspace, dataset, TrainingConfig(), count)
    assert not workspace.runs.exists()


def finished(workspace: Workspace, values: list[float], kind: str = "binary") -> list[Run]:
    runs = [
        create_run(workspace, toy(kind), TrainingConfig().to_json(), f"run {i}", {"name": "toy"}, SplitConfig())
        for i in range(len(values))
    ]
    metric = "r2" if kind == "regression" else "f1_macro"
    for run, value in zip(runs, values, strict=True):
        run.save_result(Result({metric: value}, {}, {}, 1.0, 1.0, 1.0, 1.0))
    return runs


def test_a_group_is_summed_up(workspace: Workspace) -> None:
    waiting = create_run(workspace, toy("binary"), TrainingConfig().to_json(), "waits", {"name": "toy"}, SplitConfig())
    assert repeats.summarize([waiting]) is None
    runs = finished(workspace, [0.8, 0.9, 0.4])
    found = repeats.summarize([*runs, waiting])
    assert found is not None
    assert found.metric == "f1_macro"
    assert found.mean == pytest.approx(0.7)
    # Deviations 0.1, 0.2, -0.3: squares sum to 0.14, over two degrees of freedom.
    assert found.std == pytest.approx(np.sqrt(0.07))
    assert found.best.id == runs[1].id
    assert found.collapsed_runs == (runs[2].id,)  # below 0.7 * 0.9 = 0.63
    alone = repeats.summarize(runs[:1])
    assert alone is not None
    assert (alone.std, alone.collapsed_runs) == (0.0, ())


def test_values_below_zero_and_no_values_at_all(workspace: Workspace) -> None:
    runs = finished(workspace, [-0.2, float("nan"), -0.1], "regression")
    found = repeats.summarize(runs)
    assert found is not None
    assert (found.values, found.best.id, found.collapsed_runs) == ((-0.2, -0.1), runs[2].id, ())
    assert repeats.summarize(runs[1:2]) is None


@pytest.fixture
def pair(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> list[Run]:
    config = TrainingConfig(encoder=tiny_encoder, epochs=1, max_length=16, batch_size=8)
    return repeats.create_seed_runs(workspace, dataset, config, 2)


def test_two_runs_in_one_process_both_finish(pair: list[Run]) -> None:
    process.start(*(run.folder for run in pair))
    assert len({process.read_status(run.folder).pid for run in pair}) == 1
    for run in pair:
        list(follow_events(run))
        assert process.read_status(run.folder).state == "finished"
    found = repeats.summarize(pair)
    assert found is not None
    assert len(found.values) == 2
    first, second = (events.read(run.folder) for run in pair)
    assert max(event.time for event in first) < min(event.time for event in second)  # one after the other


@pytest.mark.parametrize("at_once", [True, False])
def test_calling_off_the_second_leaves_the_first_alone(at_once: bool, pair: list[Run]) -> None:
    first, second = pair
    process.start(first.folder, second.folder)
    while not at_once and not any(isinstance(event, Step) for event in events.read(first.folder)):
        assert process.read_status(first.folder).active
        time.sleep(0.05)
    process.stop(second.folder)
    assert process.read_status(second.folder).state == "stopped"
    list(follow_events(first))
    assert process.read_status(first.folder).state == "finished"
    pid = process.read_status(first.folder).pid
    while process.lives(pid, first.folder.name):
        time.sleep(0.05)
    status = process.read_status(second.folder)
    assert (status.state, status.message) == ("stopped", "Stopped before it began.")
    assert second.result() is None
    assert not (second.folder / events.FILE).exists()


def test_a_run_that_was_called_off_can_be_started_again(pair: list[Run]) -> None:
    second = pair[1]
    process.write_status(second.folder, "stopped", "Stopped before it began.", pid=1)
    process.start(second.folder)
    list(follow_events(second))
    assert process.read_status(second.folder).state == "finished"
