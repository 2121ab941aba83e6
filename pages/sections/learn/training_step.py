"""Step 5: one training step on two sentences, beside the script that does the same."""

import math

import pandas as pd
import streamlit as st

from core.charts.learn import before_and_after
from core.lessons.step_example import LABELS, StepExample, StepResult
from pages.sections.learn import computed
from pages.sections.learn.layout import explanation_and_picture, own_text

_RATES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)


def show_training_step() -> None:
    """Draw the step."""
    words, picture = explanation_and_picture()
    default = StepExample()
    with words:
        st.markdown(
            "Training repeats one step: predict, measure the **loss** (how wrong?), and move all 22.7 million weights a little "
            "in the direction that lowers it. The **learning rate** says how far. The new head knows nothing yet: about 50%."
        )
        texts = tuple(
            own_text(f"A {LABELS[target]} review", text, f"learn-step-{target}")
            for text, target in zip(default.texts, default.targets, strict=True)
        )
        rate = st.select_slider(
            "Learning rate",
            _RATES,
            default.learning_rate,
            format_func=lambda value: f"{value:.0e}".replace("e-0", "e-"),
            key="learn-rate",
            persist_state="session",
        )
        example = StepExample(texts, default.targets, rate)
        result = computed.step_result(example)
        st.markdown(_describe(example, result))
    with picture:
        before, after = st.columns(2)
        before.metric("Loss before", f"{result.loss_before:.3f}", help=_worked_loss(example, result))
        after.metric(
            "Loss after",
            f"{result.loss_after:.3f}",
            f"{result.loss_after - result.loss_before:+.3f}",
            delta_color="inverse",
        )
        st.altair_chart(before_and_after(_probabilities(example, result)), alt="Probability of the right label")
        st.caption("Probability of the right label. Right of the dashed line the prediction is right.")
    st.markdown("**The same in plain torch and transformers.** Copied, it runs and prints the two losses above.")
    st.code(example.script(), language="python")


def _right(positive: tuple[float, ...], example: StepExample) -> list[float]:
    """The probability of the right label of each text."""
    return [share if target else 1 - share for share, target in zip(positive, example.targets, strict=True)]


def _probabilities(example: StepExample, result: StepResult) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"text": list(example.texts), "when": when, "probability": _right(positive, example)})
        for when, positive in (("before", result.positive_before), ("after", result.positive_after))
    ]
    return pd.concat(frames)


def _worked_loss(example: StepExample, result: StepResult) -> str:
    shares = _right(result.positive_before, example)
    terms = " + ".join(f"{-math.log(share):.3f}" for share in shares)
    return f"The mean of −ln(probability of the right label): ({terms}) / {len(shares)}"


def _describe(example: StepExample, result: StepResult) -> str:
    before, after = (
        sum(share > 0.5 for share in _right(positive, example))
        for positive in (result.positive_before, result.positive_after)
    )
    sentence = (
        f"Right before the step: {before} of {len(example.texts)}, after it: **{after} of {len(example.texts)}**."
    )
    if result.loss_after > result.loss_before or after < before:
        return f"{sentence} The step was too long: it jumped over the valley. Choose a smaller learning rate."
    if result.loss_before - result.loss_after < 0.01:
        return f"{sentence} The step hardly changed anything. With this rate it takes hundreds of steps."
    return f"{sentence} Many such steps on many texts are a fine-tuning."
