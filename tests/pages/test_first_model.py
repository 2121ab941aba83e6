"""The first model of an instant run: announced on Train, and chosen on Predict until the run has finished."""

import pytest

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.jobs import events, process
from core.jobs.events import FirstModel
from core.runs import Run
from core.training.config import TrainingConfig
from core.training.first_model import save_first_model
from core.workspace import Workspace
from tests.pages.app import click, find, page_text, visit


@pytest.fixture
def reading(empty: Workspace) -> Run:
    """An instant run whose encoder still reads."""
    run = create_training_run(empty, sample_dataset(empty, CLINIC), TrainingConfig(method="instant"))
    metrics = save_first_model(run.splits(), run.config, run.first_model_folder)
    events.append(run.folder, FirstModel(metrics))
    process.write_status(run.folder, "running", pid=0)
    return run


def test_train_announces_it_with_its_validation_score(reading: Run) -> None:
    (event,) = events.read(reading.folder)
    assert isinstance(event, FirstModel)
    assert event.metrics["accuracy"] > 0.6
    at = visit("train")
    assert "A first model is ready" in page_text(at)


def test_predict_answers_with_it_until_the_run_has_finished(reading: Run) -> None:
    at = visit("predict")
    title = f"(first model, {reading.id[-4:]})"
    model = find(at.selectbox, "Model")
    assert model.options[model.index or 0].endswith(title)
    find(at.text_area, "Text").set_value("please cancel my slot on Tuesday")
    click(at, "Predict")
    assert "Confidence" in page_text(at)
    assert not at.tabs
