"""The choice of a preset: cards with the expected time on this machine and what quality to expect."""

from typing import get_args

import streamlit as st

from core.data.dataset import Dataset
from core.estimation.speed import EncoderSpeed
from core.evaluation.metrics.definitions import MAIN_METRIC, METRICS
from core.experiments.launch import preset_for_dataset
from core.formatting import format_duration
from core.runs import Run
from core.training.presets import Preset
from pages.sections.train.estimate import estimate_run, read_encoder_speed

PRESETS: tuple[Preset, ...] = get_args(Preset)
_EXPECTATIONS: dict[Preset, str] = {
    "Instant": "A strong first score, often close to fine-tuning.",
    "Quick look": "Shows early whether fine-tuning helps.",
    "Balanced": "The best place to start for a model that you will use.",
    "Thorough": "The last points of quality, if there are any.",
}
_DESCRIPTIONS: dict[Preset, str] = {
    "Instant": "Encodes each text once with the frozen encoder and fits a linear model on the features.",
    "Quick look": "Fine-tunes for half the recommended epochs, at least one, on texts truncated to 128 tokens.",
    "Balanced": "Fine-tunes the whole encoder and keeps the checkpoint with the best validation score.",
    "Thorough": "Fine-tunes twice as long, with dropout and lower learning rates for lower layers. Stops early when the "
    "validation score no longer improves.",
}


def choose_preset(dataset: Dataset, encoder: str, runs: list[Run]) -> Preset:
    """The chosen preset; each card has its time on this machine, what to expect, and the score of an earlier run."""
    speed = read_encoder_speed(encoder)
    preset = st.radio(
        "How long, and how good?",
        PRESETS,
        horizontal=True,
        captions=[_caption(name, dataset, encoder, speed, runs) for name in PRESETS],
        help="Each preset fills in all settings.",
        key="preset",
    )
    st.caption(_DESCRIPTIONS[preset])
    return preset


def _caption(name: Preset, dataset: Dataset, encoder: str, speed: EncoderSpeed | None, runs: list[Run]) -> str:
    if speed is None:
        time = ":material/schedule: not measured yet"
    else:
        cost = estimate_run(dataset, preset_for_dataset(dataset, name, encoder), speed)
        time = f":material/schedule: about {format_duration(cost.seconds)}"
    return f"**{time}**  \n{_last_score(name, dataset, encoder, runs) or _EXPECTATIONS[name]}"


def _last_score(name: Preset, dataset: Dataset, encoder: str, runs: list[Run]) -> str:
    """What the last finished run with exactly these settings and texts scored; empty without one."""
    config = preset_for_dataset(dataset, name, encoder)
    metric = METRICS[MAIN_METRIC[dataset.task_kind]]
    for run in runs:
        result = run.result()
        same = run.config == config and run.dataset.fingerprint == dataset.fingerprint
        if same and result and metric.name in result.validation:
            return f"Last time: {metric.title} {metric.format_value(result.validation[metric.name])} on validation."
    return ""
