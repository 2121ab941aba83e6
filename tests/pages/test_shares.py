"""The share of each class on Predict, and what label fixes brought on Evaluate."""

from pathlib import Path

import pytest

from core.label_fixes import QUESTION
from core.models.engines.base import TORCH
from core.prediction.batch import create_batch, run_batch
from core.runs import Run
from core.workspace import Workspace
from tests.finished import finished
from tests.pages.app import click, page_text, visit
from tests.prediction.batch_cases import MadeEngine, loader, make_model, write_texts
from tests.test_label_fixes import fixed


@pytest.fixture
def predicted(empty: Workspace, tmp_path: Path) -> Run:
    """A run that has predicted a file of 60 texts."""
    run = finished(empty, "multiclass")
    make_model(run.model_folder, run.task)
    batch = create_batch(empty, run.folder, write_texts(tmp_path / "in.csv", 60), "text", "csv")
    run_batch(batch.folder, load=loader(MadeEngine(run.task, name=TORCH)))
    return run


def test_a_predicted_file_shows_the_share_of_each_class(predicted: Run) -> None:
    at = visit("predict")
    assert not at.exception
    assert "Share of each class" in [item.value for item in at.subheader]
    text = page_text(at)
    assert "60 validation rows" in text
    assert "was chosen on these rows" in text
    assert predicted.count_test_views() == 0
    click(at, "Use the 80 test rows instead")
    assert "80 test rows" in page_text(at)
    assert predicted.count_test_views() == 1
    assert "Use the 80 test rows instead" not in [button.label for button in at.button]


def test_evaluate_says_what_label_fixes_brought(empty: Workspace) -> None:
    before = finished(empty, "binary", knows=0.5)
    after = fixed(before, empty, knows=6.0)
    for source in ("majority", "tfidf", "instant"):
        for split in ("validation", "test"):
            after.save_logits(split, source, before.logits(split, source))
    at = visit("evaluate")
    assert not at.exception
    assert QUESTION in [item.value for item in at.subheader]
    assert "labels corrected" in page_text(at)
    assert before.count_test_views() == 0
