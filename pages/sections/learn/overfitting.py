"""Step 6: a small head learns twelve sentences by heart, live, and what helps against it."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.charts.learn import loss_curves
from core.formatting import format_percent
from core.lessons.reviews import DROPOUTS, HELD_OUT, LEARNING_RATES, PATIENCE, STEPS, TRAIN, HeadSettings, best_step
from pages.sections.learn import computed
from pages.sections.learn.layout import explanation_and_picture

_TRAININGS = "learn_trainings"


def show_overfitting() -> None:
    """Draw the step."""
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            f"A small head learns {len(TRAIN)} reviews on the frozen encoder. Its loss on them falls to zero, because it can "
            f"learn them **by heart**. What counts is the loss on {len(HELD_OUT)} reviews that it does not see."
        )
        settings = HeadSettings(
            st.select_slider(
                "Learning rate",
                LEARNING_RATES,
                HeadSettings.learning_rate,
                format_func=lambda rate: f"{rate:g}",
                key="learn-head-rate",
                persist_state="session",
            ),
            st.select_slider(
                "Dropout", DROPOUTS, HeadSettings.dropout, key="learn-head-dropout", persist_state="session"
            ),
            st.toggle(
                "Early stopping",
                HeadSettings.early_stopping,
                help=f"Ends after {PATIENCE} steps without a lower loss on the new reviews, and keeps the best step.",
                key="learn-head-stop",
                persist_state="session",
            ),
        )
    history = _train(settings, picture)
    with words:
        st.markdown(_describe(history, settings))
        with st.expander("The reviews"):
            st.dataframe(
                pd.DataFrame(
                    [(text, "positive" if target else "negative", rows) for rows, sentences in
                     (("training", TRAIN), ("new", HELD_OUT)) for text, target in sentences],
                    columns=["Review", "Label", "Used as"],
                ),
                hide_index=True,
                alt="The training reviews and the new ones",
            )  # fmt: skip


def _train(settings: HeadSettings, place: DeltaGenerator) -> pd.DataFrame:
    """The losses of a training with these settings: trained while one watches, unless this session has done it before."""
    trainings: dict[HeadSettings, pd.DataFrame] = st.session_state.setdefault(_TRAININGS, {})
    chart = place.empty()

    def draw(history: pd.DataFrame) -> None:
        chart.altair_chart(
            loss_curves(history, best_step(history), STEPS), alt="Loss on training reviews and on new reviews by step"
        )

    if settings not in trainings:
        reviews = computed.reviews()
        from core.lessons.overfitting import train_head

        trainings[settings] = train_head(reviews, settings, draw)
    draw(trainings[settings])
    place.caption("The dashed line marks the lowest loss on the new reviews.")
    if len(trainings) > 1:
        place.dataframe(_compare(trainings), hide_index=True, alt="Trainings so far")
    return trainings[settings]


def _compare(trainings: dict[HeadSettings, pd.DataFrame]) -> pd.DataFrame:
    """A row for each training of this session, with the losses on the new reviews."""
    return pd.DataFrame(
        [
            {
                "Learning rate": f"{settings.learning_rate:g}",
                "Dropout": settings.dropout,
                "Early stopping": settings.early_stopping,
                "Best loss": round(history["held_out_loss"].min(), 2),
                "Last loss": round(history["held_out_loss"].iloc[-1], 2),
            }
            for settings, history in trainings.items()
        ]
    )


def _describe(history: pd.DataFrame, settings: HeadSettings) -> str:
    best, last = best_step(history), history.iloc[-1]
    lowest, final = history["held_out_loss"].min(), last["held_out_loss"]
    accuracy = format_percent(last["accuracy"], 0)
    if settings.early_stopping and last["step"] < STEPS:
        return (
            f"Stopped at step {last['step']:.0f}. Step {best}, the best one, is kept: its loss on new reviews is "
            f"**{lowest:.2f}**."
        )
    if final > 1.5 * lowest:
        return (
            f"**Overfitting**: the loss on new reviews is lowest at step {best} ({lowest:.2f}) and {final:.2f} at the end. "
            f"{accuracy} of them are right, but the wrong ones are wrong with full confidence. Lower the learning rate, "
            "add dropout, or stop early."
        )
    if best == last["step"]:
        return f"After {best} steps the loss on new reviews still falls ({final:.2f}). A small learning rate is safe, but slow."
    return f"Hardly any overfitting: the loss on new reviews is {lowest:.2f} at step {best} and {final:.2f} at the end."
