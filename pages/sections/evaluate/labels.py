"""The section Labels: precision, recall and F1 of each label, the weakest first, with a search where there are many."""

import pandas as pd
import streamlit as st

from core.evaluation.metrics.per_class import per_class
from core.formatting import pluralize
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons

# With more labels a search helps more than it distracts.
MANY_LABELS = 15
_ROW_HEIGHT, _MAX_ROWS = 35, 14
_HELP = {
    "precision": "Of the texts that are predicted to have the label, the share that has it: TP / (TP + FP).",
    "recall": "Of the texts with the label, the share that is found: TP / (TP + FN).",
    "f1": "The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).",
    "f1_low": "The lower end of the 95% interval of F1.",
    "f1_high": "The upper end of the 95% interval of F1.",
    "average_precision": "The area under precision over recall, at all thresholds.",
}
_TITLES = {
    "precision": "Correct (precision)",
    "recall": "Found (recall)",
    "f1": "Both (F1)",
    "f1_low": "F1 from",
    "f1_high": "F1 to",
    "average_precision": "Ranking (PR-AUC)",
}


def show_labels(view: RunView) -> None:
    """Draw the scores of each label. Any column sorts the table."""
    st.subheader("Scores per label", anchor=False)
    shown = view.run_predictions
    table = per_class(shown.task, shown.targets, shown.logits, shown.rule.thresholds, shown.units)
    found = table.sort_values("f1", kind="stable", na_position="last")
    if len(table) > MANY_LABELS:
        search = st.text_input("Find a label", icon=":material/search:", key=f"find-label-{view.run.id}")
        found = found[found["label"].str.casefold().str.contains(search.strip().casefold(), regex=False)]
    scores = {
        name: st.column_config.NumberColumn(
            title, format="%.3f" if name == "average_precision" else "%.0f%%", help=_HELP[name]
        )
        for name, title in _TITLES.items()
    }
    st.dataframe(
        _visible(found),
        hide_index=True,
        height=_ROW_HEIGHT * (min(len(table), _MAX_ROWS) + 1) + 3,
        column_config=scores
        | {
            "label": st.column_config.TextColumn("Label", pinned=True),
            "rows": st.column_config.NumberColumn("Rows"),
            "note": st.column_config.TextColumn("Note"),
        },
        alt="Precision, recall and F1 of each label",
    )
    st.caption(
        f"{pluralize(len(table), 'label')}, the weakest first. The 95% intervals are wide for labels with few rows. "
        "Click a column to sort by it."
    )
    download_buttons(table, view.file_name("labels"))


def _visible(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that are shown, with shares in percent."""
    columns = ["label", "rows", *_TITLES, "note"]
    shares = [name for name in _TITLES if name != "average_precision"]
    return table[columns if table["note"].any() else columns[:-1]].assign(
        **{name: 100 * table[name] for name in shares}
    )
