"""Every setting of a training: a preset fills them all, each can be opened and changed, with a sentence on what it does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import streamlit as st

from core.data.dataset import Dataset
from core.experiments.launch import preset_for_dataset
from core.models.encoders import BUILT_IN, CATALOGUE, check_hub_id, check_local_folder, describe
from core.training.config import RANGES, Preset, TrainingConfig
from pages.shared.visitor import on_loopback

PRESETS: tuple[Preset, ...] = get_args(Preset)
_ABOUT: dict[Preset, str] = {
    "Instant": "Reads each text once with the frozen encoder and fits a linear model on top: seconds, and surprisingly strong.",
    "Quick look": "Fine-tunes half as long as recommended, though an epoch at least, on texts cut at 128 word pieces.",
    "Balanced": "Fine-tunes the whole encoder, and keeps what does best on the validation rows.",
    "Thorough": "Twice as long, with dropout and smaller rates for lower layers; ends early when validation stops gaining.",
}


@dataclass(frozen=True)
class _Field:
    name: str
    title: str
    about: str
    step: float | None = None
    format: str | None = None


_GROUPS: dict[str, Sequence[_Field]] = {
    "Training": (
        _Field("epochs", "Epochs", "How often each text is seen. Few texts need more.", 1.0),
        _Field(
            "learning_rate", "Learning rate", "Small encoders bear about 1e-4, large ones 2e-5 to 5e-5.", 1e-5, "%.1e"
        ),
        _Field("batch_size", "Batch size", "Texts computed at once. Halve it when memory runs out.", 1),
        _Field(
            "max_length",
            "Maximum length, word pieces",
            "Longer texts are cut here. Short texts cost nothing extra.",
            32,
        ),
        _Field("warmup_ratio", "Warm-up, share of the steps", "The learning rate rises from zero over these.", 0.05),
        _Field("patience", "Patience, validations", "Ends after so many validations without a gain; 0 for never.", 1),
        _Field("seed", "Seed", "Same data, same settings, same seed: same model.", 1),
    ),
    "Against learning by heart": (
        _Field("dropout", "Dropout", "Share of hidden values left out at random. May help on long trainings.", 0.05),
        _Field(
            "token_mask_rate",
            "Hidden words",
            "Share of word pieces masked at random. Helps where texts are few, costs no time.",
            0.05,
        ),
        _Field("weight_decay", "Weight decay", "Pulls weights towards zero, a little in each step.", 0.01),
        _Field("label_smoothing", "Label smoothing", "How much less than certain the labels are taken to be.", 0.05),
        _Field(
            "class_weight_power",
            "Class balance",
            "0: each row counts the same; 1: each class does. Lifts the recall of rare classes.",
            0.25,
        ),
        _Field("max_grad_norm", "Largest gradient", "Longer gradients are cut to this length.", 0.5),
    ),
    "What learns": (
        _Field(
            "frozen_layers",
            "Frozen layers",
            "So many of the lowest layers stay as they are: faster, needs less memory.",
            1,
        ),
        _Field(
            "layer_decay",
            "Rate from layer to layer",
            "The learning rate of each layer, as a share of the one above.",
            0.05,
        ),
        _Field("freeze_embeddings", "Leave the word embeddings as they are", "Saves half of the optimiser's work."),
        _Field(
            "init_fitted_head",
            "Start from a fitted head",
            "Fits a linear model on frozen features first, and goes on from it.",
        ),
    ),
    "Memory and speed": (
        _Field(
            "gradient_accumulation_steps",
            "Batches a step",
            "So many batches make one step: a large batch in little memory.",
            1,
        ),
        _Field("gradient_checkpointing", "Compute twice, keep less", "A third slower, with far less memory."),
        _Field(
            "mixed_precision", "Half precision where it is fast", "On GPUs, and on processors with bfloat16 products."
        ),
    ),
}
_INSTANT = ("max_length", "seed")


def choose_settings(dataset: Dataset) -> TrainingConfig:
    """Preset, encoder and all fields; raises ConfigError or ModelError for what cannot be."""
    chosen: Preset = (
        st.segmented_control("How", PRESETS, default="Instant", required=True, help="Each fills all settings below.")
        or "Instant"
    )
    st.caption(_ABOUT[chosen])
    encoder = _choose_encoder()
    start = preset_for_dataset(dataset, chosen, encoder)
    key = f"{dataset.id}-{encoder}-{chosen}"
    with st.expander("Settings", icon=":material/tune:"):
        if start.method == "instant":
            return replace(start, **_show([f for f in _GROUPS["Training"] if f.name in _INSTANT], start, key))
        values: dict[str, Any] = {}
        for tab, fields in zip(st.tabs(list(_GROUPS)), _GROUPS.values(), strict=True):
            with tab:
                values |= _show(fields, start, key)
    return replace(start, **values)


def _show(fields: Sequence[_Field], start: TrainingConfig, key: str) -> dict[str, Any]:
    columns = st.columns(2)
    return {
        field.name: _widget(columns[position % 2], field, getattr(start, field.name), f"{field.name}-{key}")
        for position, field in enumerate(fields)
    }


def _widget(place: "st.delta_generator.DeltaGenerator", field: _Field, value: Any, key: str) -> Any:
    if isinstance(value, bool):
        return place.toggle(field.title, value, key=key, help=field.about)
    low, high = RANGES[field.name]
    kind = type(getattr(TrainingConfig, field.name))
    if field.name == "epochs":
        kind = float
    return place.number_input(
        field.title,
        kind(low),
        kind(high),
        kind(value),
        step=kind(field.step) if field.step else None,
        format=field.format,
        key=key,
        help=field.about,
    )


def _choose_encoder() -> str:
    """The encoder: the built-in one, one of the catalogue, any by its name on the hub, or a folder of this machine."""
    names = [encoder.name for encoder in CATALOGUE]

    def title(name: str) -> str:
        if name not in names:
            return name
        encoder = describe(name)
        return f"{encoder.title}: {encoder.parameters:g} M parameters, {encoder.languages}"

    local = " A folder on this machine works too." if on_loopback() else ""
    name = st.selectbox(
        "Encoder",
        names,
        format_func=title,
        accept_new_options=True,
        help=f"Type owner/name for any checkpoint of the Hugging Face hub.{local} Only the built-in one needs no download.",
    )
    if name and name not in names:
        if on_loopback() and name.startswith(("/", "~", ".")):
            return str(check_local_folder(name))
        check_hub_id(name)
    return name or BUILT_IN
