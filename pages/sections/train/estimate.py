"""The estimated time and memory of a training on this machine."""

import streamlit as st

from core.data.dataset import Dataset
from core.estimation.cost import CostEstimate, estimate_cost
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
    description="The times need one measurement on this machine: about 15 seconds for the built-in encoder.",
    phases={"loading": "Loading the encoder", "measuring": "Measuring the training speed"},
)


def read_encoder_speed(encoder: str, mixed_precision: bool = True) -> EncoderSpeed | None:
    """The measured speed of an encoder on this machine; None while it is not measured."""
    return read_speed(speed_job(workspace().home, encoder, mixed_precision))


def estimate_run(dataset: Dataset, config: TrainingConfig, speed: EncoderSpeed) -> CostEstimate:
    """The expected time and memory of a run."""
    sizes = cache.splits(cache.dataset_texts(dataset), dataset.split_config).sizes()
    rows = (sizes["train"], sizes["validation"], sizes["test"])
    return estimate_cost(config, sample_lengths(dataset), rows, speed)


def show_measurement(encoder: str, mixed_precision: bool = True) -> None:
    """The measurement that estimates need, while there is none."""
    job = speed_job(workspace().home, encoder, mixed_precision)
    if read_speed(job) is None:
        show_job(job, _TEXTS)


def describe_cost(dataset: Dataset, config: TrainingConfig, runs: int) -> str:
    """The estimated time of ``runs`` runs and their memory, as Markdown; a warning is shown if the memory is too small."""
    speed = read_encoder_speed(config.encoder, config.mixed_precision)
    if speed is None:
        return "Time and memory are not measured yet."
    cost = estimate_run(dataset, config, speed)
    if not cost.fits:
        st.warning(
            f"This training does not fit in memory. Any of these changes helps: {'; '.join(cost.advice)}.",
            icon=":material/memory:",
        )
    return (
        f":material/schedule: about **{format_duration(runs * cost.seconds)}**, "
        f"**{cost.memory_mb / 1000:.1f} GB** of {cost.usable_mb / 1000:.1f} GB memory"
    )
