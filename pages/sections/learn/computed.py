"""What the steps compute, kept between reruns. The modules that need torch are imported at the first use."""

from typing import TYPE_CHECKING

import streamlit as st

from core.lessons.pieces import Inspection
from core.lessons.reviews import Reviews
from core.lessons.step_example import StepExample, StepResult

if TYPE_CHECKING:
    from core.lessons.inspection import InspectedEncoder


@st.cache_resource(show_spinner=False)
def _encoder() -> "InspectedEncoder":
    from core.lessons.inspection import load_inspected_encoder

    return load_inspected_encoder()


@st.cache_resource(max_entries=32, show_spinner="The encoder reads the text …")
def inspection(text: str) -> Inspection:
    """The vectors and attention weights of a text.

    Raises:
        ModelError: the built-in encoder is not installed.
    """
    return _encoder().inspect(text)


@st.cache_resource(max_entries=32, show_spinner="Taking the step …")
def step_result(example: StepExample) -> StepResult:
    """The result of one training step.

    Raises:
        ModelError: the built-in encoder is not installed.
    """
    from core.lessons.training_step import take_step

    return take_step(example)


@st.cache_resource(show_spinner="The encoder reads the sentences …")
def reviews() -> Reviews:
    """The sentences of the step about overfitting as features.

    Raises:
        ModelError: the built-in encoder is not installed.
    """
    from core.lessons.overfitting import encode_reviews

    return encode_reviews()
