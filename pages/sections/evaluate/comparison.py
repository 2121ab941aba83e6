"""Runs beside one another: measures, cost, settings; and two of them on the same rows."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import run_evaluation
from core.evaluation.comparison import METRICS
from core.evaluation.metrics.estimate import TITLES
from core.runs import MODEL, Run
from pages.sections.evaluate.scores import View, with_interval
from pages.shared import cache
from pages.shared.widgets import age, downloads, plain, record_test_view_once, show_errors

_MOST = 6


def show_comparison(view: View, runs: Sequence[Run]) -> None:
    """A table of chosen runs of the same kind of task, then two of them row by row."""
    alike = [run for run in runs if run.task.kind == view.run.task.kind and run.record.sizes[view.split]]
    if len(alike) < 2:
        st.info("There is no other run of this kind to compare with yet.", icon=":material/info:")
        return
    ids = {run.id: run for run in alike}
    others = [run.id for run in alike if run.id != view.run.id and run.task == view.run.task]
    chosen = st.multiselect(
        "Runs",
        list(ids),
        default=[view.run.id, *others[:1]],
        max_selections=_MOST,
        format_func=lambda each: f"{ids[each].name}, {age(ids[each])}",
    )
    if not chosen:
        return
    picked = [ids[each] for each in chosen]
    if view.split == "test":
        for run in picked:
            record_test_view_once(run)
    _table(view, picked)
    _settings(picked)
    if len(picked) == 2:
        st.subheader("The two on the same rows", anchor=False)
        with show_errors():
            _two(view, picked[0], picked[1])
    elif len(picked) > 2:
        st.caption("Choose two runs to compare them row by row.")


def _table(view: View, runs: list[Run]) -> None:
    names = METRICS[view.run.task.kind]
    lines = []
    raw = run_evaluation.side_by_side(runs, view.split)
    for run, (_, row) in zip(runs, raw.iterrows(), strict=True):
        found = {
            each.name: each for each in cache.metric_estimates(str(run.folder), view.split, cache.stamp(run))[MODEL]
        }
        lines.append(
            {"Run": run.name}
            | {TITLES[name]: with_interval(found[name]) for name in names}
            | {
                "Training": f"{row['training_seconds']:,.0f} s",
                "Size": f"{row['megabytes']:,.2f} MB",
                "1,000 texts": f"{row['seconds_per_1000_texts']:.1f} s",
            }
        )
    st.dataframe(pd.DataFrame(lines), hide_index=True, alt="Runs beside one another")
    downloads(raw, view.file("runs"))


def _settings(runs: list[Run]) -> None:
    table = run_evaluation.differing_settings(runs)
    if table.empty:
        st.caption("They have the same settings." if len(runs) > 1 else "")
        return
    st.caption("Settings in which they differ")
    names = {str(i): f"{i + 1}. {run.name}" for i, run in enumerate(runs)}
    st.dataframe(table.rename(columns=names), hide_index=True, alt="Settings in which they differ")


def _two(view: View, first: Run, second: Run) -> None:
    metric = st.segmented_control(
        "By",
        METRICS[view.run.task.kind],
        default=METRICS[view.run.task.kind][0],
        required=True,
        format_func=TITLES.__getitem__,
    )
    found, disagreements = run_evaluation.compare_runs(first, second, view.split, metric or "")
    (st.info if found.better is None else st.success)(plain(found.verdict), icon=":material/balance:")
    st.caption(
        f"{found.title}: {found.ours:.3f} and {found.theirs:.3f}, difference {found.difference:+.3f} "
        f"(95 % interval {found.low:+.3f} to {found.high:+.3f})."
    )
    st.markdown(f"**{len(disagreements):,} of {found.rows:,} rows answered differently**")
    names = {"first": f"1. {first.name}", "second": f"2. {second.name}"}
    st.dataframe(
        disagreements.rename(columns=names),
        hide_index=True,
        column_config={"text": st.column_config.TextColumn(width="large")},
        alt="Rows answered differently",
    )
    downloads(disagreements, view.file("disagreements"))
