"""Parts that the steps share: two columns, and a field for the visitor's own text."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

MAX_CHARACTERS = 200


def explanation_and_picture() -> tuple[DeltaGenerator, DeltaGenerator]:
    """A column for words and controls, and one for the chart; on a narrow screen the chart is below."""
    left, right = st.columns([1, 1.25], gap="large")
    return left, right


def own_text(label: str, example: str, key: str) -> str:
    """The text that the visitor typed; the example if it is empty."""
    text = st.text_input(label, example, max_chars=MAX_CHARACTERS, key=key, persist_state="session")
    return (text or "").strip() or example
