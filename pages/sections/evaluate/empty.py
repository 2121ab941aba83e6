"""Evaluate without a model: what belongs here, drawn from a run that ships with the app, and the button that leads on."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.home import small_scores
from core.experiments.showcase import read_showcase
from core.jobs import process
from core.reports.verdict.quality import accuracy_headline, accuracy_range
from core.runs import Run
from pages.shared.empty_page import EmptyPage, show_empty_page
from pages.shared.navigation import go_to
from pages.shared.run_progress import show_run_progress
from pages.shared.sidebar import current_workflow

_TEXTS = EmptyPage(
    missing="There is no trained model yet.",
    description=(
        "A verdict on your model stands here as soon as there is one: how good it is and how sure that is, whether "
        "fine-tuning helped, where it fails, and what to do next. Each mistake can be read."
    ),
    caption="An example: clinic messages, with the built-in encoder fine-tuned on them.",
)


def show_empty(runs: Sequence[Run]) -> None:
    """Draw an example; while a model trains its progress stands above."""
    active = [run for run in runs if process.read_status(run.folder).active]
    for run in active:
        show_run_progress(run)
    show_empty_page(_TEXTS, _draw_example, _show_action if not active else lambda: None)


def _show_action() -> None:
    if current_workflow().dataset is None:
        page, label = "data", "Choose a dataset"
    else:
        page, label = "train", "Train a model"
    if st.button(label, type="primary", icon=":material/arrow_forward:"):
        go_to(page)


def _draw_example() -> None:
    showcase = read_showcase()
    model = showcase.scores[0]
    st.header(accuracy_headline(model.value, f"{showcase.test_rows:,} test texts"), anchor=False)
    st.markdown(accuracy_range(model.value, model.low, model.high))
    st.altair_chart(
        small_scores(pd.DataFrame(showcase.scores)), alt="Accuracy of the example and of its baselines, with intervals"
    )
