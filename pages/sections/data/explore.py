"""Explore labeled texts: a searchable table, text lengths, label counts, and the tokens of a text."""

import html
from itertools import combinations

import pandas as pd
import streamlit as st

from core.charts import data as data_charts
from core.data.checks.truncation import check_truncation
from core.data.columns import LabeledTexts, label_counts
from core.data.table import filter_rows
from core.data.token_counts import TokenCounts
from core.formatting import pluralize
from core.models.tokenization import word_pieces
from core.training.config import TrainingConfig
from pages.shared.downloads import download_csv
from pages.shared.widgets import escape_markdown

_SHOWN_ROWS = 1_000
_MAX_LABELS = 40
_LONGEST_SHOWN = 1_000


def show_table(labeled: LabeledTexts, key: str) -> None:
    """Show the rows, with a text search and a label filter."""
    left, right = st.columns([3, 2])
    query = left.text_input("Search the texts", key=f"search-{key}", placeholder="any part of a text")
    counts = label_counts(labeled.frame["label"]) if labeled.task.labels else {}
    labels = right.multiselect("Filter by label", sorted(counts), key=f"filter-{key}") if counts else []
    frame = labeled.frame[["text", "label"]]
    if query:
        frame = filter_rows(frame, frame["text"].str.contains(query, case=False, regex=False).to_numpy(dtype=bool))
    if labels and labeled.task.one_label:
        frame = filter_rows(frame, frame["label"].isin(labels).to_numpy(dtype=bool))
    elif labels:
        frame = frame[[not set(labels).isdisjoint(row_labels) for row_labels in frame["label"]]]
    st.dataframe(frame.head(_SHOWN_ROWS), hide_index=True, height=320, alt="The texts with their labels")
    limit = f" The first {_SHOWN_ROWS:,} are shown." if len(frame) > _SHOWN_ROWS else ""
    st.caption(f"{len(frame):,} of {pluralize(len(labeled), 'row')}.{limit}")
    if len(labeled.unlabeled):
        label = f"Download {pluralize(len(labeled.unlabeled), 'row')} without a label"
        download_csv(label, labeled.unlabeled[["text"]], "to-predict")


def show_lengths(labeled: LabeledTexts, tokens: TokenCounts, key: str) -> None:
    """Show the text lengths in tokens, and what a maximum length truncates."""
    limit = st.slider(
        "Maximum length (tokens)",
        16,
        512,
        TrainingConfig.max_length,
        step=16,
        key=f"limit-{key}",
        help="Try a maximum length here. Set the one for training on the Train page.",
    )
    lengths = pd.Series(tokens.pieces)
    histogram = data_charts.histogram(lengths.clip(upper=_LONGEST_SHOWN), "tokens", limit)
    st.altair_chart(histogram, alt="Histogram of text lengths")
    messages = " ".join(escape_markdown(finding.message) for finding in check_truncation(labeled, tokens, limit))
    st.caption(
        f"Median length: {pluralize(int(lengths.median()), 'token')}. Longest text: {int(lengths.max()):,}. "
        + (messages or "No text is truncated.")
    )


def show_labels(labeled: LabeledTexts) -> None:
    """Show a histogram of scores, or the rows of each label; for multilabel data also which labels occur together."""
    if labeled.task.kind == "regression":
        scores = labeled.frame["label"].astype(float)
        st.altair_chart(data_charts.histogram(scores, "score"), alt="Histogram of the scores")
        return
    counts = label_counts(labeled.frame["label"])
    if labeled.task.kind == "multilabel":
        pairs = _cooccurrences(labeled, [name for name, _ in counts.most_common(_MAX_LABELS)])
        st.altair_chart(data_charts.label_cooccurrence(pairs), alt="Labels that occur together")
        without_label = sum(not row_labels for row_labels in labeled.frame["label"])
        st.caption(f"{pluralize(without_label, 'row')} without any of the {pluralize(len(counts), 'label')}.")
    st.dataframe(
        pd.DataFrame(counts.most_common(), columns=["label", "rows"]), hide_index=True, alt="Rows of each label"
    )


def _cooccurrences(labeled: LabeledTexts, names: list[str]) -> pd.DataFrame:
    """How many rows have two labels, for each pair of names. Columns: label, with, rows."""
    counts = {(a, b): 0 for a in names for b in names if a != b}
    for row_labels in labeled.frame["label"]:
        for a, b in combinations(sorted(set(names).intersection(row_labels)), 2):
            counts[a, b] += 1
            counts[b, a] += 1
    return pd.DataFrame([(a, b, rows) for (a, b), rows in counts.items()], columns=["label", "with", "rows"])


def show_tokens(encoder: str, example: str, key: str) -> None:
    """A text box, the tokens that the encoder makes of the text, and those that are truncated."""
    text = st.text_area("Text", example, key=f"token-text-{key}", height=90)
    limit = st.slider("Maximum length (tokens)", 4, 256, 64, key=f"token-limit-{key}")
    tokens = word_pieces(encoder, text)
    kept = len(tokens) if len(tokens) <= limit else limit - 1  # the last place is taken by [SEP]
    st.html(
        "".join(
            _token_html(piece, word, truncated=kept <= i < len(tokens) - 1)
            for i, (piece, word) in enumerate(zip(tokens["piece"], tokens["word"], strict=True))
        )
    )
    st.caption(f"{pluralize(len(tokens), 'token')} including [CLS] and [SEP]; {max(0, len(tokens) - limit)} truncated.")
    with st.expander("As a table"):
        st.dataframe(tokens, hide_index=True, alt="Tokens with their ids")


def _token_html(piece: str, word: int, truncated: bool) -> str:
    """A token as HTML; the tokens of a word have the same color, special tokens are gray."""
    color = "128,128,128,.35" if word < 0 else "59,111,212,.28" if word % 2 else "42,157,111,.28"
    style = "text-decoration:line-through;opacity:.4;" if truncated else ""
    return (
        f'<span style="display:inline-block;margin:2px;padding:1px 6px;border-radius:6px;font-family:monospace;{style}'
        f'background:rgba({color})">{html.escape(piece)}</span>'
    )
