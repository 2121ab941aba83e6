"""Bring labelled texts in: upload, paste or a sample; choose the columns; see what is there and how it is split."""

from typing import get_args

import pandas as pd
import streamlit as st

from core import charts
from core.data.columns import ColumnChoice, LabelledTexts, apply_columns, guess_columns, guess_kind
from core.data.dataset import fingerprint, list_datasets, save_dataset
from core.data.reading import DELIMITERS, EXTENSIONS, Table, parse_text
from core.data.samples import SAMPLES
from core.data.splitting import SplitPlan, Splits, class_counts, thin_classes
from core.models.encoders import BUILT_IN
from core.task import TITLES, TaskKind
from core.training.config import TrainingConfig
from pages.shared import cached
from pages.shared.navigation import go
from pages.shared.ui import choose_dataset, errors_shown, header, plain, remember_dataset
from pages.shared.visitor import workspace

_PREVIEW_ROWS = 200
_SOURCES = {"sample": "A sample", "upload": "Upload a file", "paste": "Paste rows", "saved": "Saved data sets"}


def bring_in(source: str) -> tuple[Table | None, str, ColumnChoice | None]:
    """The table the visitor brings, what to call it, and the columns if they are known."""
    if source == "upload":
        header_row = st.toggle("The first row names the columns", value=True)
        file = st.file_uploader(
            "CSV or TSV file",
            type=list(EXTENSIONS),
            help="Comma, tab, semicolon or pipe between the columns; one row a text.",
        )
        return (
            (cached.table(file.getvalue(), file.name, header_row), file.name.rsplit(".", 1)[0], None)
            if file
            else (None, "", None)
        )
    if source == "paste":
        pasted = st.text_area(
            "Rows with a header line",
            height=180,
            placeholder="text,label\nthe parcel never came,shipping\nI was charged twice,billing",
        )
        return (parse_text(pasted, "The pasted text"), "Pasted rows", None) if pasted else (None, "", None)
    chosen = st.pills("Sample", range(len(SAMPLES)), default=0, required=True, format_func=lambda i: SAMPLES[i].title)
    sample = SAMPLES[chosen or 0]
    st.caption(sample.about)
    with st.expander("How this sample was made"):
        st.markdown(sample.card())
    return sample.read(), sample.title, sample.columns


def choose_columns(table: Table, known: ColumnChoice | None) -> ColumnChoice:
    """Select boxes for text, label and task, filled with what was guessed."""
    guess = known or guess_columns(table)
    names = list(table.frame.columns)
    left, middle, right = st.columns(3)
    text = left.selectbox("Column with the text", names, index=names.index(guess.text))
    label = middle.selectbox("Column with the label", names, index=names.index(guess.label))
    kinds = list(get_args(TaskKind))
    kind = guess.kind if label == guess.label else guess_kind(table.frame[label])
    task = right.selectbox(
        "What is to be predicted",
        kinds,
        index=kinds.index(kind),
        format_func=TITLES.__getitem__,
        key=f"kind-{table.name}-{label}",
    )
    return ColumnChoice(text, label, task)


def choose_plan(default: SplitPlan) -> SplitPlan:
    """Sliders for the shares of validation and test."""
    left, middle, right = st.columns(3)
    validation = left.slider(
        "Validation, % of rows",
        5,
        40,
        round(default.validation_share * 100),
        step=5,
        help="Chooses the best model while it trains.",
    )
    test = middle.slider(
        "Test, % of rows", 5, 40, round(default.test_share * 100), step=5, help="Looked at only when you evaluate."
    )
    seed = right.number_input("Seed", 0, 2**32 - 1, default.seed, help="The same seed gives the same split.")
    return SplitPlan(validation / 100, test / 100, int(seed))


def show_texts(labelled: LabelledTexts) -> None:
    """How many rows, how they are labelled, how long they are."""
    lengths = pd.Series(cached.lengths(fingerprint(labelled), BUILT_IN, labelled.frame["text"].tolist()))
    limit = TrainingConfig.max_length
    cut = int((lengths > limit).sum())
    left, right = st.columns(2)
    with left:
        st.markdown("**Texts**")
        preview = labelled.frame[["label", "text"]].head(_PREVIEW_ROWS)
        st.dataframe(preview, hide_index=True, height=250, alt="The first rows")
        left_out = f"; {labelled.skipped:,} without a text or a label are left out" if labelled.skipped else ""
        st.caption(f"{len(labelled):,} rows{left_out}.")
    with right:
        st.markdown("**Length in tokens**")
        st.altair_chart(charts.histogram(lengths, "tokens", limit if cut else None), alt="Histogram of text lengths")
        what_is_cut = (
            f"{cut:,} are longer than {limit} and are cut there" if cut else f"None is cut at the usual {limit}"
        )
        st.caption(
            f"Half have at most {int(lengths.median())} tokens, the longest {int(lengths.max()):,}. {what_is_cut}."
        )


def show_split(splits: Splits) -> None:
    """Rows of each label in each split, and what is too thin."""
    sizes = splits.sizes()
    with st.grid(3):
        for name, size in sizes.items():
            st.metric(name.capitalize(), f"{size:,}", border=True)
    if splits.task.labels:
        st.altair_chart(charts.class_counts(class_counts(splits)), alt="Rows of each label in each split")
    else:
        st.altair_chart(charts.histogram(splits.train["label"].astype(float), "score"), alt="Histogram of the scores")
    for name, labels in thin_classes(splits).items():
        if name != "validation":
            lost = "cannot be learned" if name == "train" else "cannot be measured"
            listed = ", ".join(labels[:5]) + (" …" if len(labels) > 5 else "")
            st.warning(
                f"No {name} row of: {plain(listed)}. Such a label {lost}; add rows of it, or merge it with another.",
                icon=":material/warning:",
            )


def accept(table: Table, name: str, known: ColumnChoice | None) -> None:
    """Choose columns and split, look at both, store the data set."""
    separated = f"{DELIMITERS[table.delimiter]}-separated" if table.delimiter in DELIMITERS else "one column"
    size = f"{len(table.frame):,} rows and {len(table.frame.columns)} columns"
    st.caption(f"Read as {table.encoding}, {separated}, {size}.")
    columns = choose_columns(table, known)
    labelled = apply_columns(table, columns)
    show_texts(labelled)
    st.subheader("Split", anchor=False)
    st.caption("Every label gets its share of each part; texts that occur twice stay together.")
    plan = choose_plan(SplitPlan())
    show_split(cached.splits(fingerprint(labelled), plan, labelled))
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input("Name of the data set", value=name, max_chars=80)
        if st.button("Use this data", type="primary", icon=":material/check:"):
            remember_dataset(save_dataset(workspace(), table, columns, plan, (title or name).strip() or name).id)
            go("train")


header("Data", "Bring labelled texts, check what is there, and see how they are split for training and testing.")
saved = list_datasets(workspace())
sources = [name for name in _SOURCES if name != "saved" or saved]
source = st.segmented_control(
    "Where from", sources, default=sources[0], required=True, format_func=_SOURCES.__getitem__
)
with errors_shown():
    if source == "saved":
        dataset = choose_dataset(saved)
        labelled = cached.labelled(dataset.id, dataset)
        show_texts(labelled)
        st.subheader("Split", anchor=False)
        show_split(cached.splits(dataset.fingerprint, dataset.plan, labelled))
    else:
        table, name, known = bring_in(source or "sample")
        if table is None:
            st.info("The table needs a column of texts and a column of labels.", icon=":material/info:")
        else:
            accept(table, name, known)
