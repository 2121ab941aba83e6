"""Would more data help: a learning curve on a button, and what twice the rows promise."""

import pandas as pd
import streamlit as st

from core.analysis import learning_curve
from core.analysis.learning_curve import LearningCurve
from core.charts import evaluation as evaluation_charts
from core.errors import StudioError
from core.evaluation.metrics.estimate import TITLES
from pages.sections.evaluate.scores import View
from pages.shared.job_progress import watch
from pages.shared.widgets import downloads, plain, show_error

_PHASES = {"features": "Reading the texts", "learning": "Training on ever more rows"}


def show_learning_curve(view: View) -> None:
    """The curve, its progress, or the button that asks for it."""
    st.subheader("Would more data help?", anchor=False)
    look = LearningCurve.of(view.run)
    status = look.status()
    if look.done:
        _show(view, look.points())
        return
    if status is not None and status.active:
        watch(look.folder, _PHASES)
        return
    if status is not None and status.message:
        show_error(status.message, status.hint)
    st.caption(
        "The instant model is trained on ever more of the training rows and measured on validation each time. "
        "It takes seconds for a thousand texts; the test rows are not looked at."
    )
    if st.button("Draw the learning curve", icon=":material/show_chart:", type="primary"):
        learning_curve.start(view.run)
        st.rerun()


def _show(view: View, points: pd.DataFrame) -> None:
    title = TITLES[learning_curve.MEASURE[view.run.task.kind]]
    sign = -1 if view.run.task.kind == "regression" else 1
    try:
        found = learning_curve.promise(view.run, points)
    except StudioError as error:
        st.info(plain(f"{error.message} With more training rows there is a curve."), icon=":material/info:")
    else:
        st.info(plain(found.sentence), icon=":material/show_chart:")
        ends = sorted((sign * found.low, sign * found.high))
        fitted = pd.DataFrame({"rows": [*points["rows"], found.size]})
        fitted["score"] = sign * found.at(fitted["rows"])
        fitted["low"], fitted["high"] = None, None
        fitted.loc[len(points), ["low", "high"]] = ends
        fitted = fitted.astype(float)
        st.altair_chart(evaluation_charts.learning_curve(points, fitted, title), alt="Learning curve")
        st.caption(
            f"{title} of the instant model on {view.run.record.sizes['validation']:,} validation rows. The dashed line is the "
            f"power law through the points; its end is what {found.size:,} rows promise ({ends[0]:.3f} to {ends[1]:.3f}). "
            "A fine-tuned model starts from this one and gains from rows in much the same way."
        )
    downloads(points, view.file("learning-curve"))
