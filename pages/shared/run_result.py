"""The result of a run as a card: the main metric with its interval, a simpler model beside it, time and memory."""

import streamlit as st

from core.evaluation.metrics.definitions import MAIN_METRIC, METRICS
from core.evaluation.metrics.estimate import MetricEstimate
from core.formatting import format_duration, pluralize
from core.jobs import events
from core.jobs.events import FirstModel
from core.run_evaluation import INSTANT, baseline_titles
from core.runs import MODEL, Run
from pages.shared import cache
from pages.shared.widgets import show_errors


def show_result(run: Run) -> None:
    """The scores and the cost of a run that has a result.

    The scores are those on validation: choosing a model by its test score would bias that score.
    """
    result = run.result()
    if result is None:
        return
    with show_errors(), st.grid(min_column_width=170, key=f"result-{run.id}"):
        _show_scores(run)
        st.metric("Training time", format_duration(result.seconds))
        st.metric("Peak memory", f"{result.peak_memory_mb / 1000:.1f} GB")


def _show_scores(run: Run) -> None:
    metric = METRICS[MAIN_METRIC[run.task.kind]]
    estimates = cache.metric_estimates(run, "validation")
    ours = _find(estimates.get(MODEL, []), metric.name)
    if ours is None:
        return
    _show_score(f"{metric.title} on validation", ours, metric.description)
    first = _first_model_score(run)
    if run.config.method == "instant" and first is not None:
        with st.container(gap=None):
            st.metric(
                "First model", metric.format_value(first), help="It was ready before the encoder had read the texts."
            )
        return
    for source in (INSTANT, "tfidf"):
        baseline = _find(estimates.get(source, []), metric.name)
        if baseline is not None:
            _show_score(baseline_titles(run.task)[source], baseline, "A baseline on the same rows.")
            return


def _show_score(label: str, estimate: MetricEstimate, help: str) -> None:
    metric = METRICS[estimate.name]
    low, high = metric.format_value(estimate.low), metric.format_value(estimate.high)
    with st.container(gap=None):
        st.metric(label, metric.format_value(estimate.value), help=help)
        st.caption(f"95% interval {low} to {high}, {pluralize(estimate.rows, 'row')}")


def _first_model_score(run: Run) -> float | None:
    scores = [event.metrics for event in events.read(run.folder) if isinstance(event, FirstModel)]
    return scores[-1].get(MAIN_METRIC[run.task.kind]) if scores else None


def _find(estimates: list[MetricEstimate], name: str) -> MetricEstimate | None:
    return next((estimate for estimate in estimates if estimate.name == name), None)
