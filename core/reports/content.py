"""What a report on a run says, in sections that the HTML page and the model card both show."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from core import run_evaluation
from core.charts import evaluation as evaluation_charts
from core.charts.theme import Chart
from core.errors import RunError
from core.evaluation.decisions import calibration
from core.evaluation.decisions.conformal import conformal_coverage
from core.evaluation.diagnostics import confusion
from core.evaluation.diagnostics.mistakes import most_confident_mistakes
from core.evaluation.metrics.definitions import CHART_METRICS, HEADLINE_METRICS
from core.evaluation.metrics.estimate import MetricEstimate, interval_sentence
from core.evaluation.metrics.per_class import per_class
from core.formatting import format_duration, format_percent, format_range, pluralize
from core.reports.verdict.compose import make_verdict, reported_split
from core.run_evaluation import BaselineComparison, RunPredictions
from core.run_result import Result
from core.runs import MODEL, Run
from core.task import TITLES
from core.training.config import TrainingConfig

_MAX_MISTAKES = 20


@dataclass(frozen=True)
class Section:
    """A section of a report: a title, then conclusions (shown in bold), paragraphs, bullets, a chart and a table."""

    title: str
    paragraphs: Sequence[str] = ()
    conclusions: Sequence[str] = ()
    bullets: Sequence[str] = ()
    chart: Chart | None = None
    table: pd.DataFrame | None = None


@dataclass(frozen=True)
class Report:
    """All sections of a report. ``details`` are the confusion matrix and the metrics of each label, or predicted values."""

    title: str
    summary: str
    verdict: Section
    intended_use: Section
    data: Section
    metrics: Section
    details: Sequence[Section]
    calibration: Section
    mistakes: Section
    limitations: Section
    reproduction: Section


@dataclass(frozen=True)
class _Evaluation:
    """A finished run with its metrics and predictions for one split."""

    run: Run
    result: Result
    split: str
    estimates: dict[str, list[MetricEstimate]]
    predictions: RunPredictions
    comparisons: Sequence[BaselineComparison]

    @property
    def rows(self) -> str:
        """The number of evaluated rows: "80 test rows"."""
        return pluralize(len(self.predictions.targets), f"{self.split} row")


def make_report(run: Run) -> Report:
    """The report on a finished run: on its test rows, or on its validation rows if it has no test rows.

    Raises:
        RunError: the run has no results.
        StorageError: a stored file of the run is damaged.
    """
    result = run.result()
    if result is None:
        raise RunError(f"{run.name} has no results yet.", "Wait until it finishes, or start it again.")
    split = reported_split(run)
    estimates = run_evaluation.metric_estimates(run, split)
    comparisons = run_evaluation.compare_with_baselines(run, split)
    evaluation = _Evaluation(run, result, split, estimates, run_evaluation.load_predictions(run, split), comparisons)
    return Report(
        title=run.name,
        summary=_summarize(evaluation),
        verdict=_verdict(evaluation),
        intended_use=_intended_use(run),
        data=_data(run),
        metrics=_metrics(evaluation),
        details=_details(evaluation.predictions),
        calibration=_calibration(evaluation),
        mistakes=_mistakes(evaluation.predictions),
        limitations=_limitations(evaluation),
        reproduction=_reproduction(run),
    )


def format_cell(cell: object) -> str:
    """A cell of a table as text; several labels are separated by commas."""
    return ", ".join(map(str, cell)) if isinstance(cell, list) else str(cell)


def _summarize(evaluation: _Evaluation) -> str:
    run = evaluation.run
    method = "Fine-tuned from" if run.config.method == "fine-tune" else "A linear head on frozen features of"
    return (
        f"{TITLES[run.task.kind]}. {method} {run.config.encoder} in {format_duration(evaluation.result.seconds)} on "
        f"{run.created[:10]}. Evaluated on {evaluation.rows} that were not used for training. "
        f"The test results have been viewed {pluralize(run.count_test_views(), 'time')}."
    )


def _verdict(evaluation: _Evaluation) -> Section:
    verdict = make_verdict(evaluation.run, evaluation.split, evaluation.comparisons)
    return Section(
        "In plain words",
        paragraphs=[" ".join([verdict.headline, *verdict.quality, verdict.use])],
        bullets=[f"{question} {' '.join(sentences)}" for question, sentences in verdict.details().items()],
    )


def _intended_use(run: Run) -> Section:
    labels = f": {', '.join(run.task.labels)}" if run.task.labels else ""
    return Section(
        "Intended use",
        [
            "Texts like those of the dataset, in the same language. "
            f"The model predicts {TITLES[run.task.kind].lower()}{labels}. "
            "It is not intended for other kinds of texts, or for decisions about people without human review."
        ],
    )


def _data(run: Run) -> Section:
    noun = {"train": "training row", "validation": "validation row", "test": "test row"}
    sizes = ", ".join(pluralize(size, noun[split]) for split, size in run.sizes.items())
    return Section("Data", [f"{run.dataset.name}: {sizes}. Fingerprint of the split: {run.split_fingerprint}."])


def _metrics(evaluation: _Evaluation) -> Section:
    kind, estimates = evaluation.run.task.kind, evaluation.estimates
    titles = run_evaluation.available_predictions(evaluation.run, evaluation.split)
    own = estimates[MODEL]
    chart_rows = [
        {"metric": e.title, "source": titles[source], "value": e.value, "low": e.low, "high": e.high}
        for source, of_source in estimates.items()
        for e in of_source
        if e.name in CHART_METRICS[kind]
    ]
    columns = {titles[source]: [e.text_with_interval for e in of_source] for source, of_source in estimates.items()}
    return Section(
        "Metrics",
        [
            f"{e.title}: {e.text}, {interval_sentence(e, evaluation.split).rstrip('.')}."
            for e in own
            if e.name in HEADLINE_METRICS[kind]
        ],
        conclusions=[comparison.sentence for comparison in evaluation.comparisons],
        chart=evaluation_charts.metric_intervals(pd.DataFrame(chart_rows)).properties(width=520),
        table=pd.DataFrame({"Metric": [e.title for e in own], **columns, "Note": [e.note for e in own]}),
    )


def _details(predictions: RunPredictions) -> list[Section]:
    task = predictions.task
    if task.kind == "regression":
        chart = evaluation_charts.predicted_vs_actual(predictions.table()).properties(width=520)
        return [Section("Predicted and actual values", chart=chart)]
    sections = []
    if task.one_label:
        matrix = confusion.confusion_matrix(predictions.targets, predictions.predictions.predicted, task.outputs)
        chart = evaluation_charts.confusion_matrix(confusion.confusion_frame(matrix, task.labels), as_percent=False)
        pairs = confusion.most_confused(matrix, task.labels)
        pairs = pairs.rename(columns={name: name.replace("_", " ") for name in pairs.columns})
        sections.append(Section("Confusion matrix", chart=chart.properties(width=640), table=pairs))
    table = per_class(task, predictions.targets, predictions.logits, predictions.rule.thresholds, predictions.units)
    rates = {name: _format_rates(table, name) for name in ("precision", "recall", "f1")}
    by_label = pd.DataFrame({"label": table["label"], "rows": table["rows"], **rates, "note": table["note"]})
    return [*sections, Section("Metrics by label", table=by_label)]


def _format_rates(table: pd.DataFrame, name: str) -> list[str]:
    values = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
    return [
        "undefined" if np.isnan(value) else f"{value:.0%} ({100 * low:.0f} to {100 * high:.0f})"
        for value, low, high in values
    ]


def _calibration(evaluation: _Evaluation) -> Section:
    predictions = evaluation.predictions
    is_regression = predictions.task.kind == "regression"
    sentences = _interval_coverage(evaluation) if is_regression else _calibration_error(evaluation)
    return Section("Calibration", sentences)


def _interval_coverage(evaluation: _Evaluation) -> list[str]:
    rule, predictions = evaluation.predictions.rule, evaluation.predictions
    if rule.interval_half_width is None:
        return ["There were too few validation rows for an interval around a predicted value."]
    errors = np.abs(predictions.logits[:, 0].astype(np.float64) - predictions.targets)
    coverage, interval = conformal_coverage(errors, rule.interval_half_width)
    return [
        f"An interval of ± {rule.interval_half_width:.3g} around a predicted value is expected to contain the actual value in "
        f"about {format_percent(rule.interval_level, 0)} of cases. "
        f"It did in {format_percent(coverage, 0)} of the {evaluation.rows} (between {format_range(*interval, percent=True)})."
    ]


def _calibration_error(evaluation: _Evaluation) -> list[str]:
    predictions, rule = evaluation.predictions, evaluation.predictions.rule
    task = predictions.task
    error, interval = calibration.calibration_error(
        *calibration.confidence_and_correct(task, predictions.targets, predictions.logits), units=predictions.units
    )
    between = "" if np.isnan(interval.low) else f" (between {format_range(*interval, percent=True)})"
    sentences = [
        f"Calibration error: {format_percent(error)}{between}; 0% is a calibrated model. "
        f"The model includes a temperature of {evaluation.result.temperature:.2f}"
        f"{' and takes the class weights back' if evaluation.result.class_offsets else ''}, fitted on validation rows."
    ]
    if rule.thresholds:
        names = task.labels[1:] if task.kind == "binary" else task.labels
        pairs = ", ".join(f"{name} {threshold:.2f}" for name, threshold in zip(names, rule.thresholds, strict=False))
        sentences.append(f"Decision thresholds chosen on validation rows: {pairs}.")
    if rule.abstain_below:
        sentences.append(
            f"Predictions with a confidence below {format_percent(rule.abstain_below, 0)} are marked for review by hand."
        )
    return sentences


def _mistakes(predictions: RunPredictions) -> Section:
    is_regression = predictions.task.kind == "regression"
    mistakes = most_confident_mistakes(predictions.task, predictions.table(), _MAX_MISTAKES)
    columns = ["text", "actual", "predicted", "error" if is_regression else "confidence"]
    table = mistakes[columns].map(lambda cell: f"{cell:.2f}" if isinstance(cell, float) else cell)
    return Section("Largest errors" if is_regression else "Most confident mistakes", table=table)


def _limitations(evaluation: _Evaluation) -> Section:
    return Section(
        "Limitations",
        bullets=[
            f"The results are valid for texts like those of the dataset. The {evaluation.rows} do not represent other texts.",
            "The intervals cover the random choice of evaluated rows. They do not cover differences between repeated trainings.",
            _describe_truncation(evaluation.run.config),
            *(
                f"{e.title}: {e.note}"
                for e in evaluation.estimates[MODEL]
                if e.note and not e.note.startswith("Equals")
            ),
        ],
    )


def _describe_truncation(config: TrainingConfig) -> str:
    """What the model reads of a long text."""
    if config.truncation == "head":
        return f"Texts longer than {config.max_length} tokens are truncated."
    return (
        f"Of texts longer than {config.max_length} tokens, the beginning (a quarter of the tokens that fit) and the end are "
        "read. The pipeline of transformers cannot do that and reads only the beginning; `predict.py` reads both."
    )


def _reproduction(run: Run) -> Section:
    rows = {
        "dataset": f"{run.dataset.name} ({run.dataset.fingerprint})",
        "split": run.split_fingerprint,
        **{name.replace("_", " "): value for name, value in asdict(run.config).items()},
        **run.versions,
    }
    table = pd.DataFrame({"setting": list(rows), "value": [str(value) for value in rows.values()]})
    return Section("Settings to reproduce the run", table=table)
