"""Texts with their predictions, to be read: a card for each text, ten to a page, with the words that decided on request."""

from collections.abc import Hashable
from html import escape
from typing import Any, Final, Literal

import pandas as pd
import streamlit as st

from core.formatting import format_number, format_percent
from core.prediction.highlight import describe_check, highlight
from pages.sections.evaluate.view import RunView
from pages.shared import cache
from pages.shared.navigation import pages
from pages.shared.widgets import escape_markdown, show_errors

PAGE_SIZE = 10
_MAX_LINK_CHARACTERS = 1_500
# A longer text scrolls in a box of its own, so that the next card stays in reach.
_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;line-height:1.6;max-height:20rem;overflow-y:auto"
_Color = Literal["green", "orange", "red"]
_COLORS: Final[dict[str, _Color]] = {"correct": "green", "missed": "orange", "wrong": "red"}


def show_text_cards(view: RunView, rows: pd.DataFrame, key: str) -> None:
    """Draw rows of a prediction table as cards, with a control for the page where there are more than ten.

    Args:
        view: the run and the split of the rows.
        rows: rows of ``view.prediction_table`` in the order in which they are shown.
        key: a name for the widgets of this list.
    """
    number = 1
    count = -(-len(rows) // PAGE_SIZE)
    if count > 1:
        number = st.pagination(count, key=f"page-{key}-{count}")
    shown = rows.iloc[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    for position, record in zip(shown.index, shown.to_dict("records"), strict=True):
        with st.container(border=True, gap="small"):
            _show_card(view, record, f"{key}-{view.split}-{position}")


def _show_card(view: RunView, record: dict[Hashable, Any], key: str) -> None:
    text = str(record["text"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _show_labels(record)
    place = st.empty()
    with st.container(horizontal=True, vertical_alignment="center"):
        is_explained = st.toggle("Words that decided", key=f"why-{key}")
        if len(text) <= _MAX_LINK_CHARACTERS:
            st.page_link(
                pages()["predict"],
                label="Open in Predict",
                icon=":material/open_in_new:",
                query_params={"run": view.run.id, "text": text},
            )
    place.html(f'<div dir="auto" tabindex="0" style="{_STYLE}">{escape(text)}</div>')
    if is_explained:
        with show_errors():
            _show_explanation(view, record, place)


def _show_labels(record: dict[Hashable, Any]) -> None:
    """Draw the actual and the predicted label as badges, and how sure the model was."""
    actual, predicted = record["actual"], record["predicted"]
    if isinstance(actual, float):
        st.badge(f"Actual: {format_number(actual, 2)}", color="green")
        st.badge(f"Predicted: {format_number(float(predicted), 2)}", color="blue")
        st.caption(f"Off by {format_number(record['error'], 2)}")
        return
    if isinstance(actual, str):
        st.badge(f"Actual: {escape_markdown(actual)}", color=_COLORS["correct"])
        if predicted != actual:
            st.badge(f"Predicted: {escape_markdown(predicted)}", color=_COLORS["wrong"])
    else:
        _show_several_labels(actual, predicted)
    if "probability" in record:
        st.caption(f"Probability of the label {format_percent(record['probability'], 0)}")
    else:
        st.caption(f"Confidence {format_percent(record['confidence'], 0)}")


def _show_several_labels(actual: list[str], predicted: list[str]) -> None:
    kinds = {
        "correct": [label for label in predicted if label in actual],
        "missed": [label for label in actual if label not in predicted],
        "wrong": [label for label in predicted if label not in actual],
    }
    for kind, labels in kinds.items():
        for label in labels:
            st.badge(f"{kind.capitalize()}: {escape_markdown(label)}", color=_COLORS[kind])
    if not any(kinds.values()):
        st.badge("No label", color="gray")


def _show_explanation(view: RunView, record: dict[Hashable, Any], place: Any) -> None:
    """Show the text with its words highlighted, for the predicted label or for the first one that is wrong or missed."""
    label = _explained_label(record["actual"], record["predicted"])
    explanation = cache.explanation(view.run.model_folder, str(record["text"]), label, "occlusion")
    place.html(highlight(explanation))
    target = f"“{escape_markdown(explanation.label)}”" if explanation.label else "the predicted value"
    st.caption(
        f"Green words speak for {target}, red words with a dashed line against it. {describe_check(explanation)}"
    )


def _explained_label(actual: str | list[str] | float, predicted: str | list[str] | float) -> str:
    if isinstance(predicted, str):
        return predicted
    if isinstance(predicted, float) or isinstance(actual, float | str):
        return ""
    wrong, missed = set(predicted) - set(actual), set(actual) - set(predicted)
    return [*sorted(wrong), *sorted(missed), *predicted, ""][0]
