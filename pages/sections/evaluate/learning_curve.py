"""The section Learning curve: scores at growing training sizes, and the projected score at twice the rows."""

import pandas as pd
import streamlit as st

from core.analysis.learning_curve import extrapolate, learning_curve_job, read_learning_curve
from core.charts import evaluation as evaluation_charts
from core.errors import ConfigError
from core.evaluation.metrics.definitions import LEARNING_CURVE_METRIC, METRICS
from core.formatting import pluralize
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons
from pages.shared.job_progress import JobTexts, show_job
from pages.shared.widgets import escape_markdown

_TEXTS = JobTexts(
    button="Compute the learning curve",
    icon=":material/show_chart:",
    description=(
        "The instant model is trained on growing parts of the training rows and evaluated on the validation rows each time. "
        "This takes seconds for a thousand texts. The test rows are not used."
    ),
    phases={
        "loading": "Loading the encoder",
        "features": "Encoding the texts",
        "learning": "Training on growing parts",
    },
)


def show_learning_curve(view: RunView) -> None:
    """Draw the curve, or its job while there is none."""
    st.subheader("Would more data help?", anchor=False)
    job = learning_curve_job(view.run)
    points = read_learning_curve(job)
    if points is None:
        show_job(job, _TEXTS)
    else:
        _show_curve(view, points)
        download_buttons(points, view.file_name("learning-curve"))


def _show_curve(view: RunView, points: pd.DataFrame) -> None:
    metric = METRICS[LEARNING_CURVE_METRIC[view.run.task.kind]]
    try:
        projection = extrapolate(view.run, points)
    except ConfigError as error:
        st.info(f"{escape_markdown(error.message)} Add training rows to get a curve.", icon=":material/info:")
        return
    st.info(escape_markdown(projection.sentence), icon=":material/show_chart:")
    # Errors are extrapolated with a minus sign, so that more is better.
    sign = 1 if metric.higher_is_better else -1
    low, high = sorted((sign * projection.low, sign * projection.high))
    fitted = pd.DataFrame({"rows": [*points["rows"], projection.size]})
    fitted["score"] = sign * projection.curve.predict(fitted["rows"])
    fitted.loc[len(points), ["low", "high"]] = low, high
    st.altair_chart(evaluation_charts.learning_curve(points, fitted.astype(float), metric.title), alt="Learning curve")
    st.caption(
        f"{metric.title} of the instant model on {pluralize(view.run.sizes['validation'], 'validation row')}. The dashed line "
        f"is a power law fitted to the points. It ends at the projected score at {projection.size:,} rows, between "
        f"{low:.3f} and {high:.3f}. This is the curve of the instant model: a fine-tuned model may gain more or less."
    )
