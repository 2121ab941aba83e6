"""The estimated shares of a predicted file: from which labeled rows, when there are none, and as text."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli.shares import report_shares
from core.evaluation.prevalence.pile import Moments
from core.models.engines.base import ONNX_INT8, TORCH
from core.prediction.batch_file import predict_in_shards
from core.prediction.batch_rows import Counts, sum_counts
from core.prediction.batch_shards import BatchSummary
from core.prediction.prevalence import (
    describe_basis,
    describe_checks,
    estimate_shares,
    format_estimates,
    labeled_split,
    largest_first,
    why_no_estimate,
)
from core.runs import Run
from core.workspace import Workspace
from tests.finished import finished
from tests.prediction.batch_cases import TASKS, MadeEngine, loader, make_request, write_texts

SUMMARY = BatchSummary(1_000, 0, 0, {"no": 700, "yes": 300}, engine=TORCH, thresholds=())
MEANS = BatchSummary(1_000, 0, 0, {}, engine=TORCH, values=Moments(1_000, 5_000.0, 27_000.0), thresholds=())


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return finished(workspace, "binary")


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "regression"])
def test_a_predicted_file_keeps_what_an_estimate_needs(kind: str, tmp_path: Path) -> None:
    request = make_request(tmp_path, write_texts(tmp_path / "in.csv", 40))
    summary = predict_in_shards(request, loader(MadeEngine(TASKS[kind])), lambda event: None)
    assert summary is not None
    assert (summary.thresholds, summary.pile_rows) == ((), summary.rows - summary.problems)
    assert sum(moments.rows for moments in summary.confidence.values()) == (
        summary.pile_rows if kind == "multiclass" else 0
    )
    assert summary.values.rows == (summary.pile_rows if kind == "regression" else 0)


def test_validation_rows_are_used_until_the_test_results_have_been_viewed(run: Run) -> None:
    assert labeled_split(run) == "validation"
    run.record_test_view("test")
    assert labeled_split(run) == "test"


def test_the_estimate_uses_the_thresholds_that_the_file_was_predicted_with(run: Run) -> None:
    usual = estimate_shares(run, SUMMARY, "test")
    strict = estimate_shares(run, replace(SUMMARY, thresholds=(0.95,)), "test")
    # A model that seldom says yes misses more, so as many predictions stand for a larger share.
    assert strict.estimates[1].value > usual.estimates[1].value
    assert usual.labeled == run.sizes["test"]
    assert [share.label for share in largest_first(usual)] == ["no", "yes"]


@pytest.mark.parametrize(
    ("summary", "reason"),
    [
        (replace(SUMMARY, thresholds=None), "by an older version"),
        (replace(SUMMARY, engine=ONNX_INT8), "answers a little differently"),
        (replace(SUMMARY, problems=1_000), "no predictions"),
        (SUMMARY, ""),
    ],
)
def test_why_there_is_no_estimate(summary: BatchSummary, reason: str, run: Run) -> None:
    sentence = why_no_estimate(run, summary)
    assert reason in sentence
    assert bool(sentence) == bool(reason)


def test_an_estimate_in_words(run: Run, workspace: Workspace) -> None:
    estimate = estimate_shares(run, SUMMARY, "validation")
    assert "60 validation rows" in describe_basis(estimate, "validation")
    assert "was chosen on these rows" in describe_basis(estimate, "validation")
    assert "was chosen" not in describe_basis(estimate, "test")
    assert "another mix of classes" in describe_checks(estimate)
    assert "of another kind" in describe_checks(replace(estimate, texts_differ=True))
    assert "too few rows" in describe_checks(replace(estimate, mix_differs=None))
    assert "no more than chance" in describe_checks(replace(estimate, mix_differs=False))
    assert [line.split()[0] for line in format_estimates(estimate)] == ["no", "yes"]
    mean = estimate_shares(finished(workspace, "regression"), MEANS, "test")
    assert "same predicted value" in describe_checks(mean)
    assert format_estimates(mean)[0].startswith("mean")


def test_the_command_line_prints_the_shares_and_counts_views_of_test_rows(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def report(shares: str | None, as_json: bool = False, summary: BatchSummary = SUMMARY) -> dict[str, object] | None:
        return report_shares(run.model_folder, summary, Namespace(shares=shares, json=as_json))

    validation = report(None)
    assert validation is not None
    assert (validation["split"], run.count_test_views()) == ("validation", 0)
    printed = capsys.readouterr().out
    assert "Share of each class" in printed
    assert "yes " in printed
    tested = report("test", as_json=True)
    assert tested is not None
    assert (tested["split"], tested["labeled"], run.count_test_views()) == ("test", 80, 1)
    assert capsys.readouterr().out == ""
    assert report("none") is None
    assert report(None, summary=replace(SUMMARY, thresholds=None)) is None
    assert "older version" in capsys.readouterr().err


def test_counts_of_parts_add_up_their_moments() -> None:
    first = Counts(2, 0, 0, {}, confidence={"a": Moments(2, 1.5, 1.25)}, values=Moments(2, 3.0, 5.0))
    second = Counts(1, 0, 0, {}, confidence={"a": Moments(1, 0.5, 0.25), "b": Moments(1, 0.9, 0.81)})
    total = sum_counts([first, second])
    assert total.confidence == {"a": Moments(3, 2.0, 1.5), "b": Moments(1, 0.9, 0.81)}
    assert total.values == Moments(2, 3.0, 5.0)
