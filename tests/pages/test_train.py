"""Train: presets, settings, several runs, searches, problems, estimates. No process is started."""

from dataclasses import asdict
from pathlib import Path

import optuna
import pytest
from streamlit.testing.v1 import AppTest

from core import host
from core.data.dataset import Dataset
from core.data.samples import CLINIC
from core.estimation.speed import EncoderSpeed, speed_job
from core.experiments.launch import create_training_run, sample_dataset, train_rows
from core.experiments.tuning.search import Search, create_search, list_searches
from core.experiments.tuning.space import SEARCH_RANGES
from core.jobs import dispatcher, events, process
from core.jobs.events import Problem, Step, Validation
from core.models.encoders import BUILT_IN
from core.runs import Run, list_runs
from core.storage import write_record
from core.training.config import RANGES, TrainingConfig
from core.training.presets import Preset, preset
from core.workspace import Workspace
from pages.sections.train.settings import describe_size
from tests.pages.app import choose, click, find, page_text, visit

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
    """The jobs that were started: the command and its folders."""
    jobs: list[tuple[str, list[Path]]] = []

    def start(*folders: Path, command: str = "run") -> None:
        jobs.append((command, list(folders)))
        for folder in folders:
            process.write_status(folder, "stopped", "Stopped before it started.")

    monkeypatch.setattr(dispatcher, "submit", start)
    return jobs


@pytest.fixture
def dataset(empty: Workspace) -> Dataset:
    return sample_dataset(empty, CLINIC)


def visit_train(preset: Preset) -> AppTest:
    at = visit("train")
    find(at.radio, "How long, and how good?").set_value(preset).run()
    assert not at.exception
    return at


def choose_runs(at: AppTest, option: str) -> None:
    find(at.selectbox, "Runs").set_value(option).run()
    assert not at.exception


@pytest.mark.parametrize("name", ["Instant", "Quick look", "Balanced", "Thorough"])
def test_each_preset_fills_in_all_settings(
    name: Preset, workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = visit_train(name)
    expected = preset(name, train_rows(dataset), dataset.labels, kind=dataset.task_kind)
    fields = [*at.number_input, *at.toggle]
    assert len(fields) == (2 if name == "Instant" else len(RANGES) + 4)
    click(at, "Start")
    ((command, (folder,)),) = started
    assert command == "run"
    assert Run.open(folder).config == expected


def test_every_field_reaches_the_run(dataset: Dataset, started: list[tuple[str, list[Path]]]) -> None:
    at = visit_train("Balanced")
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
    assert not at.error
    config = asdict(Run.open(started[0][1][0]).config)
    assert {name: config[name] for name in expected} == expected
    assert set(config) - set(expected) == {"method", "encoder", "truncation"}


@pytest.mark.parametrize(
    ("option", "kind", "seeds"),
    [("Several seeds", "seeds", {42, 43, 44}), ("Cross-validation", "folds", {42})],
)
def test_several_runs_start_together(
    option: str, kind: str, seeds: set[int], dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = visit_train("Instant")
    choose_runs(at, option)
    find(at.number_input, "Number of runs").set_value(3).run()
    click(at, "Start")
    ((_, folders),) = started
    runs = [Run.open(folder) for folder in folders]
    assert [run.group and run.group.kind for run in runs] == [kind] * 3
    assert {run.config.seed for run in runs} == seeds
    for run in runs:
        assert run.name in page_text(at)


def test_a_search_is_started_and_an_invalid_range_is_rejected(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = visit_train("Balanced")
    choose_runs(at, "Hyperparameter search")
    find(at.number_input, "epochs, maximum").set_value(1000).run()
    assert not at.exception
    assert "range of epochs within 0.1 and 100" in page_text(at)
    find(at.number_input, "epochs, maximum").set_value(3).run()
    find(at.number_input, "Trials").set_value(7).run()
    click(at, "Start search")
    ((command, (folder,)),) = started
    assert command == "search"
    search = Search.open(folder)
    assert search.trials == 7
    assert {setting.name: setting.high for setting in search.space} == {
        "learning_rate": 5e-4,
        "epochs": 3,
        "batch_size": 64,
    }
    assert [listed.id for listed in list_searches(workspace)] == [search.id]


def test_instant_training_has_nothing_to_search(dataset: Dataset) -> None:
    at = visit_train("Instant")
    assert find(at.selectbox, "Runs").options == ["Single", "Several seeds", "Cross-validation"]


def test_finished_trials_are_shown_and_the_best_is_trained(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    space = (SEARCH_RANGES["learning_rate"], SEARCH_RANGES["epochs"])
    search = create_search(workspace, dataset, TrainingConfig(), space, 8)
    process.write_status(search.folder, "finished")
    study = search.study()
    for number in range(6):
        trial = study.ask()
        for setting in space:
            setting.suggest(trial)
        study.tell(trial, 0.5 + number / 20)
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    at = visit("train")
    assert not at.exception
    assert "7 of 8 trials" in page_text(at)
    assert "Importance of each setting" in page_text(at)
    assert any(b.label == "Continue" for b in at.button)
    click(at, "Train with the best settings")
    best = max(study.trials, key=lambda trial: trial.value or 0.0)
    config = Run.open(started[0][1][0]).config
    assert config.learning_rate == best.params["learning_rate"]
    assert config.epochs == best.params["epochs"]
    click(at, "Continue")
    assert started[-1] == ("search", [search.folder])


@pytest.fixture
def failed(workspace: Workspace, dataset: Dataset) -> Run:
    """A run that failed because its loss was not a number."""
    run = create_training_run(workspace, dataset, TrainingConfig(learning_rate=1e-3))
    changes = {"learning_rate": 1e-4, "mixed_precision": False}
    problem = Problem("nan", "The loss is not a number.", "Try less.", changes)
    events.append(run.folder, problem)
    process.write_status(run.folder, "failed", problem.message, problem.hint)
    return run


def visit_and_watch(run: Run) -> AppTest:
    """Train at an address that names the run."""
    at = visit("train")
    at.query_params["run"] = run.id
    at.run()
    assert not at.exception
    return at


def test_a_failed_run_is_trained_again_with_better_settings(
    failed: Run, workspace: Workspace, started: list[tuple[str, list[Path]]]
) -> None:
    at = visit_and_watch(failed)
    assert page_text(at).count("The loss is not a number.") == 1
    click(at, "Train again with learning rate 1e-04, mixed precision off")
    ((_, (folder,)),) = started
    again = Run.open(folder)
    assert (again.config.learning_rate, again.config.mixed_precision) == (1e-4, False)
    assert again.split_fingerprint == failed.split_fingerprint
    assert len(list_runs(workspace)) == 2


def test_a_killed_run_is_trained_again_with_half_the_batch(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig(batch_size=32))
    process.write_status(run.folder, "running", pid=2**22 + 1)
    at = visit_and_watch(run)
    assert "ended without an error message" in page_text(at)
    click(at, "Train again with batch size 16, gradient accumulation steps 2")
    assert Run.open(started[0][1][0]).config.batch_size == 16


def test_time_and_memory_are_estimated_after_a_measurement(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = visit_train("Balanced")
    assert "Estimate time and memory" in [b.label for b in at.button]
    write_record(speed_job(workspace.home, BUILT_IN, True).result_path, vars(SPEED))
    at.run()
    assert not at.exception
    assert ":material/schedule: about **" in page_text(at)
    assert not [warning for warning in at.warning if "does not fit" in warning.value]
    monkeypatch.setattr(host, "memory_bytes", lambda: 900 * 10**6)
    at.run()
    (warning,) = [warning for warning in at.warning if "does not fit" in warning.value]
    assert warning.value.endswith("a smaller encoder.")


def test_what_is_read_of_long_texts_is_a_choice_only_where_texts_are_long(
    workspace: Workspace, dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = visit_train("Instant")
    assert "Long texts" not in [group.label for group in at.button_group]
    find(at.number_input, "Maximum length (tokens)").set_value(16).run()
    assert "are longer than 16 tokens, so the model reads only a part of them." in page_text(at)
    choose(at, "Long texts", "head_tail")
    click(at, "Start")
    (run,) = list_runs(workspace)
    assert (run.config.max_length, run.config.truncation) == (16, "head_tail")


def test_the_measurement_is_started(dataset: Dataset, started: list[tuple[str, list[Path]]]) -> None:
    at = visit_train("Instant")
    click(at, "Estimate time and memory")
    assert started[0][0] == "measure-speed"


@pytest.mark.parametrize(
    ("encoder", "sentences"),
    [
        (
            BUILT_IN,
            "No download needed. Fine-tuning needs about 1.4 GB of memory (batch size 16, texts of 128 tokens).",
        ),
        ("distilbert/distilbert-base-uncased", "Download: 266 MB. Fine-tuning needs about 2.6 GB of memory"),
        ("owner/unlisted", "The download size and the memory for fine-tuning this encoder are not known."),
    ],
)
def test_download_size_and_training_memory_of_an_encoder(encoder: str, sentences: str) -> None:
    assert describe_size(encoder, batch_size=16).startswith(sentences)


def test_the_size_of_the_chosen_encoder_is_shown(dataset: Dataset) -> None:
    at = visit_train("Balanced")
    find(at.selectbox, "Encoder").set_value("distilbert/distilbert-base-uncased").run()
    assert not at.exception
    assert describe_size("distilbert/distilbert-base-uncased", 16) in page_text(at)


def charts(at: AppTest) -> int:
    return len(at.get("vega_lite_chart"))


def test_curves_are_drawn_from_three_points_on(workspace: Workspace, dataset: Dataset) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig())
    process.write_status(run.folder, "stopped", "Stopped.")
    for step in (10, 20):
        events.append(run.folder, Step(step, loss=2.0 - step / 100, learning_rate=1e-4))
        events.append(run.folder, Validation(step, {"f1_macro": step / 100}))
    at = visit_and_watch(run)
    assert charts(at) == 0
    assert "Step 10: 1.900\nStep 20: 1.800" in page_text(at)
    assert "Step 10: 0.100\nStep 20: 0.200" in page_text(at)
    events.append(run.folder, Step(30, loss=1.7, learning_rate=1e-5))
    assert charts(visit_and_watch(run)) == 2
    events.append(run.folder, Validation(30, {"f1_macro": 0.3}))
    assert charts(visit_and_watch(run)) == 3


def test_a_resumed_run_shows_each_step_once(workspace: Workspace, dataset: Dataset) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig())
    process.write_status(run.folder, "stopped", "Stopped.")
    for loss in (2.0, 1.0):
        events.append(run.folder, Step(10, loss, 1e-4))
    at = visit_and_watch(run)
    assert "Step 10: 1.000" in page_text(at)
    assert "Step 10: 2.000" not in page_text(at)


def test_progress_replaces_the_form_until_other_settings_are_wanted(
    dataset: Dataset, started: list[tuple[str, list[Path]]]
) -> None:
    at = visit_train("Instant")
    click(at, "Start")
    assert not at.radio
    (run,) = [Run.open(folder) for _, folders in started for folder in folders]
    assert run.id in at.query_params["run"]
    assert any(button.label == "Resume" for button in at.button)
    click(at, "Train with other settings")
    assert at.radio[0].label == "How long, and how good?"
    assert "run" not in at.query_params


def test_a_link_to_a_run_shows_its_result_and_the_next_steps(clinic_run: Run) -> None:
    at = visit("train")
    assert not any(button.label == "Evaluate the model" for button in at.button)
    at.query_params["run"] = clinic_run.id
    at.run()
    figures = {metric.label: metric.value for metric in at.metric}
    result = clinic_run.result()
    assert result is not None
    assert figures["F1 (macro) on validation"] == f"{100 * result.validation['f1_macro']:.1f}%"
    assert {"First model", "Training time", "Peak memory"} <= set(figures)
    click(at, "Evaluate the model")
    assert at.title[0].value == "Evaluate"
