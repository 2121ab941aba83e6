"""What a training will take on this machine, said before it starts."""

import numpy as np
import streamlit as st

from core.data.dataset import Dataset
from core.models.encoders import BUILT_IN
from core.training.config import TrainingConfig
from core.training.measure import Measurement
from core.training.plan import plan
from pages.shared import cached
from pages.shared.ui import duration, show_problem
from pages.shared.visitor import workspace

_SAMPLED = 5_000


def show_plan(dataset: Dataset, config: TrainingConfig) -> None:
    """Minutes and memory, or the way to find them out."""
    measurement = Measurement.of(workspace().home, config.encoder, config.mixed_precision)
    speed = measurement.speed()
    if speed is not None:
        _, labelled = cached.stored(dataset.id, dataset.fingerprint, dataset)
        sample = labelled.first(_SAMPLED)
        pieces = cached.tokens(f"{dataset.fingerprint}-{len(sample)}", BUILT_IN, sample.frame["text"]).pieces
        sizes = cached.splits(dataset.fingerprint, dataset.columns, dataset.plan, labelled).sizes()
        found = plan(config, np.asarray(pieces), (sizes["train"], sizes["validation"], sizes["test"]), speed)
        st.caption(
            f":material/schedule: About **{duration(found.seconds)}** and **{found.memory_mb / 1000:.1f} GB** of the "
            f"{found.usable_mb / 1000:.1f} GB that this machine has to give, when nothing else runs."
        )
        if not found.fits:
            st.warning("It would not fit. What would: " + "; ".join(found.advice) + ".", icon=":material/memory:")
        return
    _measure(measurement)


@st.fragment(run_every=1.0)
def _measure(measurement: Measurement) -> None:
    status = measurement.status()
    if measurement.speed() is not None:
        st.rerun()
    if status is not None and status.active:
        words = (
            "Measuring how fast this machine is, once …"
            if status.state == "running"
            else "Will be measured after this job."
        )
        st.caption(f":material/schedule: {words}")
        return
    if status is not None and status.message:
        show_problem(status.message, status.hint)
    if st.button(
        "How long will it take?",
        icon=":material/schedule:",
        help="Times a few steps of this encoder on this machine, once: a quarter of a minute for the built-in one.",
    ):
        measurement.start()
        st.rerun()
