"""See what is in labelled texts: a searchable table, lengths and what is cut, labels together, a look at the word pieces."""

import html
from itertools import combinations

import pandas as pd
import streamlit as st

from core.charts import data as data_charts
from core.data.checks.findings import Finding
from core.data.checks.truncation import check_tokens
from core.data.columns import LabeledTexts, label_counts
from core.data.table import filter_rows
from core.data.token_counts import TokenCounts
from core.models.tokenization import word_pieces
from core.training.config import TrainingConfig
from pages.shared.widgets import plain

_SHOWN_ROWS = 1_000
_MOST_LABELS = 40


def show_table(labeled: LabeledTexts, key: str) -> None:
    """The rows, with a search in the texts and a filter by label."""
    left, right = st.columns([3, 2])
    wanted = left.text_input("Search in the texts", key=f"search-{key}", placeholder="any part of a text")
    counts = label_counts(labeled.frame["label"]) if labeled.task.labels else {}
    chosen = right.multiselect("Only these labels", sorted(counts), key=f"filter-{key}") if counts else []
    frame = labeled.frame[["text", "label"]]
    if wanted:
        frame = filter_rows(frame, frame["text"].str.contains(wanted, case=False, regex=False).to_numpy(dtype=bool))
    if chosen and labeled.task.one_label:
        frame = filter_rows(frame, frame["label"].isin(chosen).to_numpy(dtype=bool))
    elif chosen:
        frame = frame[[bool(set(chosen) & set(held)) for held in frame["label"]]]
    st.dataframe(frame.head(_SHOWN_ROWS), hide_index=True, height=320, alt="The texts with their labels")
    first = f", the first {_SHOWN_ROWS:,} shown" if len(frame) > _SHOWN_ROWS else ""
    st.caption(f"{len(frame):,} of {len(labeled):,} rows{first}.")
    if len(labeled.unlabeled):
        st.download_button(
            f"Download {len(labeled.unlabeled):,} rows without a label",
            data=lambda: labeled.unlabeled[["text"]].to_csv(index=False).encode("utf-8-sig"),
            file_name="to-predict.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
            key=f"unlabelled-{key}",
        )


def show_lengths(labeled: LabeledTexts, tokens: TokenCounts, key: str) -> list[Finding]:
    """Lengths in word pieces with the maximum as a line that can be moved; what it cuts."""
    limit = st.slider(
        "Maximum length, word pieces",
        16,
        512,
        TrainingConfig.max_length,
        step=16,
        key=f"limit-{key}",
        help="Set it on Train.",
    )
    pieces = pd.Series(tokens.pieces)
    st.altair_chart(
        data_charts.histogram(pieces.clip(upper=1_000), "word pieces", limit), alt="Histogram of text lengths"
    )
    found = list(check_tokens(labeled, tokens, limit))
    st.caption(
        f"Half have at most {int(pieces.median())} word pieces, the longest {int(pieces.max()):,}. "
        + (" ".join(plain(finding.message) for finding in found) or f"None is cut at {limit}.")
    )
    return found


def show_labels(labeled: LabeledTexts) -> None:
    """Scores as a histogram; labels that stand together as a heat map; otherwise the counts."""
    if labeled.task.kind == "regression":
        st.altair_chart(
            data_charts.histogram(labeled.frame["label"].astype(float), "score"), alt="Histogram of the scores"
        )
        return
    counts = label_counts(labeled.frame["label"])
    if labeled.task.kind == "multilabel":
        st.altair_chart(
            data_charts.cooccurrence(_pairs(labeled, [name for name, _ in counts.most_common(_MOST_LABELS)])),
            alt="Labels that stand together",
        )
        none = sum(not held for held in labeled.frame["label"])
        st.caption(f"{none:,} rows have none of the {len(counts)} labels.")
    st.dataframe(
        pd.DataFrame(counts.most_common(), columns=["label", "rows"]), hide_index=True, alt="Rows of each label"
    )


def _pairs(labeled: LabeledTexts, names: list[str]) -> pd.DataFrame:
    known = set(names)
    counts = {(a, b): 0 for a in names for b in names if a != b}
    for held in labeled.frame["label"]:
        for a, b in combinations([name for name in held if name in known], 2):
            counts[a, b] += 1
            counts[b, a] += 1
    return pd.DataFrame([(a, b, rows) for (a, b), rows in counts.items()], columns=["label", "with", "rows"])


def show_word_pieces(encoder: str, example: str, key: str) -> None:
    """Type a text and see what the encoder makes of it, and what is cut."""
    text = st.text_area("Text", example, key=f"lab-text-{key}", height=90)
    limit = st.slider("Cut at", 4, 256, 64, key=f"lab-limit-{key}")
    pieces = word_pieces(encoder, text)
    kept = len(pieces) if len(pieces) <= limit else limit - 1  # the last place is [SEP]'s
    st.html(
        "".join(
            _chip(piece, word, cut=kept <= i < len(pieces) - 1)
            for i, (piece, word) in enumerate(zip(pieces["piece"], pieces["word"], strict=True))
        )
    )
    st.caption(f"{len(pieces)} word pieces, [CLS] and [SEP] included; {max(0, len(pieces) - limit)} are cut.")
    with st.expander("As a table"):
        st.dataframe(pieces, hide_index=True, alt="Word pieces with their ids")


def _chip(piece: str, word: int, cut: bool) -> str:
    tint = "128,128,128,.35" if word < 0 else "59,111,212,.28" if word % 2 else "42,157,111,.28"
    struck = "text-decoration:line-through;opacity:.4;" if cut else ""
    return (
        f'<span style="display:inline-block;margin:2px;padding:1px 6px;border-radius:6px;font-family:monospace;{struck}'
        f'background:rgba({tint})">{html.escape(piece)}</span>'
    )
