"""Each section of Evaluate for each kind of task, and what is kept from it."""

import pytest
from streamlit.testing.v1 import AppTest

from core import decision_rule
from core.data.dataset import list_datasets
from core.workspace import Workspace
from tests.finished import TASKS, finished
from tests.pages.test_pages import click, empty, on_loopback, visit, words

__all__ = ["empty", "on_loopback"]
SECTIONS = {
    "binary": ("scores", "confusions", "curves", "confidence", "mistakes", "growth", "compare", "report"),
    "multiclass": ("scores", "confusions", "curves", "confidence", "mistakes", "growth", "compare", "report"),
    "multilabel": ("scores", "labels", "curves", "confidence", "mistakes", "growth", "compare", "report"),
    "regression": ("scores", "numbers", "confidence", "mistakes", "growth", "compare", "report"),
}


def section(at: AppTest, name: str) -> AppTest:
    group = next(each for each in at.button_group if each.label == "Show")
    group.set_value(name).run()
    assert not at.exception
    assert not at.error
    return at


@pytest.mark.parametrize("kind", TASKS)
def test_every_section_stands(kind: str, empty: Workspace) -> None:
    finished(empty, kind, "First")
    finished(empty, kind, "Second *one*", knows=2.0)
    at = visit("evaluate")
    for name in SECTIONS[kind]:
        section(at, name)
        assert "<b>" not in "".join(each.value for each in [*at.markdown, *at.caption])
    next(each for each in at.button_group if each.label == "Measured on").set_value("validation").run()
    for name in SECTIONS[kind]:
        section(at, name)


def test_scores_say_how_far_to_trust_them_and_whether_it_paid(empty: Workspace) -> None:
    finished(empty, "multiclass")
    at = visit("evaluate")
    assert "because there are only 80 test rows" in words(at)
    assert "Fine\\-tuning paid" in words(at)
    assert {"Instant model", "TF-IDF + linear", "Majority class"} <= set(at.dataframe[0].value.columns)


def test_thresholds_and_when_to_answer_are_kept(empty: Workspace) -> None:
    run = finished(empty, "binary", knows=1.5)
    before = decision_rule.load(run.model_folder)
    at = section(visit("evaluate"), "confidence")
    click(at, "Keep these thresholds")
    assert not at.exception
    kept = decision_rule.load(run.model_folder)
    assert (len(kept.thresholds), kept.temperature) == (1, before.temperature)
    click(at, "Back to 50 %")
    assert decision_rule.load(run.model_folder).thresholds == ()
    next(slider for slider in at.slider if slider.label.startswith("Wanted share")).set_value(97).run()
    click(at, "Keep: say “not sure” below it")
    assert decision_rule.load(run.model_folder).abstain_below > 0


def test_an_interval_is_kept(empty: Workspace) -> None:
    run = finished(empty, "regression")
    at = section(visit("evaluate"), "confidence")
    at.slider[0].set_value(75).run()
    click(at, "Keep this interval")
    assert decision_rule.load(run.model_folder).level == 0.75


def test_runs_on_other_rows_are_not_compared(empty: Workspace) -> None:
    finished(empty, "binary", "First")
    finished(empty, "binary", "Second", seed=1)
    at = visit("evaluate")
    next(each for each in at.button_group if each.label == "Show").set_value("compare").run()
    assert "different test rows" in at.error[0].value


def test_a_deleted_data_set_leaves_the_mistakes_readable(empty: Workspace) -> None:
    from core.workspace import delete

    finished(empty, "multiclass", knows=1.5)
    for dataset in list_datasets(empty):
        delete(dataset.folder)
    section(visit("evaluate"), "mistakes")
