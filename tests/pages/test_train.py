"""The Train page as AppTest runs it: presets, fields, repeats, searches, troubles, plans. No process is started."""

from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import host
from core.data.dataset import Dataset
from core.data.samples import CLINIC
from core.estimation.speed import EncoderSpeed, SpeedMeasurement
from core.experiments.launch import create_training_run, sample_dataset, train_rows
from core.experiments.tuning.search import Search, create_search, list_searches
from core.experiments.tuning.space import USUAL
from core.jobs import events, process
from core.jobs.events import Problem
from core.models.encoders import BUILT_IN
from core.runs import Run, list_runs
from core.training.config import RANGES, Preset, TrainingConfig, preset
from core.workspace import Workspace, write_json
from tests.pages.test_pages import click, visit, words

SPEED = EncoderSpeed(
    (32, 128, 256),
    (0.1, 0.4, 0.9),
    (0.3, 1.0, 2.5),
    (0.2, 0.6, 1.4),
    (700.0, 900.0, 1500.0),
    3.0,
    400.0,
    6,
    22_700_000,
    4,
)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Path]]]:
    """What would have been started: the command and its folders."""
    found: list[tuple[str, list[Path]]] = []

    def note(*folders: Path, command: str = "run") -> None:
        found.append((command, list(folders)))
        for folder in folders:
            process.write_status(folder, "stopped", "Stopped before it began.")

    monkeypatch.setattr(process, "start", note)
    return found


@pytest.fixture
def dataset(workspace: Workspace) -> Iterator[Dataset]:
    before = st.get_option("server.address")
    st.config.set_option("server.address", "127.0.0.1")
    yield sample_dataset(workspace, CLINIC)
    st.config.set_option("server.address", before)


def page(chosen: Preset) -> AppTest:
    at = visit("train")
    at.button_group[0].set_value(chosen).run()
    assert not at.exception
    return at


def repeat(at: AppTest, how: str) -> None:
    next(box for box in at.selectbox if box.label == "Train").set_value(how).run()
    assert not at.exception


@pytest.mark.parametrize("name", ["Instant", "Quick look", "Balanced", "Thorough"])
def test_each_preset_fills_all_fields_and_trains_with_them(
    name: Preset, workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = page(name)
    expected = preset(name, train_rows(dataset), dataset.labels, kind=dataset.task_kind)
    fields = [*at.number_input, *at.toggle]
    assert len(fields) == (2 if name == "Instant" else len(RANGES) + 4)
    click(at, "Start")
    assert not at.exception
    ((command, (folder,)),) = started
    assert command == "run"
    assert TrainingConfig.from_json(Run.open(folder).record.config) == expected


def test_every_field_reaches_the_run(dataset: Dataset, started: list[tuple[str, list[Path]]]) -> None:
    at = page("Balanced")
    expected: dict[str, object] = {}
    for field in at.number_input:
        name = str(field.key).split("-")[0]
        low, high = RANGES[name]
        value = {"epochs": 2.5, "learning_rate": 3e-4, "layer_decay": 0.5}.get(name, 0.25 if high <= 1 else 9)
        assert low <= value <= high
        field.set_value(value)
        expected[name] = value
    for toggle in at.toggle:
        expected[str(toggle.key).split("-")[0]] = not toggle.value
        toggle.set_value(not toggle.value)
    at.run()
    click(at, "Start")
    assert not at.exception
    assert not at.error
    config = Run.open(started[0][1][0]).record.config
    assert {name: config[name] for name in expected} == expected
    assert set(config) - set(expected) == {"method", "encoder"}


@pytest.mark.parametrize(
    ("how", "kind", "seeds"),
    [("With several seeds", "seeds", {42, 43, 44}), ("Cross-validation", "folds", {42})],
)
def test_repeats_start_in_one_process(
    how: str, kind: str, seeds: set[int], dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = page("Instant")
    repeat(at, how)
    next(f for f in at.number_input if f.label == "How many").set_value(3).run()
    click(at, "Start")
    assert not at.exception
    ((_, folders),) = started
    runs = [Run.open(folder) for folder in folders]
    assert [run.record.group["kind"] for run in runs] == [kind] * 3
    assert {run.record.config["seed"] for run in runs} == seeds
    for run in runs:
        assert run.name in words(at).replace("\\", "")


def test_a_search_is_started_and_a_range_that_cannot_be_is_refused(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = page("Balanced")
    repeat(at, "Search for better settings")
    highest = next(f for f in at.number_input if f.label == "epochs, highest")
    highest.set_value(1000).run()
    assert not at.exception
    assert "range of epochs within 0.1 and 100" in at.error[0].value.replace("\\", "")
    next(f for f in at.number_input if f.label == "epochs, highest").set_value(3).run()
    next(f for f in at.number_input if f.label == "Trials").set_value(7).run()
    click(at, "Start the search")
    assert not at.exception
    ((command, (folder,)),) = started
    assert command == "search"
    search = Search.open(folder)
    assert search.trials == 7
    assert {d.name: d.high for d in search.space} == {"learning_rate": 5e-4, "epochs": 3, "batch_size": 64}
    assert [found.id for found in list_searches(workspace)] == [search.id]


def test_instant_training_has_nothing_to_search(dataset: Dataset) -> None:
    at = page("Instant")
    assert "Search for better settings" not in next(box for box in at.selectbox if box.label == "Train").options


def test_finished_trials_are_shown_and_the_best_is_trained(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    space = (USUAL["learning_rate"], USUAL["epochs"])
    search = create_search(workspace, dataset, TrainingConfig(), space, 8)
    process.write_status(search.folder, "finished")
    study = search.study()
    for number in range(6):
        trial = study.ask()
        for dimension in space:
            dimension.suggest(trial)
        study.tell(trial, 0.5 + number / 20)
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    at = visit("train")
    assert not at.exception
    assert "7 of 8 trials" in words(at)
    assert "How much each setting mattered" in words(at)
    assert any(b.label == "Go on" for b in at.button)
    click(at, "Train with the best")
    assert not at.exception
    best = max(study.trials, key=lambda trial: trial.value or 0.0)
    record = Run.open(started[0][1][0]).record
    assert record.config["learning_rate"] == best.params["learning_rate"]
    assert record.config["epochs"] == best.params["epochs"]
    click(at, "Go on")
    assert started[-1] == ("search", [search.folder])


@pytest.fixture
def failed(workspace: Workspace, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of this session that ended with a loss that was no number."""
    run = create_training_run(workspace, dataset, TrainingConfig(learning_rate=1e-3))
    changes = {"learning_rate": 1e-4, "mixed_precision": False}
    trouble = Problem("nan", "The loss stopped being a number.", "Try less.", changes)
    events.append(run.folder, trouble)
    process.write_status(run.folder, "failed", trouble.message, trouble.hint)
    return run


def watching(run: Run) -> AppTest:
    at = visit("train")
    at.session_state["watched_run_ids"] = [run.id]
    at.run()
    assert not at.exception
    return at


def test_a_trouble_has_better_settings_one_click_away(
    failed: Run, workspace: Workspace, started: list[tuple[str, list[Path]]]
) -> None:
    at = watching(failed)
    assert words(at).replace("\\", "").count("The loss stopped being a number.") == 1
    click(at, "Train anew with learning rate 1e-04, mixed precision False")
    assert not at.exception
    ((_, (folder,)),) = started
    anew = Run.open(folder)
    assert (anew.record.config["learning_rate"], anew.record.config["mixed_precision"]) == (1e-4, False)
    assert anew.record.split_fingerprint == failed.record.split_fingerprint
    assert len(list_runs(workspace)) == 2


def test_a_run_that_died_can_be_tried_with_half_the_batch(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig(batch_size=32))
    process.write_status(run.folder, "running", pid=2**22 + 1)
    at = watching(run)
    assert "ended without a word" in words(at)
    click(at, "Train anew with batch size 16, gradient accumulation steps 2")
    assert Run.open(started[0][1][0]).record.config["batch_size"] == 16


def test_a_plan_is_told_once_this_machine_was_measured(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = page("Balanced")
    assert "How long will it take?" in [b.label for b in at.button]
    measurement = SpeedMeasurement.of(workspace.home, BUILT_IN, True)
    write_json(measurement.folder / "speed.json", vars(SPEED))
    at.run()
    assert not at.exception
    assert any(caption.value.startswith(":material/schedule: About **") for caption in at.caption)
    assert not [warning for warning in at.warning if "would not fit" in warning.value]
    monkeypatch.setattr(host, "memory_bytes", lambda: 900 * 10**6)
    at.run()
    (warning,) = [warning for warning in at.warning if "would not fit" in warning.value]
    assert warning.value.endswith("a smaller encoder.")


def test_asking_for_the_time_measures(dataset: Dataset, started: list[tuple[str, list[Path]]]) -> None:
    at = page("Instant")
    click(at, "How long will it take?")
    assert not at.exception
    assert started[0][0] == "measure-speed"
