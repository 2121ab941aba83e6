"""Repeated runs: the rows and seeds of each, the summary of a group, and two runs in one process."""

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, save_dataset
from core.data.reading.files import read_pasted
from core.data.splitting import SplitConfig, Splits
from core.errors import ConfigError
from core.experiments import repeats
from core.experiments.launch import follow_events
from core.jobs import dispatcher, events, process
from core.jobs.events import Step
from core.run_result import Result
from core.runs import Run, create_run
from core.task import Label, Task
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

TASK = Task("multiclass", ("a", "b", "c"))
# So different from one another that none is a near-duplicate of another.
TOPICS = [
    f"{chr(97 + i) * 3} {chr(98 + i % 20) * 4} {i * 7919} {chr(120 - i % 20) * 5} {i * 104729}" for i in range(60)
]


def make_splits(labels: list[Label], topics: list[int], task: Task = TASK) -> Splits:
    texts = [TOPICS[topic] for topic in topics]
    frame = pd.DataFrame({"row": range(len(labels)), "text": texts, "label": labels})
    validation_rows = max(1, len(frame) // 5)
    test = pd.DataFrame({"row": [9000, 9001], "text": ["only here", "and here"], "label": ["a", "b"]})
    return Splits(
        frame[validation_rows:].reset_index(drop=True), frame[:validation_rows].reset_index(drop=True), test, task
    )


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 59)), min_size=20, max_size=80),
    count=st.integers(2, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_folds_are_a_partition_with_equal_texts_in_one_fold(
    rows: list[tuple[Label, int]], count: int, seed: int
) -> None:
    splits = make_splits([label for label, _ in rows], [topic for _, topic in rows])
    if len({topic for _, topic in rows}) < count:
        return
    folds = repeats.make_folds(splits, count, seed)
    assert len(folds) == count
    everything = sorted([*splits.train["row"], *splits.validation["row"]])
    assert sorted(row for fold in folds for row in fold.validation["row"]) == everything
    for fold in folds:
        assert sorted([*fold.train["row"], *fold.validation["row"]]) == everything
        assert not set(fold.train["text"]) & set(fold.validation["text"])
        assert len(fold.train) > 0 < len(fold.validation)
        assert fold.test is splits.test


@settings(deadline=None, max_examples=40)
@given(counts=st.tuples(*[st.integers(1, 20)] * 3), count=st.integers(2, 5), seed=st.integers(0, 1000))
def test_folds_are_stratified_by_class(counts: tuple[int, int, int], count: int, seed: int) -> None:
    labels: list[Label] = [name for name, rows in zip("abc", counts, strict=True) for _ in range(rows)]
    if max(counts) < count:
        return
    splits = make_splits(labels, list(range(len(labels))))
    for fold in repeats.make_folds(splits, count, seed):
        counts_in_fold = fold.validation["label"].value_counts()
        for name, rows in zip("abc", counts, strict=True):
            assert rows // count <= counts_in_fold.get(name, 0) <= -(-rows // count)


def test_the_rows_of_a_group_are_in_one_fold() -> None:
    splits = make_splits(["a", "b"] * 12, list(range(24)))
    groups = pd.Series(["", "", *(f"patient {i // 4}" for i in range(22))], index=range(24))
    for fold in repeats.make_folds(splits, 4, 0, groups):
        train, validation = (set(groups[frame["row"]]) - {""} for frame in (fold.train, fold.validation))
        assert validation
        assert not train & validation


def test_folds_of_regression_and_multilabel_tasks() -> None:
    scores: list[Label] = [float(i) for i in range(24)]
    folds = repeats.make_folds(make_splits(scores, list(range(24)), Task("regression", ())), 3, 0)
    assert [len(fold.validation) for fold in folds] == [8, 8, 8]
    several: list[Label] = [["x"], ["x", "y"]] * 12
    folds = repeats.make_folds(make_splits(several, list(range(24)), Task("multilabel", ("x", "y"))), 3, 0)
    assert [len(fold.validation) for fold in folds] == [8, 8, 8]


def test_more_folds_than_texts_are_refused() -> None:
    with pytest.raises(ConfigError, match="2 different texts cannot make 3 folds"):
        repeats.make_folds(make_splits(["a", "b"] * 3, [0, 1] * 3), 3, 0)


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    frame = toy("binary").train
    pairs = zip(frame["text"], frame["label"], strict=True)
    rows = [f"{text},{label},visit {i // 3}" for i, (text, label) in enumerate(pairs)]
    choice = ColumnChoice("text", "label", "binary", group="group")
    return save_dataset(
        workspace,
        read_pasted("\n".join(["text,label,group", *rows])),
        choice,
        SplitConfig(group_near_duplicates=False),
        "Toy",
    )


def test_runs_with_other_seeds_are_a_group_on_the_same_rows(workspace: Workspace, dataset: Dataset) -> None:
    runs = repeats.create_seed_runs(workspace, dataset, TrainingConfig(seed=5, epochs=2), 3)
    assert [run.config.seed for run in runs] == [5, 6, 7]
    assert {run.config.epochs for run in runs} == {2}
    assert len({run.split_fingerprint for run in runs}) == 1
    assert [run.name for run in runs] == ["Toy, seed 5", "Toy, seed 6", "Toy, seed 7"]
    (members,) = repeats.runs_by_group(list(reversed(runs))).values()
    assert [run.id for run in members] == [run.id for run in runs]
    assert [run.group and run.group.number for run in members] == [1, 2, 3]


def test_runs_with_other_folds_have_the_same_test_rows(workspace: Workspace, dataset: Dataset) -> None:
    runs = repeats.create_fold_runs(workspace, dataset, TrainingConfig(), 3)
    validation = [set(run.split("validation")["row"]) for run in runs]
    assert not validation[0] & validation[1]
    everything = set(runs[0].split("train")["row"]) | validation[0]
    assert set.union(*validation) == everything
    assert len({tuple(run.split("test")["row"]) for run in runs}) == 1
    assert not everything & set(runs[0].split("test")["row"])
    for run in runs:  # three consecutive rows are a group
        assert not {row // 3 for row in run.split("train")["row"]} & {
            row // 3 for row in run.split("validation")["row"]
        }
    others = repeats.create_seed_runs(workspace, dataset, TrainingConfig(), 2)
    assert len(repeats.runs_by_group([*runs, *others])) == 2


@pytest.mark.parametrize("count", [1, 11])
def test_an_invalid_number_of_runs_creates_nothing(count: int, workspace: Workspace, dataset: Dataset) -> None:
    for create, noun in ((repeats.create_seed_runs, "seeds"), (repeats.create_fold_runs, "folds")):
        with pytest.raises(ConfigError, match=f"between 2 and 10 {noun}, found {count}"):
            create(workspace, dataset, TrainingConfig(), count)
    assert not workspace.runs.exists()


def finished(workspace: Workspace, values: list[float], kind: str = "binary") -> list[Run]:
    runs = [create_run(workspace, toy(kind), TrainingConfig(), f"run {i}", TOY_SOURCE) for i in range(len(values))]
    metric = "r2" if kind == "regression" else "f1_macro"
    for run, value in zip(runs, values, strict=True):
        run.save_result(Result({metric: value}, {}, {}, 1.0, 1.0, 1.0, 1.0))
    return runs


def test_the_summary_of_a_group(workspace: Workspace) -> None:
    waiting = create_run(workspace, toy("binary"), TrainingConfig(), "waits", TOY_SOURCE)
    assert repeats.summarize([waiting]) is None
    runs = finished(workspace, [0.8, 0.9, 0.4])
    summary = repeats.summarize([*runs, waiting])
    assert summary is not None
    assert summary.metric == "f1_macro"
    assert summary.mean == pytest.approx(0.7)
    # Deviations 0.1, 0.2, -0.3: squares sum to 0.14, over two degrees of freedom.
    assert summary.std == pytest.approx(np.sqrt(0.07))
    assert summary.best.id == runs[1].id
    assert summary.collapsed_runs == (runs[2].id,)  # below 0.7 * 0.9 = 0.63
    single = repeats.summarize(runs[:1])
    assert single is not None
    assert (single.std, single.collapsed_runs) == (0.0, ())


def test_the_summary_of_negative_and_missing_scores(workspace: Workspace) -> None:
    runs = finished(workspace, [-0.2, float("nan"), -0.1], "regression")
    summary = repeats.summarize(runs)
    assert summary is not None
    assert (summary.values, summary.best.id, summary.collapsed_runs) == ((-0.2, -0.1), runs[2].id, ())
    assert repeats.summarize(runs[1:2]) is None


def test_a_damaged_result_is_left_out_of_the_summary(workspace: Workspace) -> None:
    runs = finished(workspace, [0.8, 0.9])
    (runs[1].folder / "evaluation" / "result.json").write_text("{")
    summary = repeats.summarize(runs)
    assert summary is not None
    assert summary.values == (0.8,)


@pytest.fixture
def pair(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> list[Run]:
    config = TrainingConfig(encoder=tiny_encoder, epochs=1, max_length=16, batch_size=8)
    return repeats.create_seed_runs(workspace, dataset, config, 2)


@pytest.mark.slow
def test_runs_that_are_started_together_finish_one_after_the_other(pair: list[Run]) -> None:
    dispatcher.submit(*(run.folder for run in pair))
    for run in pair:
        list(follow_events(run))
        assert process.read_status(run.folder).state == "finished"
    summary = repeats.summarize(pair)
    assert summary is not None
    assert len(summary.values) == 2
    first, second = (events.read(run.folder) for run in pair)
    assert max(event.time for event in first) < min(event.time for event in second)  # one after the other


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [True, False])
def test_stopping_the_second_run_does_not_stop_the_first(at_once: bool, pair: list[Run]) -> None:
    first, second = pair
    command = [sys.executable, "-m", "core", "run", str(first.folder), str(second.folder)]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not all(process.read_status(run.folder).active for run in pair):
        time.sleep(0.05)
    while not at_once and not any(isinstance(event, Step) for event in events.read(first.folder)):
        assert process.read_status(first.folder).active
        time.sleep(0.05)
    process.stop(second.folder)
    assert process.read_status(second.folder).state == "stopped"
    list(follow_events(first))
    assert process.read_status(first.folder).state == "finished"
    assert child.wait() == 0
    status = process.read_status(second.folder)
    assert (status.state, status.message) == ("stopped", "Stopped before it started.")
    assert second.result() is None
    assert not (second.folder / events.FILE).exists()


@pytest.mark.slow
def test_a_stopped_run_can_be_started_again(pair: list[Run]) -> None:
    second = pair[1]
    process.write_status(second.folder, "stopped", "Stopped before it started.", pid=1)
    process.start(second.folder)
    list(follow_events(second))
    assert process.read_status(second.folder).state == "finished"
