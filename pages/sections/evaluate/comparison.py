"""The section Compare runs: metrics, cost and settings of several runs, and two runs on the same rows."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import run_comparison
from core.evaluation.metrics.definitions import COMPARISON_METRICS, METRICS
from core.formatting import format_duration
from core.runs import MODEL, Run
from pages.sections.evaluate.view import RunView
from pages.shared import cache
from pages.shared.downloads import download_buttons
from pages.shared.session import record_test_view_once
from pages.shared.widgets import escape_markdown, run_title, show_errors

_MAX_RUNS = 6


def show_comparison(view: RunView) -> None:
    """Draw a table of the chosen runs; if two are chosen, compare them row by row."""
    candidates = [run for run in view.runs if run.task.kind == view.run.task.kind and run.sizes[view.split]]
    if len(candidates) < 2:
        st.info("There is no other run with this kind of task yet. Train another model first.", icon=":material/info:")
        return
    runs = _choose_runs(view, candidates)
    if not runs:
        return
    if view.split == "test":
        for run in runs:
            with show_errors():
                record_test_view_once(run)
    _show_metrics(view, runs)
    _show_settings(runs)
    if len(runs) == 2:
        st.subheader("Both runs on the same rows", anchor=False)
        with show_errors():
            _show_pair(view, *runs)
    elif len(runs) > 2:
        st.caption("Choose two runs to compare them row by row.")


def _choose_runs(view: RunView, candidates: Sequence[Run]) -> list[Run]:
    """The chosen runs; at first the run itself and the newest other run with the same labels."""
    by_id = {run.id: run for run in candidates}
    same_task = [run.id for run in candidates if run.id != view.run.id and run.task == view.run.task]
    ids = st.multiselect(
        "Runs",
        list(by_id),
        default=[view.run.id, *same_task[:1]],
        max_selections=_MAX_RUNS,
        format_func=lambda identifier: run_title(by_id[identifier]),
    )
    return [by_id[identifier] for identifier in ids]


def _show_metrics(view: RunView, runs: list[Run]) -> None:
    costs = run_comparison.compare_costs(runs, view.split)
    rows = []
    for run, (_, cost) in zip(runs, costs.iterrows(), strict=True):
        estimates = {e.name: e for e in cache.metric_estimates(run, view.split)[MODEL]}
        rows.append(
            {"Run": run.name}
            | {
                METRICS[name].title: estimates[name].text_with_interval
                for name in COMPARISON_METRICS[view.run.task.kind]
            }
            | {
                "Training time": format_duration(cost["training_seconds"]),
                "Model size": f"{cost['megabytes']:,.2f} MB",
                "Time per 1,000 texts": f"{cost['seconds_per_1000_texts']:.1f} s",
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Runs with metrics and cost")
    download_buttons(costs, view.file_name("runs"))


def _show_settings(runs: list[Run]) -> None:
    settings = run_comparison.differing_settings(runs)
    if settings.empty:
        if len(runs) > 1:
            st.caption("These runs have the same settings.")
        return
    st.caption("Settings that differ")
    names = {str(i): f"{i + 1}. {run.name}" for i, run in enumerate(runs)}
    st.dataframe(settings.rename(columns=names), hide_index=True, alt="Settings that differ")


def _show_pair(view: RunView, first: Run, second: Run) -> None:
    """Draw the verdict on two runs and the rows with different predictions."""
    names = COMPARISON_METRICS[view.run.task.kind]
    name = st.pills("Metric", names, default=names[0], required=True, format_func=lambda metric: METRICS[metric].title)
    metric = METRICS[name or names[0]]
    comparison, disagreements = run_comparison.compare_runs(first, second, view.split, metric.name)
    show = st.info if comparison.better is None else st.success
    show(escape_markdown(comparison.verdict), icon=":material/balance:")
    st.caption(
        f"{metric.title}: {metric.format_value(comparison.first)} and {metric.format_value(comparison.second)}, difference "
        f"{metric.format_difference(comparison.difference)} (95% interval {metric.format_difference(comparison.low)} to "
        f"{metric.format_difference(comparison.high)})."
    )
    st.markdown(f"**The predictions differ for {len(disagreements):,} of {comparison.rows:,} rows**")
    st.dataframe(
        disagreements.rename(columns={"first": f"1. {first.name}", "second": f"2. {second.name}"}),
        hide_index=True,
        column_config={"text": st.column_config.TextColumn(width="large")},
        alt="Rows with different predictions",
    )
    download_buttons(disagreements, view.file_name("disagreements"))
