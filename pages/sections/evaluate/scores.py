"""Scores of a run: each with its interval and in a sentence, the baselines beside them, and whether the effort paid."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core import run_evaluation
from core.charts import evaluation as evaluation_charts
from core.evaluation.metrics.estimate import LOWER_IS_BETTER, TITLES, MetricEstimate, interval_sentence
from core.run_evaluation import RunPredictions
from core.runs import MODEL, Run
from core.workspace import slug
from pages.shared import cache
from pages.shared.widgets import downloads, duration, plain

_HEADLINE = {
    "binary": ("accuracy", "f1_macro", "matthews", "roc_auc"),
    "multiclass": ("accuracy", "f1_macro", "balanced_accuracy", "log_loss"),
    "multilabel": ("f1_micro", "f1_macro", "subset_accuracy", "hamming_loss"),
    "regression": ("mae", "rmse", "r2", "spearman"),
}
# Of one scale, so that they share an axis.
_CHARTED = {
    "binary": ("accuracy", "f1_macro", "balanced_accuracy"),
    "multiclass": ("accuracy", "f1_macro", "balanced_accuracy"),
    "multilabel": ("f1_micro", "f1_macro", "subset_accuracy"),
    "regression": ("mae", "rmse"),
}


@dataclass(frozen=True)
class View:
    """What is looked at: a run, one of its splits, and when its results were last written."""

    run: Run
    split: str
    changed: float

    @property
    def key(self) -> tuple[str, str, float]:
        """What cached functions take."""
        return str(self.run.folder), self.split, self.changed

    @property
    def answers(self) -> RunPredictions:
        """What the model answered to the split."""
        return cache.answered(*self.key)

    def answers_to(self, split: str) -> RunPredictions:
        """What the model answered to another split."""
        return cache.answered(self.key[0], split, self.changed)

    @property
    def prediction_table(self) -> pd.DataFrame:
        """Each row with its answer."""
        return cache.prediction_table(*self.key)

    def file(self, what: str) -> str:
        """A name for a file to download."""
        return f"{slug(self.run.name)}-{self.split}-{what}"


def show_scores(view: View) -> None:
    """The figures that matter most, whether it paid, then all of them."""
    found = cache.metric_estimates(*view.key)
    _headline(view, found)
    _cost(view.run)
    st.subheader("Did it pay?", anchor=False)
    for comparison in cache.compare_with_baselines(*view.key):
        better = comparison.comparison.better
        icon = (
            ":material/trending_up:"
            if better
            else ":material/trending_flat:"
            if better is None
            else ":material/trending_down:"
        )
        (st.success if better else st.warning)(plain(comparison.sentence), icon=icon)
    titles = run_evaluation.available_predictions(view.run, view.split)
    show_intervals(found, titles, list(_CHARTED[view.run.task.kind]))
    st.subheader("All measures, beside the baselines", anchor=False)
    st.caption("In brackets the 95 % interval: other texts of the same kind would most likely give a figure within it.")
    st.dataframe(_table(found, titles), hide_index=True, alt="All measures")
    downloads(long_table(found, titles), view.file("measures"))
    with st.expander("The same in words"):
        st.text(
            "\n".join(f"{each.title}: {figure(each)}, {interval_sentence(each, view.split)}" for each in found[MODEL])
        )


def _headline(view: View, found: dict[str, list[MetricEstimate]]) -> None:
    theirs = {each.name: each for each in found.get("tfidf", [])}
    ours = {each.name: each for each in found[MODEL]}
    names = [name for name in _HEADLINE[view.run.task.kind] if name in ours]
    for column, name in zip(st.columns(4), names, strict=False):
        with column, st.container(border=True):
            delta = ours[name].value - theirs[name].value if name in theirs else float("nan")
            st.metric(
                ours[name].title,
                figure(ours[name]),
                None if np.isnan(delta) else f"{_difference(ours[name], delta)} vs TF-IDF",
                delta_color="inverse" if name in LOWER_IS_BETTER else "normal",
            )
            st.caption(plain(interval_sentence(ours[name], view.split)))


def figure(found: MetricEstimate) -> str:
    """A measure as people read it: "81.4 %", "0.713" or "undefined"."""
    if np.isnan(found.value):
        return "undefined"
    return f"{found.value:.1%}" if found.is_share else f"{found.value:.3f}"


def with_interval(found: MetricEstimate) -> str:
    """A measure with its interval in brackets: "81.4 % (73 – 88)"."""
    if np.isnan(found.low):
        return figure(found)
    ends = (f"{100 * end:.0f}" if found.is_share else f"{end:.2f}" for end in (found.low, found.high))
    return f"{figure(found)} ({' – '.join(ends)})"


def _difference(found: MetricEstimate, delta: float) -> str:
    return f"{100 * delta:+.1f}" if found.is_share else f"{delta:+.3f}"


def _table(found: dict[str, list[MetricEstimate]], titles: dict[str, str]) -> pd.DataFrame:
    columns = {
        titles[source]: [with_interval(each) for each in of_one] for source, of_one in found.items() if source in titles
    }
    ours = found[MODEL]
    return pd.DataFrame(
        {"MetricEstimate": [each.title for each in ours], **columns, "Note": [each.note for each in ours]}
    )


def long_table(found: dict[str, list[MetricEstimate]], titles: dict[str, str]) -> pd.DataFrame:
    """Every figure a line: who, measure, value, low, high, rows, note."""
    return pd.DataFrame(
        [
            {
                "source": titles.get(source, source),
                "metric": each.name,
                "value": each.value,
                "low": each.low,
                "high": each.high,
                "rows": each.rows,
                "note": each.note,
            }
            for source, of_one in found.items()
            for each in of_one
        ]
    )


def _cost(run: Run) -> None:
    result = run.result()
    assert result is not None
    method = "Instant" if run.record.config["method"] == "instant" else "Fine-tuned"
    predicted = run.record.sizes["validation"] + run.record.sizes["test"]
    st.caption(
        f"{method} on {run.record.sizes['train']:,} texts in {duration(result.seconds)}. "
        f"Predicting {predicted:,} texts took {result.prediction_seconds:.1f} s: "
        f"{result.texts_per_second:,.0f} texts a second."
    )


def show_intervals(found: dict[str, list[MetricEstimate]], titles: dict[str, str], names: list[str]) -> None:
    """Some measures of all sides with their intervals, as a chart."""
    table = long_table(found, titles)
    chosen = table[table["metric"].isin(names)].assign(metric=lambda rows: rows["metric"].map(TITLES))
    st.altair_chart(evaluation_charts.intervals(chosen), alt="Measures with intervals")
