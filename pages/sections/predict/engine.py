"""Which engine answers, how fast and how faithful it is, what else was measured on this host, and a choice between them."""

import streamlit as st

from core.models.engines.base import TITLES
from core.models.engines.choice import Choice
from core.models.engines.report import describe_engine, results_table
from core.prediction.engine_trial import engine_trial_job
from pages.shared import cache
from pages.shared.job_progress import JobTexts, show_job
from pages.shared.prediction import Model, TextPrediction
from pages.shared.session import pin_engine, pinned_engine
from pages.shared.widgets import escape_markdown, show_errors

_JOB = JobTexts(
    button="Compare engines",
    icon=":material/speed:",
    description="Measures every engine on validation texts of this model, which takes a few minutes at most. The fastest one "
    "that gives the same answers is used from then on.",
    phases={"comparing": "Comparing engines"},
)


def show_engine(prediction: TextPrediction) -> None:
    """A sentence about the engine that answered; in an expander what a trial found, or its start, and the choice."""
    with show_errors():
        choice = cache.engine_choice(prediction.model.folder)
        st.caption(describe_engine(prediction.engine, choice.trial if choice else None))
        with st.expander("Prediction engine"):
            if choice is not None:
                _show_trial(choice)
            elif prediction.model.run is not None:
                show_job(engine_trial_job(prediction.model.run), _JOB)
            _choose_engine(prediction.model, choice)


def _show_trial(choice: Choice) -> None:
    st.caption(escape_markdown(choice.reason))
    table = results_table(choice)
    if table["score_change"].isna().all():
        table = table.drop(columns="score_change")
    table["agreement"] *= 100
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "texts_per_second": st.column_config.NumberColumn("texts per second", format="%.0f"),
            "agreement": st.column_config.NumberColumn(
                "same answers", format="%.1f%%", help="Share of validation texts with the same answer as PyTorch"
            ),
            "score_change": st.column_config.NumberColumn(
                "change of score",
                format="%+.2f",
                help="In points on the same texts: accuracy, micro-averaged F1 for several labels, R² for numbers",
            ),
        },
        alt="Prediction engines compared on this host",
    )


def _choose_engine(model: Model, choice: Choice | None) -> None:
    """A select box that pins an engine for this session; nothing while there is only one."""
    engines = ["", *cache.available_engines(model.folder, choice)]
    pinned = pinned_engine(model.folder)
    if len(engines) < 3:
        return
    title = "Chosen for this host" if choice else "Default of this host"
    key = f"engine-{model.key}"

    def pin() -> None:
        pin_engine(model.folder, st.session_state[key])

    st.selectbox(
        "Engine",
        engines,
        index=engines.index(pinned) if pinned in engines else 0,
        format_func=lambda name: TITLES[name] if name else title,
        key=key,
        on_change=pin,
        help="Another engine answers in this session only: single texts, and files that you start.",
    )
