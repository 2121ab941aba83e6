"""The estimated share of each class in a predicted file, beside the share of predictions."""

import pandas as pd
import streamlit as st

from core.charts.shares import MAX_LABELS, estimated_shares
from core.evaluation.prevalence.estimate import PileEstimate, ShareEstimate
from core.formatting import pluralize
from core.prediction.batch_shards import BatchSummary
from core.prediction.prevalence import (
    describe_basis,
    describe_checks,
    headline,
    labeled_split,
    largest_first,
    why_no_estimate,
)
from core.runs import Run
from pages.shared import cache
from pages.shared.downloads import download_buttons
from pages.shared.session import record_test_view_once
from pages.shared.widgets import escape_markdown

_SHOWN = 4
_HELP = (
    "A model finds some classes too often and others too rarely, so counting its predictions is not the answer. The estimate "
    "corrects them by the mistakes that it makes on labeled rows, and the interval holds the true share in 95% of cases."
)


def show_shares(run: Run, summary: BatchSummary, key: str) -> None:
    """Draw the estimates of a file; a sentence where there are none. Test rows are used once they have been opened."""
    if reason := why_no_estimate(run, summary):
        st.caption(reason)
        return
    split = labeled_split(run)
    if split == "test":
        record_test_view_once(run)
    estimate = cache.share_estimate(run, summary, split)
    ordered = largest_first(estimate)
    with st.container(border=True, key=f"shares-{key}"):
        st.subheader("Share of each class" if run.task.labels else "Mean", anchor=False, help=_HELP)
        _show_figures(ordered)
        st.caption(escape_markdown(describe_basis(estimate, split)))
        if run.task.labels:
            st.altair_chart(estimated_shares(_chart_rows(ordered)), alt=_chart_alt(ordered))
            st.caption(
                "Dot and bar: the estimate and its 95% interval. Gray tick: the share of predictions, uncorrected."
                + (f" The {MAX_LABELS} largest of {len(ordered):,}." if len(ordered) > MAX_LABELS else "")
            )
        checks = escape_markdown(describe_checks(estimate))
        if estimate.texts_differ:
            st.warning(checks, icon=":material/warning:")
        else:
            st.caption(checks)
        _show_doubts(estimate)
        if split == "validation" and run.sizes["test"] and run.has_logits("test"):
            _offer_test_rows(run, key)
        with st.expander("All figures"):
            _show_table(ordered, key)


def _show_figures(ordered: list[ShareEstimate]) -> None:
    """The largest shares as text: complaints 12.3% ± 0.8."""
    if not ordered[0].label:
        st.markdown(f"### {ordered[0].text}", help=f"Mean of the predictions: {ordered[0].counted_text}.")
        return
    lines = [f"**{escape_markdown(headline(share))}**" for share in ordered[:_SHOWN]]
    more = f", and {pluralize(len(ordered) - _SHOWN, 'other')}" if len(ordered) > _SHOWN else ""
    st.markdown(" · ".join(lines) + more)


def _show_doubts(estimate: PileEstimate) -> None:
    doubtful = [share.label for share in estimate.estimates if share.note and share.label]
    if doubtful and not estimate.texts_differ:
        names = ", ".join(doubtful[:3]) + (f" and {len(doubtful) - 3:,} more" if len(doubtful) > 3 else "")
        st.caption(f":material/info: Too few labeled rows to trust the interval: {escape_markdown(names)}.")


def _offer_test_rows(run: Run, key: str) -> None:
    """A button that opens the test results, so that their rows correct the shares."""
    rows = pluralize(run.sizes["test"], "test row")
    help_text = "They chose nothing, so the interval can be trusted more. It is counted as a view of the test results."
    if st.button(f"Use the {rows} instead", icon=":material/lock_open:", help=help_text, key=f"shares-test-{key}"):
        record_test_view_once(run)
        st.rerun()


def _chart_rows(ordered: list[ShareEstimate]) -> pd.DataFrame:
    rows = [(share.label, share.value, share.low, share.high, share.counted) for share in ordered]
    return pd.DataFrame(rows, columns=["label", "estimate", "low", "high", "predictions"])


def _chart_alt(ordered: list[ShareEstimate]) -> str:
    return "Share of each class with its interval: " + ", ".join(headline(share) for share in ordered[:_SHOWN])


def _show_table(ordered: list[ShareEstimate], key: str) -> None:
    """Every figure, with the narrower estimate for a file with the same mix as the labeled rows where it may be one."""
    rows = [
        {"label": share.label or "mean", "estimate": share.value, "low": share.low, "high": share.high}
        | {"predictions": share.counted, "labeled rows": share.labeled}
        | dict(zip(("same mix", "same mix low", "same mix high"), share.same_mix or (), strict=False))
        | {"note": share.note}
        for share in ordered
    ]
    table = pd.DataFrame(rows)
    if not table["note"].any():
        table = table.drop(columns="note")
    same_mix = "same mix" in table
    if same_mix:
        st.caption(
            "“Same mix” is the narrower estimate of prediction-powered inference. It holds only if the file is a random sample "
            "of the same texts as the labeled rows, such as of the same months."
        )
    percent = st.column_config.NumberColumn(format="percent")
    is_share = bool(ordered[0].label)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            name: percent for name in table.columns if is_share and name not in ("label", "labeled rows", "note")
        },
        alt="Estimated shares with intervals",
    )
    download_buttons(table, f"shares-{key}")
