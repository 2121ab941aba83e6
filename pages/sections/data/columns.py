"""Choose what the columns of a table mean, and how its rows are split."""

from typing import cast, get_args

import pandas as pd
import streamlit as st

from core.charts import data as data_charts
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.guessing import choice_for, guess_columns
from core.data.labels import FORM_TITLES, LabelForm, read_names
from core.data.splitting import SplitConfig, Splits, class_counts, missing_classes
from core.task import TITLES, TaskKind
from pages.sections.data.upload import UploadedTable
from pages.shared.widgets import plain

_NONE = "–"


def choose_columns(brought: UploadedTable) -> ColumnChoice:
    """Select boxes for text, label and task, filled with what was guessed, and what else one may know about the columns."""
    table, names = brought.table, list(brought.table.frame.columns)
    guess = brought.columns or guess_columns(table)
    left, middle, right = st.columns(3)
    text = left.selectbox("Column with the text", names, index=names.index(guess.text))
    label = middle.selectbox("Column with the label", names, index=names.index(guess.label))
    found = guess if (text, label) == (guess.text, guess.label) else choice_for(table, text, label)
    kinds = list(get_args(TaskKind))
    key = f"{brought.key}-{text}-{label}"
    kind = right.selectbox(
        "What is to be predicted",
        kinds,
        index=kinds.index(found.kind),
        format_func=TITLES.__getitem__,
        key=f"kind-{key}",
    )
    known = choice_for(table, text, label, kind) if kind != found.kind else found
    with st.expander("More about the columns"):
        return _more(known, names, key)


def _more(known: ColumnChoice, names: list[str], key: str) -> ColumnChoice:
    others = [_NONE, *(name for name in names if name not in (known.text, known.label))]
    left, middle, right = st.columns(3)

    def one_of(place: "st.delta_generator.DeltaGenerator", title: str, start: str | None, about: str) -> str | None:
        index = others.index(start) if start in others else 0
        chosen = place.selectbox(title, others, index=index, help=about, key=f"{title}-{key}")
        return chosen if chosen != _NONE else None

    split = one_of(left, "Split", known.split, "Holds train, validation or test for each row.")
    group = one_of(
        middle, "Keep together", None, "Rows that agree here, such as those of one author, stay in one split."
    )
    time = one_of(right, "Time", None, "Lets you test on the latest rows.")
    form, columns, ids = known.form, known.label_columns, known.names
    if known.kind == "multilabel":
        forms = list(get_args(LabelForm))
        form = cast(
            LabelForm,
            left.selectbox(
                "Labels are written as",
                forms,
                forms.index(form),
                format_func=FORM_TITLES.__getitem__,
                key=f"form-{key}",
            ),
        )
        if form == "columns":
            rest = [name for name in names if name != known.text]
            columns = tuple(middle.multiselect("Columns of 0 and 1", rest, list(columns), key=f"flags-{key}"))
        else:
            columns = ()
    if known.kind != "regression":
        listed = st.text_area(
            "What label ids stand for",
            placeholder="One name a line, in the order of the ids; or lines such as 3, Sports",
            height=80,
            key=f"names-{key}",
        )
        ids = read_names(listed) if listed.strip() else ()
    return ColumnChoice(known.text, known.label, known.kind, split, form, columns, ids, group, time)


def choose_split_config(labeled: LabeledTexts) -> SplitConfig:
    """Sliders for the shares of validation and test, and what settles who goes where."""
    default = SplitConfig()
    given = {name: int(rows) for name, rows in labeled.frame["given"].value_counts().items() if name}
    if given:
        listed = ", ".join(f"{rows:,} {name}" for name, rows in given.items())
        st.caption(
            f"The file says which rows are which ({listed}); they stay so. Shares apply to what it does not say."
        )
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
    with st.container(horizontal=True):
        near = st.checkbox("Keep texts that are nearly the same together", default.group_near_duplicates)
        has_time = bool((labeled.frame["time"] != "").any())
        by_time = has_time and st.checkbox("Test on the latest rows", help="Sorted by the time column.")
    return SplitConfig(validation / 100, test / 100, int(seed), bool(by_time), near)


def show_split(splits: Splits) -> None:
    """Rows of each label in each split, and what is too thin."""
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
            lost = "cannot be learned" if name == "train" else "cannot be measured"
            listed = ", ".join(labels[:5]) + (" …" if len(labels) > 5 else "")
            st.warning(
                f"No {name} row of: {plain(listed)}. Such a label {lost}; add rows of it, or merge it with another.",
                icon=":material/warning:",
            )
