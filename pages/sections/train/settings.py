"""The encoder and the settings of a training: a preset fills them in, and each can be changed."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.data.dataset import Dataset
from core.experiments.launch import preset_for_dataset
from core.models.encoders import BUILT_IN, CATALOG, check_hub_id, check_local_folder, describe_encoder
from core.training.config import RANGES, TrainingConfig
from core.training.presets import Preset
from core.training.settings import SETTING_GROUPS, Setting
from pages.sections.train.lengths import choose_truncation
from pages.shared.navigation import link_term
from pages.shared.visitor import is_local

_INSTANT_FIELDS = ("max_length", "seed")


def choose_settings(dataset: Dataset, preset: Preset, encoder: str) -> TrainingConfig:
    """The settings of a preset after the visitor's changes: the usual ones first, the others in tabs.

    Raises:
        ConfigError: a setting is out of range.
    """
    defaults = preset_for_dataset(dataset, preset, encoder)
    st.caption(describe_size(encoder, defaults.batch_size))
    key = f"{dataset.id}-{encoder}-{preset}"
    if defaults.method == "instant":
        instant_fields = [field for field in SETTING_GROUPS["Training"] if field.name in _INSTANT_FIELDS]
        values = _choose_values(instant_fields, defaults, key)
    else:
        values = {}
        for tab, fields in zip(st.tabs(list(SETTING_GROUPS)), SETTING_GROUPS.values(), strict=True):
            with tab:
                values |= _choose_values(fields, defaults, key)
    config = replace(defaults, **values)
    return replace(config, truncation=choose_truncation(dataset, config.max_length, key))


def describe_size(name: str, batch_size: int) -> str:
    """The download size and the training memory of an encoder, in a sentence each."""
    encoder = describe_encoder(name)
    memory = encoder.training_memory_gb(batch_size)
    if math.isnan(memory):
        return "The download size and the memory for fine-tuning this encoder are not known."
    download = f"Download: {encoder.download_mb:,.0f} MB." if encoder.download_mb else "No download needed."
    return (
        f"{download} Fine-tuning needs about {memory:.1f} GB of memory (batch size {batch_size}, texts of 128 tokens)."
    )


def _choose_values(fields: Sequence[Setting], defaults: TrainingConfig, key: str) -> dict[str, Any]:
    columns = st.columns(2)
    return {
        field.name: _field_widget(columns[i % 2], field, getattr(defaults, field.name), f"{field.name}-{key}")
        for i, field in enumerate(fields)
    }


def _field_widget(place: "st.delta_generator.DeltaGenerator", field: Setting, value: Any, key: str) -> Any:
    help_text = f"{field.description} {link_term(field.name)}"
    if isinstance(value, bool):
        return place.toggle(field.title, value, key=key, help=help_text)
    low, high = RANGES[field.name]
    number = float if field.name == "epochs" else type(getattr(TrainingConfig, field.name))
    return place.number_input(
        field.title,
        number(low),
        number(high),
        number(value),
        step=number(field.step) if field.step else None,
        format=field.format,
        key=key,
        help=help_text,
    )


def choose_encoder() -> str:
    """The name of the chosen encoder: the built-in one, one of the catalog, a checkpoint of the Hub, or a local folder.

    Raises:
        ModelError: there is no such encoder.
    """
    names = [encoder.name for encoder in CATALOG]

    def title(name: str) -> str:
        if name not in names:
            return name
        encoder = describe_encoder(name)
        return f"{encoder.title}: {encoder.parameters:g}M parameters, {encoder.languages}"

    local = " You can also type the path of a folder on this machine." if is_local() else ""
    name = st.selectbox(
        "Encoder",
        names,
        format_func=title,
        accept_new_options=True,
        help=f"Type owner/name to use any checkpoint of the Hugging Face Hub.{local}",
    )
    if name and name not in names:
        if is_local() and name.startswith(("/", "~", ".")):
            return str(check_local_folder(name))
        check_hub_id(name)
    return name or BUILT_IN
