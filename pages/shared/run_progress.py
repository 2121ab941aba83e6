"""The live progress of a training run: its phase, the time left, its curves, and what to do when it fails."""

from typing import Any

import pandas as pd
import streamlit as st

from core.charts import training as training_charts
from core.evaluation.metrics.definitions import MAIN_METRIC, METRICS
from core.experiments.launch import retrain
from core.formatting import format_duration, format_number
from core.jobs import dispatcher, events, process, queue
from core.jobs.events import Event, FirstModel, Problem, Step, Validation
from core.runs import Run
from core.training.diagnostics import out_of_memory
from pages.shared.interrupted import resume_button
from pages.shared.job_progress import REFRESH, describe_wait
from pages.shared.navigation import link
from pages.shared.run_result import show_result
from pages.shared.visitor import workspace
from pages.shared.widgets import escape_markdown, show_error

_PHASES = {
    "waiting": "Waiting for other jobs",
    "loading": "Loading the encoder",
    "features": "Computing features with the frozen encoder",
    "training": "Training",
    "evaluating": "Evaluating",
    "testing": "Running the behavioral tests",
}
# With fewer points a line suggests a trend that is not there.
_MIN_CURVE_POINTS = 3


def show_run_progress(run: Run) -> None:
    """Show the progress of a run, live while it is active. The page is rerun when the run ends."""
    active = process.read_status(run.folder).active
    st.fragment(_show, run_every=REFRESH if active else None)(run, active)


def _show(run: Run, was_active: bool) -> None:
    status = process.read_status(run.folder)
    if was_active and not status.active:
        st.rerun()
    run_events = events.read(run.folder)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{escape_markdown(run.name)}**")
            if status.active and st.button(
                "Stop",
                icon=":material/stop_circle:",
                key=f"stop-{run.id}",
                help="Stops after the current step and keeps the best model so far.",
            ):
                queue.stop(run.folder)
        if status.active:
            st.progress(*describe_phase(run, status))
            _show_first_model(run, run_events)
        else:
            _show_outcome(run, status)
        _show_problems(run, status, run_events)
        _show_curves(run, run_events)


def describe_phase(run: Run, status: process.Status) -> tuple[float, str]:
    """How far an active run is, from 0 to 1, and what it does now: "Training: step 20 of 90 · about 40 s left"."""
    if status.state == "queued":
        return 0.0, describe_wait(run.folder)
    run_events = events.read(run.folder)
    phase, progress = events.current_phase(run_events)
    title = _PHASES.get(phase, phase.capitalize())
    if progress is None:
        return 0.0, f"{title} …"
    unit = "step" if phase == "training" else "text"
    left = f" · about {format_duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    share = min(1.0, progress.done / progress.total)
    return share, f"{title}: {unit} {progress.done:,} of {progress.total:,}{left}"


def _show_first_model(run: Run, run_events: list[Event]) -> None:
    """The validation score of a model that can predict already, with a link to it."""
    first = next((event for event in reversed(run_events) if isinstance(event, FirstModel)), None)
    metric = METRICS[MAIN_METRIC[run.task.kind]]
    if first is None or metric.name not in first.metrics:
        return
    score = metric.format_value(first.metrics[metric.name])
    st.info(f"A first model is ready: {metric.title} {score} on validation.", icon=":material/bolt:")
    link("predict", "Try the first model")


def _show_outcome(run: Run, status: process.Status) -> None:
    result = run.result()
    if status.state in ("failed", "died"):
        show_error(status.message, status.hint)
        resume_button(run)
    elif result is None:
        st.warning(escape_markdown(f"{status.message} {status.hint}"), icon=":material/stop_circle:")
        resume_button(run)
    else:
        outcome = "Finished."
        if status.state == "stopped":
            outcome = escape_markdown(f"{status.message or 'Stopped.'} The best model so far was kept.")
        st.markdown(f":green[:material/check_circle:] {outcome}")
        show_result(run)


def _show_problems(run: Run, status: process.Status, run_events: list[Event]) -> None:
    """Show the known problems of the run, with a button that trains again with better settings."""
    problems = [event for event in run_events if isinstance(event, Problem)]
    for problem in problems:
        if problem.message != status.message:
            st.warning(escape_markdown(f"{problem.message} {problem.hint}"), icon=":material/warning:")
    if status.active:
        return
    changes = problems[-1].changes if problems else _half_batch(run) if status.state == "died" else {}
    if not changes:
        return
    settings = ", ".join(f"{name.replace('_', ' ')} {_format_setting(value)}" for name, value in changes.items())
    if st.button(
        f"Train again with {settings}", type="primary", icon=":material/auto_fix_high:", key=f"again-{run.id}"
    ):
        queue.check_room(run.folder)
        dispatcher.submit(retrain(workspace(), run, changes).folder)
        st.rerun()


def _half_batch(run: Run) -> dict[str, Any]:
    """Settings for half the memory: a process that dies without an error message most often ran out of memory."""
    remedy = out_of_memory(run.config) if run.config.method == "fine-tune" else None
    if remedy is None:
        return {}
    _, config = remedy
    return {"batch_size": config.batch_size, "gradient_accumulation_steps": config.gradient_accumulation_steps}


def _format_setting(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0e}" if value < 0.01 else f"{value:g}"


def _show_curves(run: Run, run_events: list[Event]) -> None:
    metric = MAIN_METRIC[run.task.kind]
    steps = _by_step([(e.step, e.loss, e.learning_rate) for e in run_events if isinstance(e, Step)], "loss", "rate")
    scores = _by_step(
        [(e.step, e.metrics.get(metric, float("nan"))) for e in run_events if isinstance(e, Validation)], metric
    )
    if steps.empty:
        return
    left, middle, right = st.columns([2, 2, 1.4])
    with left:
        _show_curve(run, steps, "loss", "Training loss")
    with middle:
        _show_curve(run, scores, metric, f"Validation {METRICS[metric].title}")
    with right:
        _show_curve(run, steps, "rate", "Learning rate")


def _by_step(rows: list[tuple[float, ...]], *columns: str) -> pd.DataFrame:
    """Values by step. A resumed run repeats the steps since its last checkpoint; the later values count."""
    frame = pd.DataFrame(rows, columns=["step", *columns])
    return frame.drop_duplicates("step", keep="last").sort_values("step")


def _show_curve(run: Run, points: pd.DataFrame, column: str, title: str) -> None:
    st.caption(title)
    if len(points) >= _MIN_CURVE_POINTS:
        chart = training_charts.training_curve(points, column, title)
        st.altair_chart(chart, alt=f"{title} by step", key=f"{column}-{run.id}")
        return
    digits = 6 if column == "rate" else 3
    lines = [f"Step {row['step']:,.0f}: {format_number(row[column], digits)}" for _, row in points.iterrows()]
    st.text("\n".join(lines) or "No validation yet.")
