"""The part Steps: one step of the lesson at a time, with the way to the next one."""

from collections.abc import Callable
from typing import Final, Literal

import streamlit as st

from core.lessons.outline import LESSON_STEPS, LessonStep
from pages.sections.learn.attention import show_attention
from pages.sections.learn.contents import choose_step, open_part, open_step
from pages.sections.learn.evaluation import show_evaluation
from pages.sections.learn.head import show_head
from pages.sections.learn.overfitting import show_overfitting
from pages.sections.learn.tokens import show_tokens
from pages.sections.learn.training_step import show_training_step
from pages.sections.learn.vectors import show_vectors
from pages.shared.widgets import show_errors

_STEPS: Final[tuple[Callable[[], None], ...]] = (
    show_tokens,
    show_vectors,
    show_attention,
    show_head,
    show_training_step,
    show_overfitting,
    show_evaluation,
)


def show_lesson() -> None:
    """Draw the chosen step below the row of all steps."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        step = choose_step()
        _show_next(step, "primary")
    st.header(f"{step.number}. {step.heading}", anchor=False)
    with show_errors():
        _STEPS[step.number - 1]()
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        if step.number > 1:
            before = LESSON_STEPS[step.number - 2]
            st.button(
                f"Back: {before.title}",
                icon=":material/arrow_back:",
                key="previous-step",
                on_click=open_step,
                args=[before.number],
            )
        _show_next(step, "secondary")


def _show_next(step: LessonStep, kind: Literal["primary", "secondary"]) -> None:
    """The button to the next step, or after the last one to the quiz."""
    if step.number < len(LESSON_STEPS):
        after = LESSON_STEPS[step.number]
        st.button(
            f"Next: {after.title}",
            type=kind,
            icon=":material/arrow_forward:",
            key=f"next-step-{kind}",
            on_click=open_step,
            args=[after.number],
        )
    else:
        st.button(
            "Next: ten questions",
            type=kind,
            icon=":material/quiz:",
            key=f"next-step-{kind}",
            on_click=open_part,
            args=["Quiz"],
        )
