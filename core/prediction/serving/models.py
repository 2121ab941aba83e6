"""Models as the service holds them: a name, a predictor, the decision rule and what ``/info`` tells about it."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import RunError, StorageError
from core.evaluation.metrics.estimate import MetricEstimate
from core.models.engines.load import load_engine
from core.models.record import read_model_record
from core.models.tokenization import load_tokenizer
from core.prediction.serving.batching import Predictor
from core.run_evaluation import metric_estimates
from core.runs import MODEL, Run
from core.task import Task
from core.workspace import slug

_SPLITS = ("validation", "test")
# The name of the only output of a regression model, as in the configuration that transformers reads.
VALUE = "value"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedEngine:
    """What computes the logits of a model.

    ``predict`` gives the logits (n, outputs) of texts, ``count_tokens`` the number of tokens of each before it is truncated
    at ``max_tokens``. The two are called at the same time, from different threads.
    """

    name: str
    predict: Predictor
    count_tokens: Callable[[Sequence[str]], list[int]]
    max_tokens: int


@dataclass(frozen=True)
class ServedModel:
    """A model under the name in its URL."""

    name: str
    task: Task
    rule: DecisionRule
    engine: LoadedEngine
    info: dict[str, Any]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return self.task.labels or (VALUE,)


def load_run_engine(run: Run, name: str | None = None) -> LoadedEngine:
    """An engine for the model of a run; without a name the one that was chosen for this host.

    Raises:
        ConfigError: there is no engine of that name, or its packages are not installed.
        ModelError: the run has no model that can be loaded.
    """
    record = read_model_record(run.model_folder)
    engine = load_engine(run.model_folder, name)
    # Not the tokenizer of the engine, which truncates.
    tokenizer = load_tokenizer(record.encoder if record.form == "head" else str(run.model_folder))

    def count_tokens(texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in tokenizer.encode_batch_fast(list(texts))]

    return LoadedEngine(engine.name, engine.logits, count_tokens, record.max_length)


def load_model(run: Run, name: str, make_engine: Callable[[Run], LoadedEngine] = load_run_engine) -> ServedModel:
    """The model of a finished run, ready to answer.

    Raises:
        RunError: the run has not finished.
        ModelError: its model cannot be loaded.
        StorageError: a stored file is damaged.
    """
    if run.result() is None:
        raise RunError(f"{run.name} has no model yet.", "Wait until the training has finished, or start it again.")
    rule = decision_rule.load(run.model_folder)
    return ServedModel(name, run.task, rule, make_engine(run), _describe(run, rule))


def unique_names(runs: Sequence[Run]) -> list[str]:
    """A name for each run that fits into a URL: its own name in lower case, or its id where names are equal."""
    names = [slug(run.name) for run in runs]
    return [name if names.count(name) == 1 else run.id for run, name in zip(runs, names, strict=True)]


def _describe(run: Run, rule: DecisionRule) -> dict[str, Any]:
    """What ``/info`` tells about a run. Showing the test metrics is recorded, as on the Evaluate page."""
    try:
        run.record_test_view("service")
    except StorageError:
        logger.warning("The folder of %s cannot be written: that its test results are shown is not recorded.", run.name)
    return {
        "run": run.id,
        "title": run.name,
        "created": run.created,
        "method": run.config.method,
        "encoder": run.config.encoder,
        "dataset": {"name": run.dataset.name, "fingerprint": run.dataset.fingerprint},
        "split_fingerprint": run.split_fingerprint,
        "rows": dict(run.sizes),
        "decision_rule": asdict(rule),
        "metrics": {split: [_metric(e) for e in metric_estimates(run, split)[MODEL]] for split in _SPLITS},
    }


def _metric(estimate: MetricEstimate) -> dict[str, Any]:
    """A metric with its 95% interval, null where it is undefined."""
    record = asdict(estimate)
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in record.items()}
