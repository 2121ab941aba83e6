"""What is kept between reruns: tables, splits, metrics, loaded models; found again by ids and fingerprints."""

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core import decision_rule, run_evaluation
from core.data.checks.findings import Finding
from core.data.checks.run import check
from core.data.columns import ColumnChoice, LabeledTexts, apply_columns
from core.data.dataset import Dataset, load_labelled, load_table
from core.data.repairs import Repair, apply_repairs
from core.data.splitting import SplitConfig, Splits, fingerprint, split_labels
from core.data.table import ReadOptions, Table
from core.data.token_counts import TokenCounts
from core.evaluation.diagnostics import slices
from core.evaluation.metrics.estimate import MetricEstimate
from core.models.tokenization import count_tokens
from core.run_evaluation import BaselineComparison, RunPredictions
from core.runs import Run

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


# Tables and texts are kept as they are: a copy of a million rows for each rerun would be most of the memory.
@st.cache_resource(max_entries=2, show_spinner="Reading …", show_time=True)
def table(key: str, options: ReadOptions, _read: Callable[[], Table]) -> Table:
    """A table that somebody brought; ``key`` names the bytes."""
    return _read()


@st.cache_resource(max_entries=4, show_spinner=False)
def labeled(key: str, choice: ColumnChoice, repairs: str, _table: Table) -> LabeledTexts:
    """The labelled texts of a table after repairs (as JSON)."""
    return apply_repairs(apply_columns(_table, choice), [Repair.from_json(step) for step in json.loads(repairs)])


@st.cache_resource(max_entries=4, show_spinner=False)
def stored(dataset_id: str, fingerprint: str, _dataset: Dataset) -> tuple[Table, LabeledTexts]:
    """The table and the labelled texts of a data set."""
    return load_table(_dataset), load_labelled(_dataset)


@st.cache_resource(max_entries=8, show_spinner="Checking …", show_time=True)
def findings(key: str, fingerprint: str, choice: ColumnChoice, _table: Table, _labelled: LabeledTexts) -> list[Finding]:
    """What is wrong with labelled texts."""
    return check(_table, choice, _labelled)


@st.cache_resource(max_entries=4, show_spinner="Splitting …", show_time=True)
def splits(fingerprint: str, choice: ColumnChoice, split_config: SplitConfig, _labelled: LabeledTexts) -> Splits:
    """The labels of each split of labelled texts, named by their fingerprint."""
    return split_labels(_labelled, split_config)


@st.cache_data(max_entries=16, show_spinner=False)
def fingerprint_of(key: str, choice: ColumnChoice, repairs: str, _labelled: LabeledTexts) -> str:
    """The fingerprint of labelled texts."""
    return fingerprint(_labelled.frame)


@st.cache_resource(max_entries=4, show_spinner="Counting tokens …", show_time=True)
def tokens(fingerprint: str, encoder: str, _texts: pd.Series) -> TokenCounts:
    """What an encoder makes of each text."""
    return count_tokens(encoder, _texts.tolist())


@st.cache_data(max_entries=16, show_spinner=False)
def prediction_table(folder: str, split_name: str, changed: float) -> pd.DataFrame:
    """The rows of a run's split with what its model says of them; ``changed`` is :func:`stamp`."""
    return run_evaluation.answers(Run.open(Path(folder)), split_name).prediction_table()


@st.cache_data(max_entries=16, show_spinner=False)
def answered(folder: str, split_name: str, changed: float) -> RunPredictions:
    """What a run answered to a split."""
    return run_evaluation.answers(Run.open(Path(folder)), split_name)


@st.cache_data(max_entries=32, show_spinner="Measuring …")
def metric_estimates(folder: str, split_name: str, changed: float) -> dict[str, list[MetricEstimate]]:
    """Every measure of the model and of the baselines on a split."""
    return run_evaluation.metric_estimates(Run.open(Path(folder)), split_name)


@st.cache_data(max_entries=32, show_spinner="Comparing …")
def compare_with_baselines(folder: str, split_name: str, changed: float) -> list[BaselineComparison]:
    """What the model adds to each baseline."""
    return run_evaluation.compare_with_baselines(Run.open(Path(folder)), split_name)


@st.cache_data(max_entries=8, show_spinner="Looking for slices …")
def slices_of(folder: str, split_name: str, changed: float, _columns: pd.DataFrame) -> pd.DataFrame:
    """Kinds of texts that a run does worse on; ``_columns`` are those of the file that belong to its rows."""
    rows = prediction_table(folder, split_name, changed)
    outcome = rows["error"] if "error" in rows else rows["right"]
    return slices.find_slices(_columns.assign(text=rows["text"].to_numpy()), outcome.to_numpy())


def stamp(run: Run) -> float:
    """When a run's results or its decision were last written: what its cached figures hang on."""
    files = (run.folder / "evaluation" / "result.json", run.model_folder / decision_rule.FILE)
    return max(file.stat().st_mtime for file in files if file.exists())
