"""The four steps of the app as a picture of real charts, and the samples to start from."""

from typing import Final

import streamlit as st

from core.charts import home as home_charts
from core.charts.prediction import label_probabilities
from core.data.samples import CLINIC, SAMPLES
from core.data.table import ReadOptions
from core.models.demo import DEMO_MODEL
from core.prediction.texts import CLINIC_EXAMPLES
from core.workflow import Step
from pages.shared import cache
from pages.shared.navigation import go_to, link
from pages.shared.session import choose_sample_first, choose_upload_first
from pages.shared.showcase import show_losses, show_scores

_SHOWN_LABELS = 4
_STEPS: Final[dict[Step, str]] = {
    "data": "Upload a table and check it: duplicates, likely label errors, leaks between the splits.",
    "train": "Train on a frozen encoder in seconds, or fine-tune the whole encoder while you watch.",
    "evaluate": "See the accuracy with its uncertainty beside simple baselines, and read the mistakes.",
    "predict": "Predict texts and files, see which words decided, publish a link, or call it from code.",
}


def show_steps() -> None:
    """The four steps, each with a chart of the clinic sample or of the model that was trained on it."""
    st.header("From labeled texts to a model in four steps", anchor=False)
    charts = (_label_counts, show_losses, show_scores, _probabilities)
    cells = [*st.columns(2), *st.columns(2)]
    for cell, (step, description), show_chart in zip(cells, _STEPS.items(), charts, strict=True):
        with cell, st.container(border=True, height="stretch"):
            link(step, f"**{step.capitalize()}**")
            st.caption(description)
            show_chart()
    st.caption(f"Charts of the sample {CLINIC.title} and of a model that was fine-tuned on it.")


def show_samples() -> None:
    """A card for each sample, and one for the visitor's own texts; each opens Data."""
    st.header("Start from a sample, or from your own texts", anchor=False)
    columns = st.columns(len(SAMPLES) + 1)
    for index, (column, sample) in enumerate(zip(columns, SAMPLES, strict=False)):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{sample.title}**")
            st.caption(sample.description)
            if st.button("Open sample", key=f"open-{sample.file}", help=sample.title):
                choose_sample_first(index)
                go_to("data")
    with columns[-1], st.container(border=True, height="stretch"):
        st.markdown("**Your own texts**")
        st.caption("CSV, Excel, JSON, Parquet, a zip, pasted rows, or a dataset of the Hugging Face Hub")
        if st.button("Open Data", icon=":material/upload:"):
            choose_upload_first()
            go_to("data")


def _label_counts() -> None:
    labels = cache.table(CLINIC.file, ReadOptions(), CLINIC.read).frame[CLINIC.columns.label]
    counts = labels.value_counts().rename_axis("label").reset_index(name="rows")
    st.altair_chart(home_charts.small_label_counts(counts), alt="Rows of each label of the sample", key="home-labels")


def _probabilities() -> None:
    predictions = cache.prediction(DEMO_MODEL, CLINIC_EXAMPLES[1])[0]
    probabilities = dict(list(predictions.named_probabilities(0).items())[:_SHOWN_LABELS])
    st.caption(f"“{CLINIC_EXAMPLES[1]}”")
    st.altair_chart(label_probabilities(probabilities), alt="Probability of the most likely labels", key="home-predict")
