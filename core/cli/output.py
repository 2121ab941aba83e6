"""What the command line prints: the progress of a training, metrics as a table or as JSON, checks and predictions."""

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from core.errors import RunError, StorageError
from core.formatting import format_duration, format_percent, pluralize
from core.run_result import Result
from core.runs import MODEL, Run

if TYPE_CHECKING:
    from tqdm import tqdm

    from core.data.checks.report import CheckReport
    from core.data.columns import ColumnChoice, LabeledTexts
    from core.data.table import Table
    from core.jobs.events import Event
    from core.label_fixes import LabelFixes

_BAR_FORMAT = "{desc:<12} {percentage:3.0f}%|{bar:30}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}] {postfix}"
_MAX_SHOWN = 20
_VALIDATION_METRICS = ("accuracy", "f1_macro", "f1_micro", "r2")


def print_json(record: Any) -> None:
    """Print a record as JSON."""
    print(json.dumps(_nan_to_null(record), ensure_ascii=False, indent=2))


def print_check(report: "CheckReport") -> None:
    """Print what a table contains and the problems that were found."""
    table = report.table
    columns = ", ".join(table.frame.columns[:_MAX_SHOWN])
    print(f"{table.name}: {table.format}, {pluralize(len(table), 'row')}, columns {columns}")
    if report.choice is not None:
        print(f"text: {report.choice.text}; label: {report.choice.label}; task: {report.choice.kind}")
    for name, count in list(report.labels.items())[:_MAX_SHOWN]:
        print(f"  {count:>8,}  {name}")
    for finding in report.findings:
        repair = f" [{finding.repair.title}]" if finding.repair else ""
        print(f"{finding.severity:>8}  {finding.check}: {finding.message}{repair}")


def print_warnings(table: "Table", columns: "ColumnChoice", labeled: "LabeledTexts") -> None:
    """Print on stderr which columns are used and what ``check`` finds in them, except what needs an encoder."""
    from core.data.checks.report import reading_findings
    from core.data.checks.run import run_checks

    print(f"text: {columns.text}; label: {columns.label}; task: {columns.kind}", file=sys.stderr)
    for finding in [*reading_findings(table), *run_checks(table, columns, labeled)]:
        print(f"{finding.severity}: {finding.message}", file=sys.stderr)


def format_prediction(record: dict[str, Any]) -> str:
    """A prediction as text: the label with its confidence, or the number with its interval."""
    label = record["label"]
    if record["confidence"] is None:
        interval = f" (between {record['low']:.4g} and {record['high']:.4g})" if "low" in record else ""
        return f"{label:.4g}{interval}"
    name = label if isinstance(label, str) else ", ".join(label) or "no label"
    review = "" if record.get("sure", True) else " - low confidence: review by hand"
    return f"{name} ({format_percent(record['confidence'], 0)}){review}"


def train_and_wait(run: Run) -> None:
    """Start the training in a child process and show its progress on stderr. Ctrl-C stops it and keeps the best model.

    Raises:
        RunError: the training failed.
    """
    from core.experiments.launch import follow_events
    from core.jobs import dispatcher, queue

    dispatcher.submit(run.folder)
    events = follow_events(run)
    with progress_bar() as bar:
        while True:
            try:
                import core.run_evaluation  # noqa: F401 -- needed at the end; it is imported while the training runs

                for event in events:
                    show_event(bar, event)
                return
            except KeyboardInterrupt:
                bar.write("Stopping. The best model so far is kept.", file=sys.stderr)
                queue.stop(run.folder)
                events = follow_events(run)


def progress_bar() -> "tqdm[Any]":
    """A progress bar on stderr for :func:`show_event`."""
    from tqdm import tqdm

    return tqdm(file=sys.stderr, unit="", bar_format=_BAR_FORMAT)


def show_event(bar: "tqdm[Any]", event: "Event") -> None:
    """Show an event of a job: its phase and progress in the bar, metrics in a line above it."""
    from core.jobs.events import FirstModel, Phase, Progress, Step, Validation

    if isinstance(event, Phase):
        bar.reset(total=1)
        bar.set_description_str(event.name)
    elif isinstance(event, Progress):
        bar.total = event.total
        bar.update(event.done - bar.n)
    elif isinstance(event, Step):
        bar.set_postfix_str(f"loss {event.loss:.3f}")
    elif isinstance(event, Validation | FirstModel):
        values = (f"{name} {value:.3f}" for name, value in event.metrics.items() if name in _VALIDATION_METRICS)
        model = "first model" if isinstance(event, FirstModel) else f"step {event.step}"
        bar.write(f"  {model}: {', '.join(values)}", file=sys.stderr)


def print_result(run: Run, as_json: bool) -> None:
    """Print the metrics of a finished run and where its model is. Counts as a view of the test results.

    Raises:
        RunError: there is no model.
    """
    result = _finished_result(run)
    try:
        run.record_test_view("command line")
    except StorageError as error:  # the results can be shown all the same
        print(f"warning: {error}", file=sys.stderr)
    if not as_json:
        print_report(run)
        print(f"\nRun {run.id}\nThe model is in {run.model_folder}")
        return
    from core import run_evaluation

    intervals = {
        split: {
            estimate.name: [estimate.low, estimate.high]
            for estimate in run_evaluation.metric_estimates(run, split)[MODEL]
        }
        for split in ("validation", "test")
    }
    fixes = _find_label_fixes(run, "test")
    print_json(
        {
            "run": run.id,
            "folder": str(run.folder),
            "validation": result.validation,
            "test": result.test,
            "intervals": intervals,
            "label_fixes": fixes and fixes.to_json(),
            "seconds": round(result.seconds, 3),
            "peak_memory_mb": round(result.peak_memory_mb, 1),
        }
    )


def print_report(run: Run) -> None:
    """Print the verdict in plain words and a table of metrics with intervals.

    Raises:
        RunError: there is no model.
    """
    from core import run_evaluation
    from core.evaluation.metrics.estimate import interval_sentence
    from core.label_fixes import QUESTION
    from core.reports.verdict.compose import make_verdict, reported_split

    result = _finished_result(run)
    split = reported_split(run)
    estimates = run_evaluation.metric_estimates(run, split)
    titles = run_evaluation.available_predictions(run, split)
    rows = pluralize(run.sizes[split], f"{split} row")
    print(f"\n{run.name}: {rows}, trained in {format_duration(result.seconds)}\n")
    print(f"  {'':28}" + "".join(f"{titles[source]:>18}" for source in estimates) + "  95% interval of this model")
    for position, estimate in enumerate(estimates[MODEL]):
        values = "".join(f"{of_source[position].text:>18}" for of_source in estimates.values())
        print(f"  {estimate.title:28}{values}  {interval_sentence(estimate, split)}")
    comparisons = run_evaluation.compare_with_baselines(run, split)
    verdict = make_verdict(run, split, comparisons)
    print("\n" + "\n".join([verdict.headline, *verdict.quality, verdict.use]))
    for question, sentences in verdict.details().items():
        print(f"\n{question}\n" + "\n".join(f"  {sentence}" for sentence in sentences))
    print()
    for comparison in comparisons:
        print(comparison.sentence)
    fixes = _find_label_fixes(run, split)
    if fixes is not None:
        print(f"\n{QUESTION}\n" + "\n".join(f"  {sentence}" for sentence in fixes.sentences))


def _find_label_fixes(run: Run, split: str) -> "LabelFixes | None":
    """What label fixes since an earlier run brought. On test rows it counts as a view of that run's test results."""
    from core.label_fixes import find_label_fixes
    from core.runs import list_runs
    from core.workspace import workspace_containing

    fixes = find_label_fixes(run, list_runs(workspace_containing(run.folder)), split)
    if fixes is not None and split == "test":
        fixes.earlier.record_test_view("command line")
    return fixes


def _finished_result(run: Run) -> Result:
    result = run.result()
    if result is None:
        raise RunError("The run was stopped before it had a model.", "Start the training again.")
    return result


def _nan_to_null(record: Any) -> Any:
    """The record with null for NaN and infinity, which JSON does not have."""
    if isinstance(record, dict):
        return {key: _nan_to_null(value) for key, value in record.items()}
    if isinstance(record, list):
        return [_nan_to_null(value) for value in record]
    return None if isinstance(record, float) and not math.isfinite(record) else record
