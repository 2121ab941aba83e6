"""Step 2: the same word in two contexts, by the cosine similarity of its vectors."""

import pandas as pd
import streamlit as st

from core.charts.learn import piece_heatmap
from core.lessons.pieces import compare_pieces
from pages.sections.learn import computed
from pages.sections.learn.layout import explanation_and_picture, own_text
from pages.shared.widgets import escape_markdown

_EXAMPLES = ("The cat chased a mouse.", "Click the mouse to open the file.")
_LAYERS = 6


def show_vectors() -> None:
    """Draw the step."""
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            "Each piece becomes a **vector** of 384 numbers. Six layers change it, and each mixes in its neighbors: the same "
            "word gets another vector in another sentence."
        )
        texts = [
            own_text(f"{name} text", example, f"learn-{name.lower()}")
            for name, example in zip(("First", "Second"), _EXAMPLES, strict=True)
        ]
        layer = st.slider("After layer", 0, _LAYERS, _LAYERS, key="learn-layer", persist_state="session")
        first, second = (computed.inspection(text) for text in texts)
        table = compare_pieces(first, second, layer)
        if table.empty:
            st.info("Type at least one word in each text.", icon=":material/info:")
            return
        before, after = (compare_pieces(first, second, depth) for depth in (0, _LAYERS))
        st.markdown(_describe(before, after))
    with picture:
        st.altair_chart(
            piece_heatmap(table, "first", "second", "similarity"),
            alt=f"Cosine similarity of the word pieces of both texts after layer {layer}",
        )


def _describe(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """The word that both texts share and whose vectors differ most between texts; without one, the most similar pair."""
    shared = (after["first"] == after["second"]) & after["first"].str.contains(r"\w{4}")
    if not shared.any():
        best = after.iloc[int(after["similarity"].argmax())]
        return (
            f"The texts share no longer word. Nearest are **{escape_markdown(best['first'])}** and "
            f"**{escape_markdown(best['second'])}** with a cosine similarity of {best['similarity']:.2f}."
        )
    position = int(after["similarity"].where(shared).argmin())
    piece = escape_markdown(after["first"].iloc[position])
    return (
        f"**{piece}** has one id. Its two vectors have a cosine similarity of **{before['similarity'].iloc[position]:.2f}** "
        f"before the first layer, where only the position differs, and of **{after['similarity'].iloc[position]:.2f}** after "
        "the last: the context has moved them."
    )
