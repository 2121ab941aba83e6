"""The estimated time and memory of a training on this machine."""

import streamlit as st

from core.data.dataset import Dataset
from core.estimation.cost import estimate_cost
from core.estimation.speed import EncoderSpeed, read_speed, speed_job
from core.formatting import format_duration
from core.training.config import TrainingConfig
from pages.sections.train.lengths import sample_lengths
from pages.shared import cache
from pages.shared.job_progress import JobTexts, show_job
from pages.shared.visitor import workspace

_TEXTS = JobTexts(
    button="Estimate time and memory",
    icon=":material/schedule:",
    description="Estimates need a measurement: a few training steps of this encoder, once on this machine. "
    "The built-in encoder takes about 15 seconds.",
    phases={"loading": "Loading the encoder", "measuring": "Measuring the training speed"},
)


def show_estimate(dataset: Dataset, config: TrainingConfig) -> None:
    """The estimate, or the measurement that it needs."""
    job = speed_job(workspace().home, config.encoder, config.mixed_precision)
    speed = read_speed(job)
    if speed is None:
        show_job(job, _TEXTS)
    else:
        _show_cost(dataset, config, speed)


def _show_cost(dataset: Dataset, config: TrainingConfig, speed: EncoderSpeed) -> None:
    loaded = cache.dataset_texts(dataset)
    sizes = cache.splits(loaded, dataset.split_config).sizes()
    rows = (sizes["train"], sizes["validation"], sizes["test"])
    cost = estimate_cost(config, sample_lengths(dataset), rows, speed)
    st.caption(
        f":material/schedule: Estimated time: **{format_duration(cost.seconds)}**. Estimated memory: "
        f"**{cost.memory_mb / 1000:.1f} GB** of the {cost.usable_mb / 1000:.1f} GB that this machine has available."
    )
    if not cost.fits:
        st.warning(
            f"This training does not fit in memory. Any of these changes helps: {'; '.join(cost.advice)}.",
            icon=":material/memory:",
        )
