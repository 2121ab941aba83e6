"""Step 3: the attention weights of one layer and head on the visitor's own sentence."""

import streamlit as st

from core.charts.learn import piece_heatmap
from core.lessons.pieces import attention_table, strongest_attention
from pages.sections.learn import computed
from pages.sections.learn.layout import explanation_and_picture, own_text
from pages.shared.widgets import escape_markdown

_EXAMPLE = "The dog did not cross the street because it was too tired."


def show_attention() -> None:
    """Draw the step."""
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            "In each layer every piece looks at all others and takes a share from each: **attention**. A row shows where one "
            "piece looks; it sums to 1. Each of the 12 heads has learned to look at something else."
        )
        text = own_text("Your sentence", _EXAMPLE, "learn-sentence")
        inspected = computed.inspection(text)
        layers, heads = inspected.attention.shape[:2]
        layer_slot, head_slot = st.columns(2)
        layer = layer_slot.slider("Layer", 1, layers, layers, key="learn-attention-layer", persist_state="session")
        head = head_slot.slider("Head", 1, heads, heads, key="learn-attention-head", persist_state="session")
        table = attention_table(inspected, layer, head)
        strongest = strongest_attention(table)
        st.markdown(
            f"Strongest between two words here: **{escape_markdown(strongest['source'])}** takes {strongest['weight']:.0%} "
            f"from **{escape_markdown(strongest['target'])}**. A bright column under [CLS] is a head at rest."
        )
    with picture:
        st.altair_chart(
            piece_heatmap(table, "source", "target", "weight"),
            alt=f"Attention weights of layer {layer}, head {head}: a row for each word piece",
        )
