"""The code that computes the metrics of the shown split, with the file of targets and predictions."""

from core.codegen.evaluate import evaluate_code, targets_and_predictions
from core.formatting import csv_bytes
from core.runs import MODEL
from pages.sections.evaluate.view import RunView
from pages.shared.code import Code, CodeFile, show_code


def show_evaluate_code(view: RunView) -> None:
    """An expander with the code and its file."""
    show_code(f"evaluate-{view.run.id}-{view.split}", lambda: _make(view))


def _make(view: RunView) -> Code:
    rows = view.run_predictions
    file = f"{view.file_name('predictions')}.csv"
    code = evaluate_code(rows.task, rows.rule.thresholds, view.metric_estimates[MODEL], file)
    table = CodeFile(
        file,
        "Targets and predictions (CSV)",
        lambda: csv_bytes(targets_and_predictions(rows.task, rows.targets, rows.predictions)),
        "text/csv",
    )
    about = "It computes the same metrics with scikit-learn, without this app. Save the file below beside it."
    return Code(code, about, [table])
