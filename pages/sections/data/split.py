"""Choose how the rows are split into train, validation and test, and see the result."""

import pandas as pd
import streamlit as st

from core.charts import data as data_charts
from core.data.columns import LabeledTexts
from core.data.splitting import SplitConfig, Splits, class_counts, missing_classes
from core.data.time_split import describe_ranges, time_ranges
from core.formatting import join_names
from pages.shared.widgets import escape_markdown

_MAX_LABELS = 5


def choose_split_config(labeled: LabeledTexts) -> SplitConfig:
    """The chosen shares of validation and test, the seed, and which rows stay together."""
    default = SplitConfig()
    assigned = {name: int(rows) for name, rows in labeled.frame["file_split"].value_counts().items() if name}
    if assigned:
        sizes = ", ".join(f"{rows:,} {name}" for name, rows in assigned.items())
        st.caption(f"The file assigns rows to splits ({sizes}). The shares below apply to the remaining rows.")
    left, middle, right = st.columns(3)
    validation = left.slider(
        "Validation (% of rows)",
        5,
        40,
        round(default.validation_share * 100),
        step=5,
        help="Used during training to choose the best checkpoint.",
    )
    test = middle.slider(
        "Test (% of rows)", 5, 40, round(default.test_share * 100), step=5, help="Used only on the Evaluate page."
    )
    seed = right.number_input("Seed", 0, 2**32 - 1, default.seed, help="The same seed gives the same split.")
    with st.container(horizontal=True):
        near = st.checkbox("Keep near-duplicates in the same split", default.group_near_duplicates)
        has_time = bool((labeled.frame["time"] != "").any())
        by_time = has_time and st.checkbox("Test on the most recent rows", help="By the time column.")
    config = SplitConfig(validation / 100, test / 100, int(seed), bool(by_time), near)
    if by_time:
        st.caption(f"By time: {escape_markdown(describe_ranges(_time_ranges(labeled, config)))}.")
    return config


@st.cache_data(
    max_entries=8, show_spinner=False, hash_funcs={LabeledTexts: lambda texts: (id(texts.frame), len(texts))}
)
def _time_ranges(labeled: LabeledTexts, config: SplitConfig) -> dict[str, tuple[str, str]]:
    return time_ranges(labeled, config)


def show_split(splits: Splits) -> None:
    """Show the rows of each label in each split, and labels that a split lacks."""
    with st.grid(3):
        for name, size in splits.sizes().items():
            st.metric(name.capitalize(), f"{size:,}", border=True)
    if splits.task.labels:
        st.altair_chart(data_charts.class_counts(class_counts(splits)), alt="Rows of each label in each split")
    else:
        scores = pd.Series(splits.train["label"].astype(float))
        st.altair_chart(data_charts.histogram(scores, "score"), alt="Histogram of the scores")
    for name, labels in missing_classes(splits).items():
        if name != "validation":
            verb = "learned" if name == "train" else "evaluated"
            st.warning(
                f"The {name} split has no row with these labels: {escape_markdown(join_names(labels, _MAX_LABELS))}. "
                f"They cannot be {verb}. Add rows, or merge them with other labels.",
                icon=":material/warning:",
            )
