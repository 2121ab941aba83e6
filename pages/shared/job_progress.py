"""A run while it trains: phase, progress, time left, curves; drawn anew each second in a fragment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.charts import data as data_charts
from core.evaluation.metrics.summary import MAIN_METRIC, TITLES
from core.experiments.launch import retrain
from core.jobs import events, process, queue
from core.jobs.events import Event, Problem, Step, Validation
from core.runs import Run
from core.training.config import TrainingConfig
from core.training.diagnostics import out_of_memory
from pages.shared.visitor import workspace
from pages.shared.widgets import duration, plain, show_error

_EVERY = "1s"
_PHASES = {
    "waiting": "Waiting for its turn",
    "loading": "Loading the encoder",
    "features": "Reading the texts with the frozen encoder",
    "training": "Training",
    "evaluating": "Evaluating",
}


def show_progress(run: Run) -> None:
    """Progress of a run, live while it is active; the page is run anew once it has ended."""
    active = process.read_status(run.folder).active
    st.fragment(_draw, run_every=_EVERY if active else None)(run, active)


def _draw(run: Run, was_active: bool) -> None:
    status = process.read_status(run.folder)
    if was_active and not status.active:
        st.rerun()
    happened = events.read(run.folder)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{plain(run.name)}**")
            if status.active and st.button(
                "Stop",
                icon=":material/stop_circle:",
                key=f"stop-{run.id}",
                help="Ends after this step; the best model so far is kept.",
            ):
                process.stop(run.folder)
        _state(run, status, happened)
        _troubles(run, status, happened)
        _curves(run, happened)


def _state(run: Run, status: process.Status, happened: list[Event]) -> None:
    if not status.active:
        _ending(run, status)
        return
    ahead = queue.jobs_ahead(workspace().home, run.folder) if status.state == "queued" else 0
    if ahead:
        st.info(
            f"Waiting: {ahead} {'training is' if ahead == 1 else 'trainings are'} ahead on this machine.",
            icon=":material/hourglass_empty:",
        )
        return
    if status.state == "queued" and not happened:
        st.info("Waiting for the run before it.", icon=":material/hourglass_empty:")
        return
    phase, done = events.position(happened)
    words = _PHASES.get(phase, phase.capitalize())
    if done is None:
        st.progress(0.0, f"{words} …")
        return
    unit = "step" if phase == "training" else "text"
    left = f" · about {duration(done.seconds_left)} left" if done.seconds_left is not None else ""
    st.progress(min(1.0, done.done / done.total), f"{words}: {unit} {done.done:,} of {done.total:,}{left}")


def watch(folder: Path, phases: Mapping[str, str]) -> None:
    """A job beside the runs, live, in the words of its phases, with a button to stop it; the page is run anew once it ended."""

    @st.fragment(run_every=_EVERY)
    def draw() -> None:
        if not process.read_status(folder).active:
            st.rerun()
        phase, done = events.position(events.read(folder))
        words = phases.get(phase, phase.capitalize())
        st.progress(done.done / done.total if done else 0.0, f"{words} …")
        if st.button("Stop", icon=":material/stop_circle:"):
            process.stop(folder)

    draw()


def _ending(run: Run, status: process.Status) -> None:
    result = run.result()
    if status.state in ("failed", "died"):
        show_error(status.message, status.hint)
        if st.button(
            "Start it again",
            icon=":material/replay:",
            key=f"resume-{run.id}",
            help="Goes on from the last checkpoint, where there is one.",
        ):
            process.start(run.folder)
            st.rerun()
    elif result is None:
        st.warning(f"{plain(status.message)} {plain(status.hint)}", icon=":material/stop_circle:")
    else:
        word = "Stopped; the best model so far was kept" if status.state == "stopped" else "Finished"
        st.success(
            f"{word}. It took {duration(result.seconds)} and {result.peak_memory_mb:,.0f} MB of memory.",
            icon=":material/check_circle:",
        )


def _troubles(run: Run, status: process.Status, happened: list[Event]) -> None:
    """What went wrong in a way we know, with better settings one click away."""
    troubles = [event for event in happened if isinstance(event, Problem)]
    for trouble in troubles:
        if trouble.message != status.message:
            st.warning(f"{plain(trouble.message)} {plain(trouble.hint)}", icon=":material/warning:")
    changes = troubles[-1].changes if troubles else _halved(run) if status.state == "died" else {}
    if status.active or not changes:
        return
    settings = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in changes.items())
    if st.button(f"Train anew with {settings}", icon=":material/auto_fix_high:", key=f"again-{run.id}"):
        anew = retrain(workspace(), run, changes)
        process.start(anew.folder)
        st.rerun()


def _halved(run: Run) -> dict[str, Any]:
    """Half the batch and twice as many in a step: a process that died without a word was most often out of memory."""
    config = TrainingConfig.from_json(run.record.config)
    found = out_of_memory(config) if config.method == "fine-tune" else None
    return (
        {"batch_size": found[1].batch_size, "gradient_accumulation_steps": found[1].gradient_accumulation_steps}
        if found
        else {}
    )


def _shown(value: Any) -> str:
    return (
        f"{value:.0e}"
        if isinstance(value, float) and value < 0.01
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _curves(run: Run, happened: list[Event]) -> None:
    steps = pd.DataFrame(
        [{"step": e.step, "loss": e.loss, "learning rate": e.learning_rate} for e in happened if isinstance(e, Step)]
    )
    metric = MAIN_METRIC[run.task.kind]
    validation_count = pd.DataFrame(
        [{"step": e.step, metric: e.metrics[metric]} for e in happened if isinstance(e, Validation)]
    )
    if steps.empty:
        return
    # A run that was gone on with says its steps since the last checkpoint again.
    steps = steps.drop_duplicates("step", keep="last").sort_values("step")
    validation_count = (
        validation_count.drop_duplicates("step", keep="last") if len(validation_count) else validation_count
    )
    left, middle, right = st.columns([2, 2, 1.4])
    with left:
        st.caption("Loss on the training texts")
        st.altair_chart(
            data_charts.training_curve(steps, "loss", "loss"), alt="Training loss over steps", key=f"loss-{run.id}"
        )
    with middle:
        st.caption(f"{TITLES[metric]} on the validation texts")
        if validation_count.empty:
            st.text("The first validation is still to come.")
        else:
            st.altair_chart(
                data_charts.training_curve(validation_count, metric, TITLES[metric]),
                alt=f"{TITLES[metric]} over steps",
                key=f"metric-{run.id}",
            )
    with right:
        st.caption("Learning rate")
        st.altair_chart(
            data_charts.training_curve(steps, "learning rate", "rate"),
            alt="Learning rate over steps",
            key=f"rate-{run.id}",
        )
