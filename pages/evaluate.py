"""How good a model is: metrics beside baselines, confusions and mistakes with the texts behind them, each class."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core import charts
from core.evaluation import baselines, metrics, mistakes
from core.runs import MODEL, Result, Run, list_runs
from pages.shared import cached
from pages.shared.navigation import link
from pages.shared.ui import choose_run, duration, errors_shown, header
from pages.shared.visitor import workspace

_HEADLINE = {
    "binary": ("accuracy", "precision_macro", "recall_macro", "f1_macro"),
    "multiclass": ("accuracy", "precision_macro", "recall_macro", "f1_macro"),
    "multilabel": ("f1_micro", "f1_macro", "subset_accuracy", "hamming_loss"),
    "regression": ("r2", "mae", "rmse", "spearman"),
}
_NOT_SHARES = ("r2", "mae", "rmse", "spearman", "hamming_loss")
_LOW_IS_GOOD = ("mae", "rmse", "hamming_loss")
_SPLITS = {"test": "Test", "validation": "Validation"}


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
        looked = st.session_state.setdefault("looked_at", set())
        if run.id not in looked:
            run.look_at_test("evaluate page")
            looked.add(run.id)
        times = run.looks_at_test()
        st.caption(
            f"The training never saw these texts. Looked at {times} {'time' if times == 1 else 'times'}: "
            "the more often one chooses by the test set, the less it proves."
        )
    else:
        st.caption("The best model was chosen on these texts, so they flatter it a little.")
    return split or names[0]


def show_headline(run: Run, scores: dict[str, dict[str, float]]) -> None:
    """The four metrics that matter most, with what the TF-IDF baseline reaches."""
    for column, name in zip(st.columns(4), _HEADLINE[run.task.kind], strict=True):
        with column:
            ours, theirs = scores[MODEL][name], scores["tfidf"][name]
            st.metric(
                metrics.TITLES[name],
                _number(ours, name),
                f"{_number(ours - theirs, name, signed=True)} vs TF-IDF",
                delta_color="inverse" if name in _LOW_IS_GOOD else "normal",
                border=True,
            )


def show_cost(run: Run, result: Result) -> None:
    """How long training and predicting took."""
    method = "Instant" if run.record.config["method"] == "instant" else "Fine-tuned"
    predicted = run.record.sizes["validation"] + run.record.sizes["test"]
    st.caption(
        f"{method} on {run.record.sizes['train']:,} texts in {duration(result.seconds)}. "
        f"Predicting {predicted:,} texts took {result.prediction_seconds:.1f} s: "
        f"{result.texts_per_second:,.0f} texts a second."
    )


def show_all_metrics(scores: dict[str, dict[str, float]]) -> None:
    """Every metric of the model and the baselines."""
    titles = {MODEL: "This model"} | baselines.TITLES
    table = pd.DataFrame({titles[who]: pd.Series(values) for who, values in scores.items()})
    table.insert(0, "Metric", [metrics.TITLES[name] for name in table.index])
    st.dataframe(
        table,
        hide_index=True,
        column_config={title: st.column_config.NumberColumn(format="%.3f") for title in titles.values()},
        alt="All metrics",
    )


def show_confusion(run: Run, judged: pd.DataFrame, logits: np.ndarray, key: str) -> None:
    """The heat map, and the texts behind the cell that was clicked."""
    shares = st.toggle("Show shares of the actual class", value=False)
    cells = metrics.confusion(run.task, run.task.encode(judged["actual"].tolist()), logits)
    event: Any = st.altair_chart(
        charts.confusion(cells, shares), on_select="rerun", key=f"confusion-{key}", alt="Confusion matrix"
    )
    chosen = event.selection.get("cell", [])
    if not chosen:
        st.caption("Click a cell to read the texts behind it.")
        return
    actual, predicted = chosen[0]["actual"], chosen[0]["predicted"]
    behind = judged[(judged["actual"] == actual) & (judged["predicted"] == predicted)]
    st.text(f"{len(behind)} {'text' if len(behind) == 1 else 'texts'} of class “{actual}” answered “{predicted}”")
    _texts(behind)


def show_mistakes(run: Run, judged: pd.DataFrame) -> None:
    """The errors the model was surest of."""
    worst = mistakes.worst(run.task, judged)
    if worst.empty:
        st.success("Not one mistake on these rows.", icon=":material/check_circle:")
    else:
        _texts(worst)


def _texts(rows: pd.DataFrame) -> None:
    columns = [
        column
        for column in ("text", "actual", "predicted", "confidence", "error")
        if column in rows and not rows[column].isna().all()
    ]
    st.dataframe(
        rows[columns],
        hide_index=True,
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "confidence": st.column_config.NumberColumn(format="percent"),
            "error": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="Texts with actual and predicted label",
    )


def _number(value: float, name: str, signed: bool = False) -> str:
    """A share as a percentage, a difference of shares in percentage points, any other metric with three decimals."""
    sign = "+" if signed else ""
    if np.isnan(value):
        return "undefined"
    if name in _NOT_SHARES:
        return f"{value:{sign}.3f}"
    return f"{100 * value:{sign}.1f}" if signed else f"{value:.1%}"


def show(run: Run) -> None:
    """Everything about one run."""
    result = run.result()
    assert result is not None
    split = choose_split(run)
    finished = (run.folder / "evaluation" / "result.json").stat().st_mtime
    scores = cached.scores(str(run.folder), split, finished)
    judged = cached.judged(str(run.folder), split, finished)
    logits = run.logits(split)
    show_headline(run, scores)
    show_cost(run, result)
    if run.task.kind == "regression":
        st.subheader("Predicted and actual scores", anchor=False)
        st.altair_chart(charts.predicted_against_actual(judged), alt="Predicted over actual score")
    elif run.task.one_label:
        st.subheader("What is taken for what", anchor=False)
        show_confusion(run, judged, logits, f"{run.id}-{split}")
    st.subheader("Largest errors" if run.task.kind == "regression" else "Mistakes it was surest of", anchor=False)
    show_mistakes(run, judged)
    if run.task.labels:
        st.subheader("Each label", anchor=False)
        table = metrics.per_class(run.task, run.task.encode(judged["actual"].tolist()), logits)
        percent = {
            name: st.column_config.ProgressColumn(min_value=0, max_value=1, format="percent")
            for name in ("precision", "recall", "f1")
        }
        st.dataframe(table, hide_index=True, column_config=percent, alt="Precision, recall and F1 of each label")
    st.subheader("All metrics, beside the baselines", anchor=False)
    show_all_metrics(scores)


header("Evaluate", "How often the model is right, beside simple baselines, and where it errs.")
finished_runs = [run for run in list_runs(workspace()) if run.result()]
if not finished_runs:
    st.info(
        "No model has been trained yet. Train one first; it takes seconds with the instant method.",
        icon=":material/info:",
    )
    link("train", "Go to Train")
else:
    with errors_shown():
        show(choose_run(finished_runs))
