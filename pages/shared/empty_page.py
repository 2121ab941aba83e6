"""What a page shows while there is nothing to show: what belongs there, drawn, and one click that gets it."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.data.samples import CLINIC
from core.experiments.launch import start_demo_run
from pages.shared.navigation import go_to
from pages.shared.session import remember_run
from pages.shared.visitor import workspace
from pages.shared.widgets import show_errors


@dataclass(frozen=True)
class EmptyPage:
    """What is missing, a description of what the page shows once it is there, and a caption of the picture of that."""

    missing: str
    description: str
    caption: str


def show_empty_page(texts: EmptyPage, draw: Callable[[], None], show_action: Callable[[], None]) -> None:
    """What is missing and the click that gets it, beside a picture that ``draw`` makes of the sample."""
    st.info(texts.missing, icon=":material/info:")
    left, right = st.columns([1, 1.3], gap="large", vertical_alignment="center")
    with left:
        st.markdown(texts.description)
        show_action()
    with right, st.container(border=True):
        draw()
        st.caption(texts.caption)


def train_sample_button(label: str) -> None:
    """A primary button that trains a model on the sample and opens Train, where its progress is shown."""
    if st.button(label, type="primary", icon=":material/rocket_launch:"):
        with show_errors():
            remember_run(start_demo_run(workspace(), CLINIC).id)
            go_to("train")
