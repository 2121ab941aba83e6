"""What a training will take on this machine, said before it starts."""

import numpy as np
import streamlit as st

from core.data.dataset import Dataset
from core.estimation.cost import estimate_cost
from core.estimation.speed import SpeedMeasurement
from core.models.encoders import BUILT_IN
from core.training.config import TrainingConfig
from pages.shared import cache
from pages.shared.visitor import workspace
from pages.shared.widgets import duration, show_error

_SAMPLED = 5_000


def show_estimate(dataset: Dataset, config: TrainingConfig) -> None:
    """Minutes and memory, or the way to find them out."""
    measurement = SpeedMeasurement.of(workspace().home, config.encoder, config.mixed_precision)
    speed = measurement.speed()
    if speed is not None:
        _, labeled = cache.stored(dataset.id, dataset.fingerprint, dataset)
        sample = labeled.first(_SAMPLED)
        pieces = cache.tokens(f"{dataset.fingerprint}-{len(sample)}", BUILT_IN, sample.frame["text"]).pieces
        sizes = cache.splits(dataset.fingerprint, dataset.columns, dataset.split_config, labeled).sizes()
        found = estimate_cost(config, np.asarray(pieces), (sizes["train"], sizes["validation"], sizes["test"]), speed)
        st.caption(
            f":material/schedule: About **{duration(found.seconds)}** and **{found.memory_mb / 1000:.1f} GB** of the "
            f"{found.usable_mb / 1000:.1f} GB that this machine has to give, when nothing else runs."
        )
        if not found.fits:
            st.warning("It would not fit. What would: " + "; ".join(found.advice) + ".", icon=":material/memory:")
        return
    _measure(measurement)


@st.fragment(run_every=1.0)
def _measure(measurement: SpeedMeasurement) -> None:
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
        show_error(status.message, status.hint)
    if st.button(
        "How long will it take?",
        icon=":material/schedule:",
        help="Times a few steps of this encoder on this machine, once: a quarter of a minute for the built-in one.",
    ):
        measurement.start()
        st.rerun()
