"""Choose which columns hold texts and labels, and what else the columns contain."""

from dataclasses import replace
from typing import cast, get_args

import streamlit as st

from core.data.columns import ColumnChoice
from core.data.dates import DateOrder, DateReading, guess_date_order
from core.data.guessing import guess_columns, resolve_columns
from core.data.labels import FORM_TITLES, LabelForm, parse_label_names
from core.data.table import Table
from core.task import TITLES, TaskKind
from pages.sections.data.upload import UploadedTable
from pages.shared.widgets import escape_markdown

_NONE = "–"


def choose_columns(uploaded: UploadedTable) -> ColumnChoice:
    """The chosen text column, label column and task, initially guessed, and the optional settings of columns."""
    table, names = uploaded.table, list(uploaded.table.frame.columns)
    chosen, version = st.session_state.get(_choice_key(uploaded), (None, 0))
    guess = chosen or uploaded.columns or guess_columns(table)
    left, middle, right = st.columns(3)
    text = left.selectbox("Text column", names, names.index(guess.text), key=f"text-{uploaded.key}-{version}")
    label = middle.selectbox("Label column", names, names.index(guess.label), key=f"label-{uploaded.key}-{version}")
    if (text, label) != (guess.text, guess.label):
        guess = resolve_columns(table, text, label)
    kinds = list(get_args(TaskKind))
    key = f"{uploaded.key}-{text}-{label}-{version}"
    kind = right.selectbox(
        "Task", kinds, index=kinds.index(guess.kind), format_func=TITLES.__getitem__, key=f"kind-{key}"
    )
    if kind != guess.kind:
        guess = resolve_columns(table, text, label, kind)
    with st.expander("More column settings"):
        return _choose_more(table, guess, key)


def change_columns(uploaded: UploadedTable, choice: ColumnChoice) -> None:
    """Set the controls of a table to another choice of columns, from the next run of the page on."""
    _, version = st.session_state.get(_choice_key(uploaded), (None, 0))
    st.session_state[_choice_key(uploaded)] = choice, version + 1


def _choice_key(uploaded: UploadedTable) -> str:
    return f"columns-{uploaded.key}"


def _choose_more(table: Table, guess: ColumnChoice, key: str) -> ColumnChoice:
    names = list(table.frame.columns)
    options = [_NONE, *(name for name in names if name not in (guess.text, guess.label))]
    left, middle, right = st.columns(3)

    def choose(place: "st.delta_generator.DeltaGenerator", title: str, default: str | None, help: str) -> str | None:
        index = options.index(default) if default in options else 0
        chosen = place.selectbox(title, options, index=index, help=help, key=f"{title}-{key}")
        return chosen if chosen != _NONE else None

    split = choose(left, "Split column", guess.split, "Contains train, validation, or test for each row.")
    group = choose(
        middle,
        "Group column",
        guess.group,
        "Rows with the same value, such as texts by one author, stay in the same split.",
    )
    time = choose(right, "Time column", guess.time, "Lets you test on the most recent rows.")
    date_order = _choose_date_order(table, time, guess.date_order, key) if time else None
    form, flag_columns, threshold = guess.form, guess.label_columns, guess.threshold
    if guess.kind == "multilabel":
        form, flag_columns, threshold = _choose_label_form(guess, names, key)
    label_names = guess.names
    if guess.kind != "regression":
        lines = st.text_area(
            "Label names",
            placeholder="One name per line in the order of the label ids, or lines such as: 3, Sports",
            help="The names that numeric label ids stand for.",
            height=80,
            key=f"names-{key}",
        )
        label_names = parse_label_names(lines) if lines.strip() else ()
    return ColumnChoice(
        guess.text, guess.label, guess.kind, split, form, flag_columns, label_names, group, time, threshold, date_order
    )


def _choose_date_order(table: Table, time: str, chosen: DateOrder | None, key: str) -> DateOrder | None:
    """The order of day and month; shows a date as it is read. None if the dates leave no choice."""
    reading = _guess_date_order(key, time, table)
    if reading is None:
        return None
    orders = list(get_args(DateOrder))
    current = chosen or reading.order
    order = st.selectbox("Date order", orders, orders.index(current), key=f"order-{time}-{key}")
    st.caption(f"{escape_markdown(replace(reading, order=order).describe())}.")
    return cast(DateOrder, order) if chosen or order != reading.order else None


@st.cache_data(max_entries=8, show_spinner=False)
def _guess_date_order(key: str, column: str, _table: Table) -> DateReading | None:
    return guess_date_order(_table.frame[column])


def _choose_label_form(guess: ColumnChoice, names: list[str], key: str) -> tuple[LabelForm, tuple[str, ...], float]:
    """How several labels per row are written, the columns that hold a number for each label, and from which number on."""
    left, right = st.columns([1, 2])
    forms = list(get_args(LabelForm))
    form = cast(
        LabelForm,
        left.selectbox(
            "Label format", forms, forms.index(guess.form), format_func=FORM_TITLES.__getitem__, key=f"form-{key}"
        ),
    )
    if form != "columns":
        return form, (), guess.threshold
    options = [name for name in names if name != guess.text]
    chosen = right.multiselect("Label columns (0 to 1)", options, list(guess.label_columns), key=f"flags-{key}")
    threshold = left.number_input(
        "Label threshold",
        0.01,
        1.0,
        guess.threshold,
        0.05,
        help="From this number on a text has the label.",
        key=f"from-{key}",
    )
    return form, tuple(chosen), float(threshold)
