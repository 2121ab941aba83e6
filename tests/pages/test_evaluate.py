"""Evaluate: each section for each task, what is saved from it, and runs with damaged files."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import decision_rule
from core.data.dataset import Dataset, list_datasets, load_table
from core.data.table import Table
from core.decision_rule import DecisionRule
from core.evaluation.decisions.calibration import calibration_error, confidence_and_correct
from core.evaluation.decisions.conformal import conformal_half_width
from core.evaluation.metrics.definitions import HEADLINE_METRICS, METRICS
from core.jobs import process
from core.reports.verdict.compose import make_verdict
from core.run_evaluation import load_predictions
from core.runs import Run
from core.storage import write_record
from core.task import Task, TaskKind
from core.workspace import Workspace, delete
from pages.sections.evaluate.mistakes import PARTS
from pages.sections.evaluate.registry import sections_for
from tests.finished import TASKS, finished
from tests.pages.app import APP, choose, click, find, page_text, visit

VERDICT = ["How sure is that?", "Where does it fail?", "What comes next?", "Did fine-tuning help?"]
CLASSIFIER_SUBHEADERS = {
    "Verdict": VERDICT,
    "Scores": ["Did fine-tuning help?", "All metrics"],
    "Confusion matrix": ["Confusion matrix", "Most confused pairs", "Scores per label"],
    "Labels": ["Scores per label"],
    "Curves": ["ROC curve", "Precision-recall curve"],
    "Confidence": ["Calibration", "Decision thresholds", "Abstention"],
    "Mistakes": [],
    "Behavioral tests": ["Behavioral tests"],
    "Important words": ["Important words"],
    "Learning curve": ["Would more data help?"],
    "Cascade": [],
    "Compare runs": ["Both runs on the same rows"],
    "Report": ["Report"],
}
REGRESSION_SUBHEADERS = {
    "Verdict": VERDICT,
    "Scores": ["Did fine-tuning help?", "All metrics"],
    "Predicted vs. actual": ["Predicted and actual scores"],
    "Prediction interval": ["Prediction interval"],
    "Mistakes": [],
    "Behavioral tests": ["Behavioral tests"],
    "Important words": ["Important words"],
    "Learning curve": ["Would more data help?"],
    "Compare runs": ["Both runs on the same rows"],
    "Report": ["Report"],
}


def expected_subheaders(kind: TaskKind) -> dict[str, list[str]]:
    """The sections of a kind of task, and the subheaders of each."""
    if kind == "regression":
        return REGRESSION_SUBHEADERS
    missing = {
        "binary": ("Labels",),
        "multiclass": ("Labels", "Decision thresholds"),
        "multilabel": ("Confusion matrix",),
    }[kind]
    return {
        section: [subheader for subheader in subheaders if subheader not in missing]
        for section, subheaders in CLASSIFIER_SUBHEADERS.items()
        if section not in missing
    }


def open_section(title: str, split: str = "test") -> AppTest:
    """Evaluate with a section of a split open; it must run without an error."""
    at = visit("evaluate")
    choose(at, "Section", title)
    if find(at.button_group, "Evaluated on").value != split:
        choose(at, "Evaluated on", split)
    assert not at.error
    return at


def open_part(at: AppTest, title: str) -> None:
    """Open a part of the mistakes; it must run without an exception."""
    at.session_state[PARTS] = title
    at.run()
    assert not at.exception


def cards(at: AppTest) -> list[str]:
    """The texts of the cards on the page, as HTML."""
    return [element.proto.body for element in at.get("html") if 'dir="auto"' in element.proto.body]


def badges(at: AppTest) -> list[str]:
    """The badges on the page without their colors, in order."""
    found = re.findall(r"-badge\[(.*?)\]$", "\n".join(element.value for element in at.markdown), re.M)
    return [badge.replace("\\", "") for badge in found]


def chart_names(at: AppTest) -> list[str]:
    """The alternative texts of the charts on the page."""
    return [chart.proto.alt for chart in at.get("vega_lite_chart")]


def table(at: AppTest, name: str) -> dict[str, list[object]]:
    """The columns of the table with an alternative text."""
    element = next(frame for frame in at.dataframe if frame.proto.alt == name)
    return {str(column): list(values) for column, values in element.value.items()}


def labels_shown(elements: object) -> list[str]:
    """The labels of the elements of one kind."""
    return [element.label for element in elements]  # type: ignore[attr-defined]


# The first screen


def test_without_a_model_an_example_is_drawn_and_one_button_leads_on(empty: Workspace) -> None:
    at = visit("evaluate")
    assert "There is no trained model yet." in page_text(at)
    assert "texts correctly" in page_text(at)
    assert chart_names(at) == ["Accuracy of the example and of its baselines, with intervals"]
    assert labels_shown(at.button) == ["Choose a dataset"]
    click(at, "Choose a dataset")
    assert at.title[0].value == "Data"


def test_test_results_are_opened_on_purpose_and_each_opening_is_counted(empty: Workspace) -> None:
    run = finished(empty, "multiclass", knows=1.6)
    at = visit("evaluate")
    assert "Measured on 60 validation rows" in page_text(at)
    assert run.count_test_views() == 0
    click(at, "Open the test results")
    assert "Measured on 80 test rows" in page_text(at)
    assert "The test results have been viewed 1 time." in page_text(at)
    choose(at, "Section", "Scores")
    assert run.count_test_views() == 1
    choose(at, "Evaluated on", "validation")
    choose(at, "Evaluated on", "test")
    assert run.count_test_views() == 2
    again = visit("evaluate")
    assert "Measured on 80 test rows" in page_text(again)


@pytest.mark.parametrize("kind", TASKS)
def test_the_verdict_is_that_of_the_run(kind: TaskKind, empty: Workspace) -> None:
    verdict = make_verdict(finished(empty, kind, knows=1.6), "test")
    at = open_section("Verdict")
    text = page_text(at)
    sentences = [verdict.use, *(each for answer in verdict.details().values() for each in answer)]
    assert [sentence for sentence in sentences if sentence not in text] == []
    assert at.header[0].value.replace("\\", "") == verdict.headline
    assert verdict.advice.action in labels_shown(at.button)
    assert len(chart_names(at)) == 1


def test_a_link_opens_a_section_of_a_run(empty: Workspace) -> None:
    first = finished(empty, "multiclass", "First")
    finished(empty, "multiclass", "Second")
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.query_params["run"] = first.id
    at.query_params["section"] = "Report"
    at.switch_page("pages/evaluate.py").run()
    assert find(at.selectbox, "Model").value == 1
    assert find(at.button_group, "Section").value == "Report"
    find(at.selectbox, "Model").set_value(0).run()
    assert at.query_params["run"] != [first.id]
    assert find(at.button_group, "Section").value == "Report"


def test_many_classes_are_searched_and_the_most_confused_come_first(
    empty: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "multiclass", Task("multiclass", tuple(f"intent {i}" for i in range(40))))
    finished(empty, "multiclass", knows=3.0)
    at = open_section("Confusion matrix", "validation")
    assert len(find(at.multiselect, "Classes").value) == 12
    find(at.text_input, "Find a label").set_value("INTENT 7").run()
    assert table(at, "Precision, recall and F1 of each label")["label"] == ["intent 7"]


# Each section


@pytest.mark.parametrize("split", ["test", pytest.param("validation", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", TASKS)
def test_each_section_is_shown_for_each_task_and_split(kind: TaskKind, split: str, empty: Workspace) -> None:
    finished(empty, kind, "First")
    finished(empty, kind, "Second *one*", knows=2.0)
    at = visit("evaluate")
    choose(at, "Evaluated on", split)
    assert "nan" not in page_text(at).split()
    assert list(sections_for(kind)) == list(expected_subheaders(kind))
    for title, subheaders in expected_subheaders(kind).items():
        choose(at, "Section", title)
        assert not at.error
        assert [element.value for element in at.subheader] == subheaders
        assert "<b>" not in "".join(element.value for element in [*at.markdown, *at.caption])


@pytest.mark.parametrize("kind", TASKS)
def test_scores_show_values_intervals_descriptions_and_baselines(kind: TaskKind, empty: Workspace) -> None:
    finished(empty, kind)
    at = open_section("Scores")
    metrics = [METRICS[name] for name in HEADLINE_METRICS[kind]]
    assert [metric.label for metric in at.metric] == [metric.title for metric in metrics]
    explained = {element.value: element.help for element in at.markdown if element.help}
    assert [metric for metric in metrics if not explained[f":small[{metric.plain}]"].startswith(metric.help)] == []
    assert all(metric.delta.endswith(" vs. TF-IDF") for metric in at.metric)
    assert page_text(at).count("based on only 80 test rows") >= len(metrics)
    assert chart_names(at) == ["Metrics with intervals"]
    all_metrics = table(at, "All metrics")
    assert {"This model", "Instant model", "TF-IDF + linear"} <= set(all_metrics)
    assert [metric.value for metric in at.metric] == [
        str(all_metrics["This model"][all_metrics["Metric"].index(metric.label)]).split(" (")[0] for metric in at.metric
    ]


def test_the_model_is_compared_with_each_trained_baseline(empty: Workspace) -> None:
    finished(empty, "multiclass")
    at = open_section("Scores")
    sentences = [element.value.replace("\\", "") for element in [*at.success, *at.warning]]
    assert {("instant model" in text, "TF-IDF" in text) for text in sentences} == {(True, False), (False, True)}
    assert all("95% interval" in text for text in sentences)


def test_pairs_and_label_scores_are_those_of_the_predictions(empty: Workspace) -> None:
    shown = load_predictions(finished(empty, "binary", knows=1.0), "test")
    at = open_section("Confusion matrix")
    wrong = [int(((shown.targets == i) & (shown.predictions.predicted == 1 - i)).sum()) for i in (0, 1)]
    pairs = table(at, "Most confused pairs")
    assert (pairs["first predicted as second"], pairs["second predicted as first"]) == ([wrong[0]], [wrong[1]])
    labels = table(at, "Precision, recall and F1 of each label")
    rows = dict(zip(labels["label"], labels["rows"], strict=True))
    assert rows == {name: int((shown.targets == i).sum()) for i, name in enumerate(shown.task.labels)}
    assert labels["f1"] == sorted(labels["f1"])  # type: ignore[type-var]
    assert chart_names(at) == ["Confusion matrix"]


def test_curves_are_drawn_only_for_chosen_labels(empty: Workspace) -> None:
    finished(empty, "multiclass")
    at = open_section("Curves")
    assert chart_names(at) == ["ROC curve", "Precision-recall curve"]
    find(at.multiselect, "Labels").set_value([]).run()
    assert chart_names(at) == []
    assert not at.exception


def test_mistakes_are_read_as_texts_the_most_confident_first(empty: Workspace) -> None:
    shown = load_predictions(finished(empty, "multiclass", knows=1.0), "test")
    at = open_section("Mistakes")
    wrong = np.flatnonzero(~shown.correct)
    order = wrong[np.argsort(-shown.predictions.confidence[wrong], kind="stable")]
    texts = shown.frame["text"].iloc[order].tolist()
    assert len(texts) > 10
    assert [escape(text) in card for text, card in zip(texts[:10], cards(at), strict=True)] == [True] * 10
    first = shown.frame.iloc[order[0]]
    assert badges(at)[:2] == [
        f"Actual: {first['label']}",
        f"Predicted: {shown.task.labels[shown.predictions.predicted[order[0]]]}",
    ]
    pages: Any = at.get("pagination")[0]
    pages.set_value(2).run()
    assert escape(texts[10]) in cards(at)[0]


def test_mistakes_are_filtered_searched_and_sorted(empty: Workspace, downloads: dict[str, Callable[[], bytes]]) -> None:
    shown = load_predictions(finished(empty, "multiclass", knows=1.0), "test")
    at = open_section("Mistakes")
    find(at.selectbox, "Actual label").set_value("plum").run()
    find(at.selectbox, "Predicted label").set_value("apple").run()
    confused = (shown.targets == 1) & (shown.predictions.predicted == 0)
    assert f"{confused.sum()} of {(~shown.correct).sum()} mistakes in 80 rows" in page_text(at)
    find(at.selectbox, "Order").set_value("Least confident first").run()
    least = np.flatnonzero(confused)[np.argmin(shown.predictions.confidence[confused])]
    assert escape(shown.frame["text"].iloc[least]) in cards(at)[0]
    rows = downloads["Download these mistakes"]().decode("utf-8-sig").splitlines()
    assert len(rows) == 1 + confused.sum()
    find(at.text_input, "Search the texts").set_value("in no text").run()
    assert "No mistake fits these filters" in at.info[0].value


def test_missed_and_wrong_labels_have_badges(empty: Workspace) -> None:
    shown = load_predictions(finished(empty, "multilabel", knows=0.5), "test")
    at = open_section("Mistakes")
    kinds = {badge.split(":")[0] for badge in badges(at)}
    assert {"Correct", "Missed", "Wrong"} <= kinds
    assert len(cards(at)) == min(10, int((~shown.correct).sum()))


def test_the_words_that_decided_are_shown_on_request(clinic_run: Run) -> None:
    at = open_section("Mistakes", "validation")
    before = cards(at)[0]
    find(at.toggle, "Words that decided").set_value(True).run()
    assert not at.error
    assert "<span title=" not in before
    assert "<span title=" in cards(at)[0]
    assert "Green words speak for" in page_text(at)


def test_the_table_of_a_dataset_is_read_once(empty: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(empty, "multiclass")
    reads: list[str] = []

    def count_reads(dataset: Dataset) -> Table:
        reads.append(dataset.id)
        return load_table(dataset)

    monkeypatch.setattr("pages.shared.cache.load_table", count_reads)
    at = open_section("Mistakes")
    for part in ("Labels that may be wrong", "Slices with lower accuracy"):
        open_part(at, part)
    assert reads == [list_datasets(empty)[0].id]


def test_a_deleted_dataset_leaves_the_mistakes_readable(empty: Workspace) -> None:
    finished(empty, "multiclass", knows=1.0)
    for dataset in list_datasets(empty):
        delete(dataset.folder)
    at = open_section("Mistakes")
    assert cards(at)
    open_part(at, "Labels that may be wrong")
    assert "The dataset is not available" in page_text(at)
    open_part(at, "Typical and borderline texts")
    assert cards(at)


# What is saved


def test_decision_thresholds_are_saved_and_reset(empty: Workspace) -> None:
    run = finished(empty, "binary", knows=1.5)
    at = open_section("Confidence")
    chosen = table(at, "Decision thresholds")["threshold"]
    click(at, "Save these thresholds")
    assert list(decision_rule.load(run.model_folder).thresholds) == chosen
    assert find(at.button, "Save these thresholds").disabled
    click(at, "Reset to 50%")
    assert decision_rule.load(run.model_folder) == DecisionRule()


def test_calibration_is_shown_before_and_after_what_was_fitted(empty: Workspace) -> None:
    run = finished(empty, "multiclass")
    result, shown = run.result(), load_predictions(run, "test")
    assert result is not None
    run.save_result(replace(result, temperature=3.0))
    at = open_section("Confidence")
    for version, logits in {"before": 3 * shown.logits, "after": shown.logits}.items():
        error, _ = calibration_error(*confidence_and_correct(shown.task, shown.targets, logits))
        assert f"{version} calibration {error:.1%}" in page_text(at)
    assert "The temperature 3.00 was fitted on 60 validation rows" in page_text(at)


@pytest.mark.parametrize("goal", ["Minimum precision", "Lowest cost"])
def test_thresholds_follow_the_goal(goal: str, empty: Workspace) -> None:
    finished(empty, "multilabel", knows=1.0)
    at = open_section("Confidence")
    before = table(at, "Decision thresholds")
    choose(at, "Optimize for", goal)
    if goal == "Minimum precision":
        find(at.slider, "Minimum precision").set_value(99).run()
    else:
        find(at.number_input, "Cost of a false positive").set_value(20.0).run()
    after = table(at, "Decision thresholds")
    assert after["label"] == before["label"]
    assert after["threshold"] != before["threshold"]
    assert sum(after["false positives"]) < sum(before["false positives"])  # type: ignore[arg-type]


def test_abstention_is_saved_and_turned_off(empty: Workspace) -> None:
    run = finished(empty, "binary", knows=1.5)
    at = open_section("Confidence")
    find(at.slider, "Target accuracy").set_value(97).run()
    assert find(at.metric, "Review by hand").value.endswith(" of 60")
    click(at, "Save this minimum confidence")
    saved = decision_rule.load(run.model_folder).abstain_below
    assert find(at.metric, "Minimum confidence").value == f"{saved:.0%}"
    assert f"predictions below {saved:.1%} are marked “low confidence: review by hand”" in page_text(at)
    click(at, "Turn abstention off")
    assert decision_rule.load(run.model_folder) == DecisionRule()


def test_a_prediction_interval_is_saved(empty: Workspace) -> None:
    run = finished(empty, "regression")
    at = open_section("Prediction interval")
    at.slider[0].set_value(75).run()
    click(at, "Save this interval")
    rule, validation = decision_rule.load(run.model_folder), load_predictions(run, "validation")
    errors = np.abs(validation.logits[:, 0].astype(float) - validation.targets)
    assert (rule.interval_level, rule.interval_half_width) == (0.75, conformal_half_width(errors, 0.75))
    assert f"± {rule.interval_half_width:.2f}" in page_text(at)
    at.slider[0].set_value(99).run()
    assert "60 validation rows are too few" in at.warning[0].value
    assert "Save this interval" not in labels_shown(at.button)


# The learning curve


def write_curve(run: Run, scores: list[float]) -> None:
    """Store a learning curve as its job does: the sizes double with each score."""
    points = [{"rows": 8 * 2**i, "score": score} for i, score in enumerate(scores)]
    write_record(run.folder / "learning" / "curve.json", {"points": points})


def test_a_learning_curve_is_offered_then_shown(empty: Workspace) -> None:
    run = finished(empty, "binary")
    assert "Compute the learning curve" in labels_shown(open_section("Learning curve").button)
    write_curve(run, [0.5, 0.65, 0.72, 0.76])
    at = open_section("Learning curve")
    assert chart_names(at) == ["Learning curve"]
    assert "projected score at 128 rows" in page_text(at)
    assert "Compute the learning curve" not in labels_shown(at.button)


def test_two_sizes_make_no_curve(empty: Workspace) -> None:
    write_curve(finished(empty, "regression"), [1.5, 1.2])
    at = open_section("Learning curve")
    assert chart_names(at) == []
    assert "three sizes" in at.info[0].value


# The important words


def write_words(run: Run) -> None:
    """Store effects as the job does: without "text" the first logit falls, without "thing" it rises."""
    lines = []
    for row, logits in enumerate(run.logits("validation")):
        for word, change in {"": 0.0, "text": -1.0, "thing": 0.5}.items():
            lines.append([row, True, word, logits[0] + change, *logits[1:]])
    table = pd.DataFrame(lines, columns=["row", "sampled", "word", *map(str, range(run.task.outputs))])
    (run.folder / "important-words").mkdir()
    table.to_parquet(run.folder / "important-words" / "words.parquet")


@pytest.mark.parametrize("kind", TASKS)
def test_important_words_are_offered_then_shown_with_example_texts(
    kind: TaskKind, empty: Workspace, downloads: dict[str, Callable[[], bytes]]
) -> None:
    run = finished(empty, kind)
    assert "Find the important words" in labels_shown(open_section("Important words").button)
    write_words(run)
    at = open_section("Important words")
    assert chart_names(at) == ["Important words"]
    words = table(at, "Words with their effects")
    assert (words["word"], words["texts"]) == (["text", "thing"], [60, 60])
    assert words["effect"] == pytest.approx([1.0, -0.5], abs=1e-4)
    assert "all 60 validation texts" in page_text(at)
    assert downloads["CSV"]().decode("utf-8-sig").startswith("word,score,texts")
    find(at.selectbox, "Show texts with the word").set_value("thing").run()
    examples = run.split("validation")["text"].tolist()[:10]
    assert [escape(text) in card for text, card in zip(examples, cards(at), strict=True)] == [True] * 10
    find(at.number_input, "Minimum number of texts with the word").set_value(61).run()
    assert chart_names(at) == []
    assert not at.exception


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_a_confusion_has_words_of_its_own(kind: TaskKind, empty: Workspace) -> None:
    run = finished(empty, kind, knows=0.5)
    write_words(run)
    at = open_section("Important words")
    choose(at, "Words of", "A confusion")
    confusion = find(at.selectbox, "Confusion")
    toward_first = next(i for i, pair in enumerate(confusion.options) if f"→ {run.task.labels[0]} (" in pair)
    confusion.select_index(toward_first).run()
    words = table(at, "Words with their effects")
    assert words["effect"] == pytest.approx([1.0, -0.5], abs=1e-4)
    assert f"({words['texts'][0]} text" in confusion.options[toward_first]


def test_no_confusion_is_said(empty: Workspace) -> None:
    write_words(finished(empty, "binary", knows=20.0))
    at = open_section("Important words")
    choose(at, "Words of", "A confusion")
    assert "No labels are confused" in at.success[0].value


# Comparing runs


def test_a_single_run_has_nothing_to_compare_with(empty: Workspace) -> None:
    finished(empty, "regression", "A")
    finished(empty, "binary", "B")
    assert "no other run" in open_section("Compare runs").info[0].value


def test_two_runs_are_compared_by_the_chosen_metric(empty: Workspace) -> None:
    first, second = finished(empty, "binary", "First", knows=0.5), finished(empty, "binary", "Second")
    at = open_section("Compare runs")
    choose(at, "Metric", "accuracy")
    assert "Second is better than First" in at.success[0].value
    differ = (
        load_predictions(first, "test").predictions.predicted != load_predictions(second, "test").predictions.predicted
    )
    assert len(table(at, "Rows with different predictions")["text"]) == differ.sum()
    assert table(at, "Runs with metrics and cost")["Run"] == ["Second", "First"]


def test_more_than_two_runs_share_a_table(empty: Workspace) -> None:
    runs = [finished(empty, "binary", name) for name in ("First", "Second", "Third")]
    at = open_section("Compare runs")
    find(at.multiselect, "Runs").set_value([run.id for run in runs]).run()
    assert table(at, "Runs with metrics and cost")["Run"] == ["First", "Second", "Third"]
    assert [element.value for element in at.subheader] == []


def test_runs_on_different_rows_are_not_compared(empty: Workspace) -> None:
    finished(empty, "binary", "First")
    finished(empty, "binary", "Second", seed=1)
    at = visit("evaluate")
    choose(at, "Evaluated on", "test")
    choose(at, "Section", "Compare runs")
    assert "different test rows" in at.error[0].value


# Downloads and the report


def test_tables_are_downloaded_as_csv_and_json(empty: Workspace, downloads: dict[str, Callable[[], bytes]]) -> None:
    finished(empty, "multiclass", knows=1.0)
    open_section("Confusion matrix")
    assert downloads["CSV"]().decode("utf-8-sig").startswith("label,rows,precision")
    assert [row["label"] for row in json.loads(downloads["JSON"]())] == list(TASKS["multiclass"].labels)


def test_a_report_is_created_on_click(empty: Workspace, downloads: dict[str, Callable[[], bytes]]) -> None:
    finished(empty, "binary", "My *run*")
    open_section("Report")
    assert b"My *run*" in downloads["HTML report"]()
    assert downloads["Model card (Markdown)"]().startswith(rb"# My \*run\*")


# Damaged files

SECTION_OF_DAMAGED_FILE = {
    "splits/test.parquet": "Mistakes",
    "splits/validation.parquet": "Confidence",
    "evaluation/test/model.parquet": "Mistakes",
    "evaluation/validation/model.parquet": "Confidence",
    "evaluation/test/tfidf.parquet": "Scores",
    "model/decision_rule.json": "Scores",
}


@pytest.mark.parametrize(("file", "title"), SECTION_OF_DAMAGED_FILE.items())
def test_a_damaged_file_is_shown_and_leaves_the_page_usable(file: str, title: str, empty: Workspace) -> None:
    finished(empty, "binary", "A intact")
    broken = finished(empty, "binary", "B broken")
    (broken.folder / file).write_bytes(b"PAR1 garbage")
    at = visit("evaluate")
    choose(at, "Evaluated on", "test")
    for section in sections_for("binary"):
        choose(at, "Section", section)
    choose(at, "Section", title)
    assert Path(file).name in page_text(at)
    assert "damaged" in at.error[0].value
    choose(at, "Evaluated on", "validation")
    find(at.selectbox, "Model").set_value(1).run()
    choose(at, "Section", title)
    assert not at.error


@pytest.mark.parametrize("file", ["run.json", "evaluation/result.json"])
def test_a_run_that_cannot_be_opened_is_not_offered(file: str, empty: Workspace) -> None:
    finished(empty, "binary", "A intact")
    (finished(empty, "binary", "B broken").folder / file).write_bytes(b"{")
    at = visit("evaluate")
    assert not at.exception
    assert [option.split(",")[0] for option in find(at.selectbox, "Model").options] == ["A intact"]


@pytest.mark.parametrize("file", ["evaluation/test/measures.json", "learning/curve.json", "evaluation/looks.jsonl"])
def test_a_damaged_file_that_can_be_made_again_is_no_error(file: str, empty: Workspace) -> None:
    run = finished(empty, "binary")
    (run.folder / file).parent.mkdir(exist_ok=True)
    (run.folder / file).write_bytes(b"\xff{")
    process.write_status(run.folder / "learning", "finished")
    at = visit("evaluate")
    for section in sections_for("binary"):
        choose(at, "Section", section)
        assert not at.error


@pytest.mark.parametrize("file", ["dataset.json", "table.parquet"])
def test_a_damaged_dataset_is_shown_among_the_mistakes(file: str, empty: Workspace) -> None:
    finished(empty, "multiclass", knows=1.0)
    (list_datasets(empty)[0].folder / file).write_bytes(b"garbage")
    at = open_section("Mistakes")
    assert cards(at)
    open_part(at, "Slices with lower accuracy")
    assert [file in error.value.replace("\\", "") for error in at.error] == [True]
