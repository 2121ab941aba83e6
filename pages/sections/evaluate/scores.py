"""The section Scores: the main metrics, the comparison with the baselines, and all metrics with their intervals."""

import math
from dataclasses import asdict

import pandas as pd
import streamlit as st

from core import run_evaluation
from core.charts import evaluation as evaluation_charts
from core.evaluation.metrics.definitions import CHART_METRICS, HEADLINE_METRICS, METRICS
from core.evaluation.metrics.estimate import MetricEstimate, interval_sentence
from core.formatting import format_duration, pluralize
from core.runs import MODEL, Run
from pages.sections.evaluate.view import RunView
from pages.shared import cache
from pages.shared.downloads import download_buttons
from pages.shared.navigation import link_term
from pages.shared.widgets import escape_markdown, show_errors

_TFIDF = "tfidf"
_ICONS = {True: ":material/trending_up:", None: ":material/trending_flat:", False: ":material/trending_down:"}


def show_scores(view: RunView) -> None:
    """Draw the section."""
    _show_headline(view)
    _show_cost(view.run)
    fine_tuned = view.run.config.method == "fine-tune"
    st.subheader("Did fine-tuning help?" if fine_tuned else "Is this model better than the baselines?", anchor=False)
    with show_errors():
        for baseline in cache.baseline_comparisons(*view.key):
            better = baseline.helped
            (st.success if better else st.warning)(escape_markdown(baseline.sentence), icon=_ICONS[better])
    titles = run_evaluation.available_predictions(view.run, view.split)
    estimates = _long_table(view.metric_estimates, titles)
    charted = estimates[estimates["metric"].isin(CHART_METRICS[view.run.task.kind])]
    charted = charted.assign(metric=[METRICS[name].title for name in charted["metric"]])
    st.altair_chart(evaluation_charts.metric_intervals(charted), alt="Metrics with intervals")
    st.subheader("All metrics", anchor=False)
    st.caption(
        "The 95% intervals are in parentheses. On other texts of the same kind, the score would most likely be within them."
    )
    table = _wide_table(view.metric_estimates, titles)
    pinned = st.column_config.TextColumn(pinned=True)
    st.dataframe(table, hide_index=True, column_config={"Metric": pinned}, height="content", alt="All metrics")
    download_buttons(estimates, view.file_name("metrics"))
    with st.expander("Each metric in a sentence"):
        for estimate in view.metric_estimates[MODEL]:
            st.text(f"{estimate.title}: {estimate.text}, {interval_sentence(estimate, view.split)}")


def _show_headline(view: RunView) -> None:
    """Draw a card for each main metric, with the difference to the TF-IDF baseline."""
    model = {estimate.name: estimate for estimate in view.metric_estimates[MODEL]}
    baseline = {estimate.name: estimate.value for estimate in view.metric_estimates.get(_TFIDF, [])}
    names = [name for name in HEADLINE_METRICS[view.run.task.kind] if name in model]
    for column, name in zip(st.columns(4), names, strict=False):
        estimate, metric = model[name], METRICS[name]
        difference = estimate.value - baseline.get(name, math.nan)
        with column, st.container(border=True, gap="xsmall", height="stretch"):
            st.markdown(f":small[{metric.plain}]", help=f"{metric.help}\n\n{link_term(name)}")
            st.metric(
                metric.title,
                estimate.text,
                None if math.isnan(difference) else f"{metric.format_difference(difference)} vs. TF-IDF",
                delta_color="normal" if metric.higher_is_better else "inverse",
                label_visibility="collapsed",
            )
            st.caption(escape_markdown(interval_sentence(estimate, view.split)))


def _show_cost(run: Run) -> None:
    result = run.result()
    if result is None:
        return
    method = "Fine-tuned" if run.config.method == "fine-tune" else "Trained as an instant model"
    predicted = pluralize(run.sizes["validation"] + run.sizes["test"], "text")
    st.caption(
        f"{method} on {pluralize(run.sizes['train'], 'text')} in {format_duration(result.seconds)}. "
        f"Predicting {predicted} took {result.prediction_seconds:.1f} s ({result.texts_per_second:,.0f} texts per second)."
    )


def _wide_table(estimates: dict[str, list[MetricEstimate]], titles: dict[str, str]) -> pd.DataFrame:
    """A row for each metric, a column for each source of predictions."""
    model = estimates[MODEL]
    columns = {
        titles[source]: [e.text_with_interval for e in estimates[source]] for source in estimates if source in titles
    }
    return pd.DataFrame(
        {
            "Metric": [estimate.title for estimate in model],
            **columns,
            "In plain words": [estimate.metric.plain for estimate in model],
            "What it measures": [estimate.metric.description for estimate in model],
            "Formula": [estimate.metric.formula for estimate in model],
            "Note": [estimate.note for estimate in model],
        }
    )


def _long_table(estimates: dict[str, list[MetricEstimate]], titles: dict[str, str]) -> pd.DataFrame:
    """A row for each metric of each source: source, metric, value, low, high, rows, note."""
    rows = [{"source": titles.get(source, source)} | asdict(e) for source, group in estimates.items() for e in group]
    return pd.DataFrame(rows).rename(columns={"name": "metric"})
