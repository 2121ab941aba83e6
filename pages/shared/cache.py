"""Values that are kept between reruns: tables, labeled texts, splits, metrics, loaded models."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core import decision_rule, run_evaluation
from core.analysis.dataset import read_analysis
from core.analysis.important_words import read_important_words
from core.analysis.word_effects import WordEffects
from core.data.checks.findings import Finding
from core.data.checks.run import run_checks
from core.data.columns import ColumnChoice, LabeledTexts, apply_columns
from core.data.dataset import Dataset, load_table
from core.data.repairs import Repair, apply_repairs
from core.data.splitting import SplitConfig, Splits, fingerprint, split_labels
from core.data.table import ReadOptions, Table
from core.data.token_counts import TokenCounts
from core.evaluation.decisions.predictions import Predictions
from core.evaluation.diagnostics import slices
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.prevalence.estimate import PileEstimate
from core.jobs.folder import JobFolder
from core.label_fixes import LabelFixes, find_label_fixes
from core.models.engines.base import TORCH, is_installed
from core.models.engines.choice import Choice
from core.models.engines.load import default_engine
from core.models.engines.selection import stored_choice
from core.models.tokenization import count_tokens
from core.prediction import texts
from core.prediction.batch_shards import BatchSummary
from core.prediction.explain import Explanation, Method, explain
from core.prediction.loaded_model import LoadedModel, load_model
from core.prediction.model_cache import shared_cache
from core.prediction.predict import predict
from core.prediction.prevalence import estimate_shares
from core.prediction.read_text import TokensRead, count_tokens_read
from core.reports.verdict.compose import Verdict, make_verdict
from core.run_evaluation import BaselineComparison, RunPredictions
from core.runs import Run
from pages.shared.reading import forget_readings
from pages.shared.session import pinned_engine
from pages.shared.turns import few_at_once

# What Streamlit hashes instead of an argument, by the type of the argument.
HashFuncs = dict[str | type[Any], Callable[[Any], Any]]


@dataclass(frozen=True)
class LoadedTexts:
    """A table, the choice of its columns, the repairs, and the labeled texts that these make.

    ``key`` names the table and ``fingerprint`` the labeled texts; cached values depend on them.
    """

    key: str
    table: Table
    columns: ColumnChoice
    repairs: tuple[Repair, ...]
    labeled: LabeledTexts
    fingerprint: str


def _modified(path: Path) -> float:
    """When a file was last written; 0 if it does not exist."""
    return path.stat().st_mtime if path.exists() else 0.0


def _run_key(run: Run) -> tuple[str, float, float]:
    """The run's folder, and when its result and its decision rule were last written."""
    result = run.folder / "evaluation" / "result.json"
    return str(run.folder), _modified(result), _modified(run.model_folder / decision_rule.FILE)


_TEXTS_KEY: HashFuncs = {LoadedTexts: lambda loaded: (loaded.key, loaded.fingerprint, loaded.columns)}
_DATASET_KEY: HashFuncs = {Dataset: lambda dataset: (str(dataset.folder), dataset.fingerprint)}
_RUN_KEY: HashFuncs = {Run: _run_key}
_JOB_KEY: HashFuncs = {JobFolder: lambda job: (str(job.result_path), _modified(job.result_path))}


def _model(folder: str, modified: float, rule_modified: float, engine: str) -> LoadedModel:
    """The model in a folder, in memory once for all visitors; loaded again after it was written again."""
    return shared_cache().get((folder, modified, rule_modified, engine), lambda: load_model(Path(folder), engine))


def forget(root: Path) -> None:
    """Drop what is in memory of a workspace that was deleted: its models, and all cached texts and values of all visitors.

    The others' are computed again when they are needed.
    """
    shared_cache().drop(lambda key: isinstance(key, tuple) and Path(key[0]).is_relative_to(root))
    st.cache_data.clear()
    for cached in (table, uploaded_texts, dataset_texts, findings, splits, token_counts, important_words):
        cached.clear()
    forget_readings()


def engine_choice(folder: Path) -> Choice | None:
    """The engine that a trial on this host chose for a model, and why; None without a trial.

    Raises:
        ModelError: there is no such model.
    """
    return stored_choice(folder)


def available_engines(folder: Path, choice: Choice | None) -> list[str]:
    """The names of the engines that can answer for a model: those that a trial measured, or without one the default and torch.

    Raises:
        ModelError: there is no such model.
    """
    if choice is None:
        return list(dict.fromkeys([default_engine(folder), TORCH]))
    return [result.name for result in choice.trial.results if not result.problem and is_installed(result.name)]


def prediction(folder: Path, text: str) -> tuple[Predictions, TokensRead, str]:
    """The prediction for one text by the model in a folder, how much of the text the model reads, and the engine's name.

    Raises:
        DataError: the text is empty.
        ModelError: there is no such model, or it is damaged.
    """
    return _prediction(*_model_key(folder), text)


def logits(folder: Path, text: str) -> dict[str, float]:
    """The logit of each label for one text by the model in a folder.

    Raises:
        ModelError: there is no such model, or it is damaged.
    """
    loaded = _model(*_model_key(folder))
    return dict(zip(loaded.task.labels, loaded.logits([text])[0].tolist(), strict=True))


def explanation(folder: Path, text: str, label: str, method: Method) -> Explanation:
    """Which words of a text raise or lower the score of a label.

    Raises:
        DataError: the text has no word.
        ModelError: there is no such model, or it is damaged.
    """
    return _explanation(_model_key(folder), text, label, method)


def _model_key(folder: Path) -> tuple[str, float, float, str]:
    """The model's folder, when the model and its decision rule were last written, and the engine that answers."""
    modified, rule_modified = _modified(folder / "studio.json"), _modified(folder / decision_rule.FILE)
    return str(folder), modified, rule_modified, pinned_engine(folder) or default_engine(folder)


@st.cache_data(max_entries=64, show_spinner="Predicting …")
def _prediction(
    folder: str, modified: float, rule_modified: float, engine: str, text: str
) -> tuple[Predictions, TokensRead, str]:
    loaded = _model(folder, modified, rule_modified, engine)
    predictions = predict(loaded, [text], decision_rule.load(Path(folder)))
    return predictions, count_tokens_read(loaded, text), loaded.engine.name


@st.cache_data(max_entries=64, show_spinner="Explaining …")
def _explanation(key: tuple[str, float, float, str], text: str, label: str, method: Method) -> Explanation:
    folder, modified, rule_modified, engine = key
    if method == "integrated gradients":
        from core.models.engines.torch_engine import classifier_of

        return explain(classifier_of(_model(folder, modified, rule_modified, TORCH).engine), text, label, method)
    return explain(_model(folder, modified, rule_modified, engine), text, label, method)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={Run: lambda run: str(run.folder)})
def example_texts(run: Run) -> list[str]:
    """A few validation texts of a run.

    Raises:
        StorageError: the file of the texts is missing or damaged.
    """
    return texts.example_texts(run.split("validation"))


# Tables and texts are cached without a copy: copying a million rows on each rerun would take most of the memory.
@st.cache_resource(max_entries=2, show_spinner="Reading …", show_time=True)
def table(key: str, options: ReadOptions, _read: Callable[[], Table]) -> Table:
    """The table that ``_read`` returns; ``key`` names its bytes."""
    return _read()


@st.cache_resource(max_entries=4, show_spinner=False)
@few_at_once
def uploaded_texts(key: str, columns: ColumnChoice, repairs: tuple[Repair, ...], _table: Table) -> LoadedTexts:
    """The labeled texts of an uploaded table after the repairs; ``key`` names the table."""
    labeled = apply_repairs(apply_columns(_table, columns), repairs)
    return LoadedTexts(key, _table, columns, repairs, labeled, fingerprint(labeled.frame))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_DATASET_KEY)
@few_at_once
def dataset_texts(dataset: Dataset) -> LoadedTexts:
    """The labeled texts of a dataset."""
    loaded_table = load_table(dataset)
    labeled = apply_repairs(apply_columns(loaded_table, dataset.columns), dataset.repairs)
    return LoadedTexts(dataset.id, loaded_table, dataset.columns, dataset.repairs, labeled, dataset.fingerprint)


@st.cache_resource(max_entries=8, show_spinner="Checking …", show_time=True, hash_funcs=_TEXTS_KEY)
@few_at_once
def findings(loaded: LoadedTexts) -> list[Finding]:
    """The findings of all checks that need no encoder."""
    return run_checks(loaded.table, loaded.columns, loaded.labeled)


@st.cache_resource(max_entries=4, show_spinner="Splitting …", show_time=True, hash_funcs=_TEXTS_KEY)
@few_at_once
def splits(loaded: LoadedTexts, split_config: SplitConfig) -> Splits:
    """The labels of each split."""
    return split_labels(loaded.labeled, split_config)


@st.cache_resource(max_entries=4, show_spinner="Counting tokens …", show_time=True)
@few_at_once
def token_counts(key: str, encoder: str, _texts: pd.Series) -> TokenCounts:
    """The number of tokens of each text; ``key`` names the texts."""
    return count_tokens(encoder, _texts.tolist())


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs=_JOB_KEY)
def dataset_analysis(job: JobFolder) -> pd.DataFrame | None:
    """The result of a dataset analysis; None while there is none."""
    return read_analysis(job)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_JOB_KEY | _RUN_KEY)
def important_words(job: JobFolder, run: Run) -> WordEffects | None:
    """The effects of the words of a run's validation texts; None while there is no result."""
    return read_important_words(job, run)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=_RUN_KEY)
def prediction_table(run: Run, split: str) -> pd.DataFrame:
    """The rows of a split with the run's predictions."""
    return run_evaluation.load_predictions(run, split).table()


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=_RUN_KEY)
def run_predictions(run: Run, split: str) -> RunPredictions:
    """The run's predictions for a split."""
    return run_evaluation.load_predictions(run, split)


@st.cache_data(max_entries=32, show_spinner="Computing metrics …", hash_funcs=_RUN_KEY)
def metric_estimates(run: Run, split: str) -> dict[str, list[MetricEstimate]]:
    """Every metric of the model and of the baselines on a split."""
    return run_evaluation.metric_estimates(run, split)


@st.cache_data(max_entries=32, show_spinner="Comparing …", hash_funcs=_RUN_KEY)
def baseline_comparisons(run: Run, split: str) -> list[BaselineComparison]:
    """The model compared with each baseline on a split."""
    return run_evaluation.compare_with_baselines(run, split)


@st.cache_data(max_entries=32, show_spinner="Reading the results …", hash_funcs=_RUN_KEY)
def verdict(run: Run, split: str) -> Verdict:
    """The verdict on a run in plain words."""
    measured = run.sizes[split] > 0 and run.has_logits(split)
    return make_verdict(run, split, baseline_comparisons(run, split) if measured else [])


@st.cache_data(max_entries=32, show_spinner="Comparing …", hash_funcs=_RUN_KEY)
def label_fixes(run: Run, runs: tuple[Run, ...], split: str) -> LabelFixes | None:
    """What label fixes since an earlier one of the runs brought; None where there are none."""
    return find_label_fixes(run, runs, split)


@st.cache_data(max_entries=32, show_spinner="Estimating the shares …", hash_funcs=_RUN_KEY | {BatchSummary: repr})
def share_estimate(run: Run, summary: BatchSummary, split: str) -> PileEstimate:
    """The estimated share of each class in a predicted file, from the labeled rows of a split."""
    return estimate_shares(run, summary, split)


@st.cache_data(max_entries=8, show_spinner="Looking for slices …", hash_funcs=_RUN_KEY)
def error_slices(run: Run, split: str, _columns: pd.DataFrame) -> pd.DataFrame:
    """Slices of a split with lower accuracy; ``_columns`` are the columns of the dataset for its rows."""
    rows = prediction_table(run, split)
    outcome = rows["error"] if "error" in rows else rows["correct"]
    texts = _columns.assign(text=rows["text"].to_numpy())
    return slices.find_slices(texts, outcome.to_numpy(), units=run_predictions(run, split).units)
