"""What is kept between reruns: tables, splits, metrics, loaded models; found again by ids and fingerprints."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.data.columns import LabelledTexts
from core.data.dataset import Dataset, load_labelled
from core.data.reading import Table, read_bytes
from core.data.splitting import SplitPlan, Splits, split
from core.evaluation import baselines, metrics, mistakes
from core.models.tokenization import token_counts
from core.runs import MODEL, Run

if TYPE_CHECKING:
    from core.models.classifier import Classifier


@st.cache_resource(max_entries=2, show_spinner="Loading the model …")
def classifier(folder: str, changed: float) -> "Classifier":
    """The model in a folder; ``changed`` is when it was last written, so that a new one is loaded."""
    from core.models import classifier as classifiers

    loaded = classifiers.load(Path(folder))
    # Streamlit collects garbage after each rerun; with torch in memory that takes 0.3 s unless it is frozen.
    gc.collect()
    gc.freeze()
    return loaded


def load_classifier(folder: Path) -> "Classifier":
    """The model in a folder, loaded once."""
    return classifier(str(folder), (folder / "studio.json").stat().st_mtime)


@st.cache_data(max_entries=4, show_spinner="Reading …")
def table(data: bytes, name: str, header: bool, columns_needed: int = 2) -> Table:
    """An uploaded table."""
    return read_bytes(data, name, header, columns_needed)


@st.cache_data(max_entries=4, show_spinner=False)
def labelled(dataset_id: str, _dataset: Dataset) -> LabelledTexts:
    """The labelled texts of a data set."""
    return load_labelled(_dataset)


@st.cache_data(max_entries=4, show_spinner="Splitting …")
def splits(fingerprint: str, plan: SplitPlan, _labelled: LabelledTexts) -> Splits:
    """The splits of labelled texts, named by their fingerprint."""
    return split(_labelled, plan)


@st.cache_data(max_entries=4, show_spinner="Counting tokens …")
def lengths(fingerprint: str, encoder: str, _texts: list[str]) -> npt.NDArray[np.int64]:
    """Tokens of each text."""
    return token_counts(encoder, _texts)


@st.cache_data(max_entries=8, show_spinner=False)
def judged(folder: str, split_name: str, finished: float) -> pd.DataFrame:
    """The rows of a run's split with what its model says of them; ``finished`` is when the result was written."""
    run = Run.open(Path(folder))
    return mistakes.judge(run.task, run.split(split_name), run.logits(split_name))


@st.cache_data(max_entries=8, show_spinner=False)
def scores(folder: str, split_name: str, finished: float) -> dict[str, dict[str, float]]:
    """Metrics of the model and of the baselines on a split."""
    run = Run.open(Path(folder))
    targets = run.task.encode(run.split(split_name)["label"].tolist())
    return {
        who: metrics.summarise(run.task, targets, run.logits(split_name, who)) for who in (MODEL, *baselines.TITLES)
    }
