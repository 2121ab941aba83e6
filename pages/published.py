"""A published model, opened by its link alone: its owner's texts, a prediction for one text, and facts about the model."""

from dataclasses import dataclass

import streamlit as st

from core.data.corrections import Correction, now
from core.errors import StorageError, StudioError
from core.evaluation.metrics.definitions import HEADLINE_METRICS
from core.evaluation.metrics.estimate import interval_sentence
from core.formatting import join_names, pluralize
from core.hosting.idle import record_use as record_visit
from core.publishing.publication import Publication, open_link
from core.publishing.usage import Use, receive_correction, record_use
from core.runs import MODEL, Run
from core.task import TITLES, Label
from core.workspace import default_home, workspace_containing
from pages.sections.predict.correction import show_correction
from pages.sections.predict.explanation import show_explanation
from pages.shared import cache
from pages.shared.prediction import Model, TextPrediction, show_prediction_form
from pages.shared.widgets import escape_markdown, run_title, show_error, show_errors

_RECORDED = "recorded_use"
_SHOWN_LABELS = 30
# Its prediction shows whether the model can be used, and keeps it in memory for the visitor's first text.
_PROBE = "a"


@dataclass(frozen=True)
class PublishedModel(Model):
    """A model with the examples of its publication; texts of its dataset are never shown."""

    published_examples: tuple[str, ...] = ()

    def examples(self) -> list[str]:
        """The examples that the owner wrote."""
        return list(self.published_examples)


def show_texts(publication: Publication) -> None:
    """The title, the description and the limits, each as plain text."""
    texts = publication.texts
    st.title(escape_markdown(texts.title), anchor=False)
    if texts.description:
        st.text(texts.description)
    if texts.limits:
        with st.container(border=True):
            st.markdown("**Limits**")
            st.text(texts.limits)


def load_model(run: Run, publication: Publication) -> PublishedModel:
    """The model of the run, in memory.

    Raises:
        StorageError: it cannot be loaded. The reason stays with the owner: it names the owner's files.
    """
    try:
        cache.prediction(run.model_folder, _PROBE)
    except StudioError as error:
        raise StorageError(
            "This published model cannot be loaded.", "Ask the person who sent you the link to publish it again."
        ) from error
    return PublishedModel(
        f"{run_title(run)} (published)", run.model_folder, run, published_examples=publication.texts.examples
    )


def make_use(prediction: TextPrediction, correct: Label | None = None) -> Use:
    """The prediction, or its correction, as it is recorded: without the text."""
    predictions = prediction.predictions
    confidence = None if predictions.task.kind == "regression" else round(float(predictions.confidence[0]), 4)
    abstained = bool(predictions.abstained[0])
    return Use(now(), predictions.labels[0], confidence, abstained, len(prediction.text), correct)


def record_once(run: Run, publication: Publication, prediction: TextPrediction) -> None:
    """Record the prediction, unless it was recorded in the run of the page before or its text is an example."""
    key = (publication.id, prediction.text)
    if prediction.text not in publication.texts.examples and st.session_state.get(_RECORDED) != key:
        st.session_state[_RECORDED] = key
        record_use(run, publication, make_use(prediction))


def show_facts(run: Run) -> None:
    """What the model predicts, how good it is on test rows, and when it was trained."""
    with st.expander("About this model"):
        lines = [f"Predicts: {TITLES[run.task.kind].lower()}"]
        if run.task.labels:
            lines.append(f"Labels: {join_names(run.task.labels, _SHOWN_LABELS)}")
        metrics = HEADLINE_METRICS[run.task.kind][:2]
        estimates = cache.metric_estimates(run, "test")[MODEL] if run.has_logits("test") and run.sizes["test"] else []
        lines += [f"{e.title}: {e.text}, {interval_sentence(e)}" for e in estimates if e.name in metrics]
        if not estimates:
            lines.append("Accuracy: unknown, because it has no test results")
        lines.append(f"Trained on {pluralize(run.sizes['train'], 'text')} on {run.created[:10]}")
        st.text("\n".join(lines))
        st.caption(
            "The app records the predicted label, its confidence, the length of the text and the time, but not the text "
            "and not who you are. A correction is sent to the owner of the model with its text."
        )


def show_published_model() -> None:
    """The whole page. Every run of it checks that the model is still published."""
    try:
        run, publication = open_link(default_home(), st.query_params.get("model", ""))
    except StudioError as error:
        st.title("Published model", anchor=False)
        show_error(error.message, error.hint)
        return
    record_visit(workspace_containing(run.folder))
    show_texts(publication)
    with show_errors():
        show_prediction(run, publication)
    with show_errors():
        show_facts(run)


def show_prediction(run: Run, publication: Publication) -> None:
    """A text box with the owner's examples, the prediction, why it is predicted, and its correction."""
    prediction = show_prediction_form(load_model(run, publication), f"published-{publication.id}")
    if prediction is None:
        return
    record_once(run, publication, prediction)
    show_explanation(prediction)

    def save(correction: Correction) -> None:
        receive_correction(run, publication, correction, make_use(prediction, correction.correct))

    show_correction(prediction, save)


show_published_model()
