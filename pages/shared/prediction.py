"""The models to predict with, and a form for one text with the prediction below it, as Home and Predict show them."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core import decision_rule
from core.charts.prediction import label_probabilities
from core.errors import StudioError
from core.evaluation.decisions.predictions import Predictions
from core.formatting import format_number, format_percent
from core.models.demo import DEMO_MODEL
from core.models.record import read_model_record
from core.prediction.read_text import TokensRead
from core.prediction.texts import CLINIC_EXAMPLES, format_label
from core.runs import Run
from core.task import TaskKind
from pages.shared import cache
from pages.shared.widgets import escape_markdown, run_title, show_errors

_SHOWN_CHARACTERS = 60
_CHART_LABELS = 10


@dataclass(frozen=True)
class Model:
    """A model to predict with: its title, its folder, and its run (None for the demo model of the app)."""

    title: str
    folder: Path
    run: Run | None = None

    @property
    def key(self) -> str:
        """A name for widget keys, which browsers receive: unlike the folder, it tells a visitor nothing."""
        return hashlib.sha256(str(self.folder).encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def task_kind(self) -> TaskKind:
        """The kind of the model's task."""
        return self.run.task.kind if self.run else read_model_record(self.folder).task.kind

    def examples(self) -> list[str]:
        """Texts to try: validation texts of its run; none if they cannot be read."""
        if self.run is None:
            return list(CLINIC_EXAMPLES)
        try:
            return cache.example_texts(self.run)
        except StudioError:
            return []


@dataclass(frozen=True)
class TextPrediction:
    """A model's prediction for one text, and the name of the engine that computed it."""

    model: Model
    text: str
    predictions: Predictions
    tokens: TokensRead
    engine: str


def list_models(runs: Sequence[Run]) -> list[Model]:
    """The models to choose from: those of finished runs, then the demo model of the app."""
    finished = [run for run in runs if run.result()]
    counts = Counter(map(run_title, finished))
    # Select boxes tell their options apart by what is shown.
    titles = [run_title(run) + (f" ({run.id[-4:]})" if counts[run_title(run)] > 1 else "") for run in finished]
    models = [Model(title, run.model_folder, run) for title, run in zip(titles, finished, strict=True)]
    return [*models, Model("Clinic messages (demo model)", DEMO_MODEL)]


def show_prediction_form(model: Model, key: str) -> TextPrediction | None:
    """A text box with examples to choose from, and the prediction for its text below; None if there is no prediction."""
    examples = model.examples()
    _fill_in_example(key, examples)
    if examples:
        labels = {escape_markdown(_shorten(text)): text for text in examples}
        st.pills("Examples", list(labels), key=f"{key}-examples", on_change=_choose_example, args=(key, labels))
    with st.form(f"{key}-form", border=False):
        text = st.text_area("Text", key=key, height=110, placeholder="Type or paste a text")
        submitted = st.form_submit_button("Predict", type="primary", icon=":material/play_arrow:", help="Ctrl+Enter")
    if not text.strip() and not submitted:
        return None
    with show_errors():
        prediction = TextPrediction(model, text, *cache.prediction(model.folder, text))
        _show_prediction(prediction)
        return prediction
    return None


def show_as_json(prediction: TextPrediction) -> None:
    """The probabilities as JSON, to copy; nothing for a regression."""
    probabilities = prediction.predictions.named_probabilities(0)
    if probabilities:
        with st.expander("Probabilities as JSON"):
            st.code(json.dumps(probabilities, ensure_ascii=False, indent=2), language="json")


def _fill_in_example(key: str, examples: list[str]) -> None:
    """Put the model's first example into an untouched text box; what a visitor typed stays."""
    filled_in = st.session_state.get(f"{key}-filled-in")
    untouched = key not in st.session_state or st.session_state[key] == filled_in
    if untouched and (filled_in not in examples or key not in st.session_state):
        st.session_state[key] = st.session_state[f"{key}-filled-in"] = examples[0] if examples else ""


def _choose_example(key: str, labels: dict[str, str]) -> None:
    chosen = st.session_state[f"{key}-examples"]
    st.session_state[f"{key}-examples"] = None
    if chosen in labels:
        st.session_state[key] = st.session_state[f"{key}-filled-in"] = labels[chosen]


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS].rstrip() + " …"


def _show_prediction(prediction: TextPrediction) -> None:
    """The prediction as a card: label, confidence and rule beside the most likely labels."""
    _show_what_is_read(prediction.tokens)
    predictions = prediction.predictions
    rule = decision_rule.load(prediction.model.folder)
    label = predictions.labels[0]
    with st.container(border=True, key="prediction"):
        if isinstance(label, float):
            _show_number(label, predictions, rule.interval_level)
            return
        left, right = st.columns([1, 1.6], gap="medium", vertical_alignment="center")
        with left:
            if predictions.abstained[0]:
                st.warning("Low confidence: review by hand. The most likely answer is below.", icon=":material/help:")
            st.caption("Prediction")
            with st.container(key="predicted-label"):
                st.text(format_label(label))
            st.caption(_describe_confidence(float(predictions.confidence[0]), rule.abstain_below))
        with right:
            probabilities = predictions.named_probabilities(0)
            chart = label_probabilities(probabilities, _CHART_LABELS)
            st.altair_chart(chart, alt="Probability of the most likely labels")
        if len(probabilities) > _CHART_LABELS:
            _show_all_labels(probabilities, prediction.model.key)


def _show_what_is_read(tokens: TokensRead) -> None:
    if not tokens.truncated:
        return
    read, rest = f"the first {tokens.head:,}", "The rest of the text is cut off."
    if tokens.tail:
        read, rest = f"{read} and the last {tokens.tail:,}", "The middle of the text is left out."
    st.info(f"The model reads {read} of {tokens.total:,} word pieces. {rest}", icon=":material/content_cut:")


def _show_number(label: float, predictions: Predictions, interval_level: float) -> None:
    st.metric("Predicted score", format_label(label))
    if predictions.interval is not None:
        low, high = predictions.interval[0]
        level = format_percent(interval_level, 0)
        st.caption(f"{level} prediction interval: {format_number(low, 2)} to {format_number(high, 2)}.")


def _describe_confidence(confidence: float, abstain_below: float) -> str:
    if not abstain_below:
        return f"Confidence: {format_percent(confidence, 0)}"
    return (
        f"Confidence: {format_percent(confidence)}. The model says “not sure” below {format_percent(abstain_below)} "
        "confidence."
    )


def _show_all_labels(probabilities: dict[str, float], key: str) -> None:
    """All labels with their probabilities, the most likely first, and a search among them."""
    with st.expander(f"Show all {len(probabilities)} labels"):
        query = st.text_input("Search the labels", placeholder="any part of a label", key=f"search-labels-{key}")
        found = [(name, share) for name, share in probabilities.items() if query.casefold() in name.casefold()]
        st.dataframe(
            pd.DataFrame(found, columns=["label", "probability"]),
            hide_index=True,
            height=320,
            column_config={
                "probability": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
            },
            alt="Probability of every label",
        )
