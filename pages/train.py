"""Choose how to train, start it, watch it."""

from dataclasses import replace
from typing import get_args

import streamlit as st

from core.data.dataset import Dataset, list_datasets
from core.jobs import process
from core.models.encoders import BUILT_IN, CATALOGUE, check_hub_id, describe
from core.runs import list_runs
from core.training.config import Method, TrainingConfig
from core.training.launch import default_config, prepare
from pages.shared.navigation import link
from pages.shared.progress import show_progress
from pages.shared.ui import choose_dataset, errors_shown, header, remember_run
from pages.shared.visitor import workspace

_METHODS = {"instant": "Instant, in seconds", "fine-tune": "Fine-tune, in minutes"}
_ABOUT = {
    "instant": "Reads each text once with the frozen encoder and fits a linear model on top: surprisingly strong.",
    "fine-tune": "Trains the whole encoder, checks itself on the validation rows several times, and keeps the best.",
}
_METHOD_NAMES: tuple[Method, ...] = get_args(Method)
_WATCHED = "watched_run_id"


def choose_encoder() -> str:
    """The encoder: the built-in one, one of the catalogue, or any by its name on the hub."""
    names = [encoder.name for encoder in CATALOGUE]
    name = st.selectbox(
        "Encoder",
        names,
        format_func=lambda name: (
            f"{describe(name).title}: {describe(name).parameters:g} M parameters, {describe(name).languages}"
            if name in names
            else name
        ),
        accept_new_options=True,
        help="Type owner/name for any checkpoint of the Hugging Face hub. Only the built-in one needs no download.",
    )
    if name and name not in names:
        check_hub_id(name)
    return name or BUILT_IN


def choose_config(dataset: Dataset) -> TrainingConfig:
    """The settings, filled with what suits the data set."""
    method = (
        st.segmented_control("How", _METHOD_NAMES, default="instant", required=True, format_func=_METHODS.__getitem__)
        or "instant"
    )
    st.caption(_ABOUT[method])
    encoder = choose_encoder()
    default = replace(default_config(dataset, encoder), method=method)
    key = f"{dataset.id}-{encoder}"
    with st.expander("Settings", icon=":material/tune:"):
        left, right = st.columns(2)
        max_length = left.number_input(
            "Maximum length, tokens",
            8,
            8192,
            default.max_length,
            step=32,
            key=f"length-{key}",
            help="Longer texts are cut here. Short texts cost nothing extra.",
        )
        seed = right.number_input(
            "Seed",
            0,
            2**32 - 1,
            default.seed,
            key=f"seed-{key}",
            help="Same data, same settings, same seed: same model.",
        )
        if method == "instant":
            return replace(default, max_length=int(max_length), seed=int(seed))
        epochs = left.number_input(
            "Epochs",
            0.1,
            100.0,
            float(default.epochs),
            step=1.0,
            key=f"epochs-{key}",
            help="How often each text is seen. Few texts need more.",
        )
        rate = right.number_input(
            "Learning rate",
            1e-7,
            1e-2,
            default.learning_rate,
            format="%.1e",
            step=1e-5,
            key=f"rate-{key}",
            help="Small encoders bear about 1e-4, large ones 2e-5 to 5e-5.",
        )
        batch = left.number_input(
            "Batch size",
            1,
            256,
            default.batch_size,
            key=f"batch-{key}",
            help="Texts in one step. Halve it when memory runs out.",
        )
        warmup = right.number_input(
            "Warm-up, share of the steps",
            0.0,
            0.5,
            default.warmup_share,
            step=0.05,
            key=f"warmup-{key}",
            help="The rate rises from zero over these.",
        )
        decay = left.number_input("Weight decay", 0.0, 1.0, default.weight_decay, step=0.01, key=f"decay-{key}")
        dropout = right.number_input(
            "Dropout",
            0.0,
            0.5,
            default.dropout,
            step=0.05,
            key=f"dropout-{key}",
            help="Share of hidden values left out at random in each step. May help on long trainings.",
        )
        freeze = left.toggle(
            "Leave the word embeddings as they are",
            default.freeze_embeddings,
            key=f"freeze-{key}",
            help="Saves half of the optimiser's work.",
        )
    return replace(
        default,
        epochs=float(epochs),
        learning_rate=float(rate),
        batch_size=int(batch),
        max_length=int(max_length),
        warmup_share=float(warmup),
        weight_decay=float(decay),
        dropout=float(dropout),
        freeze_embeddings=freeze,
        seed=int(seed),
    )


header(
    "Train", "Teach a model from a data set. It goes on when you close this page, and shows here when you come back."
)
space = workspace()
datasets = list_datasets(space)
if not datasets:
    st.info("There is no data set yet. Bring one in first, or pick a sample.", icon=":material/info:")
    link("data", "Go to Data")
else:
    with errors_shown():
        dataset = choose_dataset(datasets)
        config = choose_config(dataset)
        if st.button("Start", type="primary", icon=":material/play_arrow:"):
            run = prepare(space, dataset, config)
            process.start(run.folder)
            remember_run(run.id)
            st.session_state[_WATCHED] = run.id

runs = list_runs(space)
active = [run for run in runs if process.read_status(run.folder).active]
watched = st.session_state.get(_WATCHED)
shown = [run for run in runs if run in active or run.id == watched]
if shown:
    st.subheader("Now", anchor=False)
for run in shown:
    show_progress(run)
    if run.id == watched and run.result() and run not in active:
        with st.container(horizontal=True):
            link("evaluate", "How good is it?")
            link("predict", "Try it")
