"""Step 4: logits, softmax, temperature and argmax, with all numbers written out."""

import pandas as pd
import streamlit as st

from core.charts.prediction import label_probabilities
from core.lessons.head import argmax, worked_softmax
from core.models.demo import DEMO_MODEL
from pages.sections.learn.layout import explanation_and_picture, own_text
from pages.shared import cache
from pages.shared.widgets import escape_markdown

_EXAMPLE = "I need to move my appointment to next week."
_SHOWN = 3
_LIMIT = 8.0


def show_head() -> None:
    """Draw the step."""
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            "On top of the encoder sits one small layer, the **head**. It multiplies the text's vector with a weight for each "
            "label: the **logits**. The highest one wins (*argmax*). *Softmax* turns them into probabilities."
        )
        text = own_text("A message to a clinic", _EXAMPLE, "learn-message")
        logits = cache.logits(DEMO_MODEL, text)
        labels = sorted(logits, key=lambda label: -logits[label])[:_SHOWN]
        st.caption(
            f"Logits of the demo model for this message, the {_SHOWN} highest of {len(logits)} labels. Move them."
        )
        moved = {
            label: st.slider(
                escape_markdown(label),
                -_LIMIT,
                _LIMIT,
                round(min(max(logits[label], -_LIMIT), _LIMIT), 1),
                0.1,
                "%.1f",
                key=f"learn-logit-{label}-{text}",
            )
            for label in labels
        }
        temperature = st.slider(
            "Temperature",
            0.5,
            5.0,
            1.0,
            0.1,
            key="learn-temperature",
            help="The logits are divided by it before softmax.",
        )
    table = worked_softmax(moved, temperature)
    with picture:
        st.altair_chart(
            label_probabilities(dict(zip(table["label"], table["probability"], strict=True))),
            alt="Probabilities of the labels",
        )
        st.markdown(_worked(table))
        st.markdown(
            f"Argmax: **{escape_markdown(argmax(table))}**. The temperature changes how sure it sounds, never the label."
        )


def _worked(table: pd.DataFrame) -> str:
    """The calculation as a Markdown table."""
    total = table["exponential"].sum()
    lines = [f"| Label | Logit | ÷ T | e to that | ÷ {total:.2f} |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {escape_markdown(label)} | {logit:.1f} | {scaled:.2f} | {power:.2f} | **{share:.1%}** |"
        for label, logit, scaled, power, share in table.itertuples(index=False)
    ]
    return "\n".join(lines)
