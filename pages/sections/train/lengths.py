"""The lengths of a dataset's texts, and what is read of the long ones."""

from typing import get_args

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.data.dataset import Dataset
from core.formatting import format_percent
from core.models.encoders import BUILT_IN
from core.models.truncation import Truncation
from pages.shared import cache

# The lengths of this many texts stand for those of all.
_SAMPLED_TEXTS = 5_000
# With fewer long texts than this share, it hardly matters what is read of them.
_MIN_LONG_SHARE = 0.03
_TITLES: dict[str, str] = {"head": "Beginning", "head_tail": "Beginning and end"}


def sample_lengths(dataset: Dataset) -> npt.NDArray[np.int64]:
    """The lengths in tokens of the first texts of a dataset, by the built-in tokenizer."""
    loaded = cache.dataset_texts(dataset)
    texts = loaded.labeled.head(_SAMPLED_TEXTS).frame["text"]
    return cache.token_counts(f"{loaded.fingerprint}-{len(texts)}", BUILT_IN, texts).pieces


def choose_truncation(dataset: Dataset, max_length: int, key: str) -> Truncation:
    """What the model reads of long texts; a choice only where there are enough of them."""
    lengths = sample_lengths(dataset)
    long = int((lengths > max_length).sum())
    if long <= _MIN_LONG_SHARE * len(lengths):
        return "head"
    chosen = st.segmented_control(
        "Long texts",
        get_args(Truncation),
        default="head",
        required=True,
        format_func=lambda name: _TITLES[name],
        key=f"truncation-{key}",
        help="Beginning and end reads the first quarter and the last three quarters of the tokens that fit.",
    )
    of = "" if len(lengths) < _SAMPLED_TEXTS else "first "
    st.caption(
        f"{long:,} of the {of}{len(lengths):,} texts ({format_percent(long / len(lengths), 0)}) are longer than "
        f"{max_length:,} tokens, so the model reads only a part of them. Which part is better depends on the texts: train "
        "both ways and compare."
    )
    return chosen or "head"
