"""How good a model is: a section at a time, so that only what is looked at is computed."""

import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.runs import Run, list_runs
from pages.sections.evaluate.comparison import show_comparison
from pages.sections.evaluate.confusion import show_confusions, show_curves
from pages.sections.evaluate.learning_curve import show_learning_curve
from pages.sections.evaluate.mistakes import show_mistakes
from pages.sections.evaluate.report import show_report
from pages.sections.evaluate.scores import View, show_scores
from pages.sections.evaluate.thresholds import show_confidence
from pages.shared import cache
from pages.shared.navigation import link
from pages.shared.visitor import workspace
from pages.shared.widgets import choose_run, header, record_test_view_once, show_errors

_SPLITS = {"test": "Test", "validation": "Validation"}
_TITLES = {
    "scores": "Scores",
    "confusions": "Confusions",
    "labels": "Labels",
    "numbers": "Numbers",
    "curves": "Curves",
    "confidence": "Confidence",
    "mistakes": "Mistakes",
    "growth": "More data",
    "compare": "Compare",
    "report": "CheckReport",
}
_OF_TASK = {"binary": "confusions", "multiclass": "confusions", "multilabel": "labels", "regression": "numbers"}


def choose_split(run: Run) -> str:
    """Test or validation; each look at test is counted, once a session."""
    names = [name for name in _SPLITS if run.record.sizes[name]]
    split = st.segmented_control(
        "Measured on",
        names,
        default=names[0],
        required=True,
        format_func=lambda n: f"{_SPLITS[n]} ({run.record.sizes[n]:,} rows)",
    )
    if split == "test":
        record_test_view_once(run)
        times = run.count_test_views()
        st.caption(
            f"The training never saw these texts. Looked at {times} {'time' if times == 1 else 'times'}: "
            "the more often one chooses by the test set, the less it proves."
        )
    else:
        st.caption("The best model was chosen on these texts, so they flatter it a little.")
    return split or names[0]


def choose_section(run: Run) -> str:
    """What of it is shown."""
    curves = [] if run.task.kind == "regression" else ["curves"]
    names = ["scores", _OF_TASK[run.task.kind], *curves, "confidence", "mistakes", "growth", "compare", "report"]
    chosen = st.segmented_control(
        "Show", names, default=names[0], required=True, format_func=_TITLES.__getitem__, key=f"section-{run.task.kind}"
    )
    return chosen or names[0]


def show(run: Run, runs: list[Run]) -> None:
    """One section about one run."""
    view = View(run, choose_split(run), cache.stamp(run))
    section = choose_section(run)
    if section == "scores":
        show_scores(view)
    elif section == "numbers":
        st.subheader("Predicted and actual scores", anchor=False)
        st.altair_chart(
            evaluation_charts.predicted_against_actual(view.prediction_table), alt="Predicted over actual score"
        )
    elif section in ("confusions", "labels"):
        show_confusions(view)
    elif section == "curves":
        show_curves(view)
    elif section == "confidence":
        show_confidence(view)
    elif section == "mistakes":
        show_mistakes(view)
    elif section == "growth":
        show_learning_curve(view)
    elif section == "compare":
        show_comparison(view, runs)
    else:
        show_report(view)


header("Evaluate", "How often the model is right and how sure that is, beside simple baselines, and where it errs.")
finished_runs = [run for run in list_runs(workspace()) if run.result()]
if not finished_runs:
    st.info(
        "No model has been trained yet. Train one first; it takes seconds with the instant method.",
        icon=":material/info:",
    )
    link("train", "Go to Train")
else:
    with show_errors():
        show(choose_run(finished_runs), finished_runs)
