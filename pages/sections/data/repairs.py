"""The repairs that are applied to the texts, each with an Undo button."""

from collections.abc import Sequence

import streamlit as st

from core.data.repairs import Repair


def show_repairs(repairs: Sequence[Repair]) -> int | None:
    """The position of the repair to undo, None if no button was clicked; shows the repairs."""
    undone = None
    for position, repair in enumerate(repairs):
        with st.container(horizontal=True, vertical_alignment="center"):
            corrections = len(repair.detail.get("changes", ()))
            count = f": {corrections}" if corrections else ""
            st.markdown(f":material/done: {repair.title}{count}", width="stretch")
            if st.button("Undo", icon=":material/undo:", key=f"undo-{position}"):
                undone = position
    return undone
