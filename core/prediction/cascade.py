"""A cascade for large files: token embeddings answer clear texts, and the model computes only the others. Imports no torch."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import ConfigError, ModelError
from core.models.engines.agreement import margins, score
from core.models.engines.base import Engine
from core.models.engines.load import CheckedEngine, load_engine
from core.models.static_encoder import load_static_model
from core.runs import MODEL, Run
from core.storage import parse_record, read_record, write_record
from core.task import Floats, Task
from core.training.first_model import save_first_model
from core.types import Targets

CASCADE: Final = "cascade"
_FOLDER, _RECORD = "cascade", "cascade.json"
_MAX_SCORE_LOSS = 0.002
_STEPS = 40


@dataclass(frozen=True)
class CascadePoint:
    """What a cascade costs and gives at a limit: the share of texts that the model computes, and the score of all answers.

    The score is accuracy, or micro-averaged F1 for several labels.
    """

    recheck_below: float
    share: float
    score: float


@dataclass(frozen=True)
class Cascade:
    """The points of a cascade on the validation rows, and the one that is used.

    ``chosen`` is the cheapest point whose score is at most 0.2 points below the model's. ``share`` and ``score`` are those of
    limits that were chosen on the other half of the rows, so that the choice does not flatter them.
    """

    rule: DecisionRule
    points: tuple[CascadePoint, ...]
    chosen: CascadePoint
    share: float
    score: float
    model_score: float
    rows: int


def build_cascade(run: Run) -> Cascade:
    """The cascade of a finished classification run, fitted on its training rows and stored beside its model.

    Raises:
        ConfigError: the run predicts values, or was imported without its texts.
        ModelError: the encoder has no token embeddings that can be read.
        StorageError: a file of the run is damaged.
    """
    if run.task.kind == "regression":
        raise ConfigError("A cascade needs labels, and this model predicts values.", "Predict without the cascade.")
    if run.source == "imported":
        raise ConfigError(
            "An imported model has no training texts to fit a cascade on.", "Predict without the cascade."
        )
    folder, splits = run.folder / _FOLDER, run.splits()
    save_first_model(splits, run.config, folder)
    texts = splits.validation["text"].tolist()
    targets = run.task.encode(splits.validation["label"].tolist())
    fast, exact = load_static_model(folder).logits(texts), run.logits("validation", MODEL)
    cascade = choose_cascade(run.task, decision_rule.load(run.model_folder), fast, exact, targets)
    write_record(folder / _RECORD, asdict(cascade))
    return cascade


def stored_cascade(run: Run) -> Cascade | None:
    """The cascade of a run; None if there is none, or if the decision rule has changed since.

    Raises:
        StorageError: its record is damaged.
    """
    path = run.folder / _FOLDER / _RECORD
    if not path.exists():
        return None
    cascade = parse_record(Cascade, read_record(path), path)
    return cascade if cascade.rule == decision_rule.load(run.model_folder) else None


def load_cascade(model_folder: Path) -> Engine:
    """The cascade of the run of a model as an engine; it is fitted first if there is none.

    Raises:
        ConfigError: the folder is not the model of a run, or the run has no cascade (see :func:`build_cascade`).
        ModelError: the model cannot be loaded.
        StorageError: a file of the run is damaged.
    """
    if not (model_folder.parent / "run.json").is_file():
        raise ConfigError("A cascade needs the run of the model, found only the model.", "Predict without the cascade.")
    run = Run.open(model_folder.parent)
    cascade = stored_cascade(run) or build_cascade(run)
    try:
        fast = load_static_model(run.folder / _FOLDER)
    except ModelError as error:
        raise ModelError(error.message, "Predict without the cascade.") from error
    exact = load_engine(model_folder)
    return CheckedEngine(CASCADE, run.task, fast, exact, cascade.rule, cascade.chosen.recheck_below)


def choose_cascade(task: Task, rule: DecisionRule, fast: Floats, exact: Floats, targets: Targets) -> Cascade:
    """The cascade with the limit that these rows suggest. ``fast`` and ``exact`` are logits (n, outputs) of the same rows."""
    clear = margins(task, rule, fast)
    points = _points(task, rule, (fast, exact), targets)
    merged, computed = fast.copy(), np.zeros(len(fast), dtype=bool)
    halves = np.arange(len(fast)) % 2
    for half in (0, 1):
        other = halves != half
        limit = _cheapest(_points(task, rule, (fast[other], exact[other]), targets[other])).recheck_below
        computed |= (halves == half) & (clear < limit)
    merged[computed] = exact[computed]
    return Cascade(
        rule=rule,
        points=tuple(points),
        chosen=_cheapest(points),
        share=float(computed.mean()),
        score=score(task, rule, merged, targets),
        model_score=score(task, rule, exact, targets),
        rows=len(fast),
    )


def _points(task: Task, rule: DecisionRule, logits: tuple[Floats, Floats], targets: Targets) -> Sequence[CascadePoint]:
    """Points from the token embeddings alone to the model alone."""
    fast, exact = logits
    clear = margins(task, rule, fast)
    limits = np.unique(np.quantile(clear, np.linspace(0, 1, _STEPS + 1)))
    # The last limit is above all margins, so that the model computes every text.
    points = []
    for limit in [*limits.tolist(), float(np.nextafter(clear.max(), np.float32(np.inf)))]:
        below = clear < limit
        merged = np.where(below[:, np.newaxis], exact, fast)
        points.append(CascadePoint(float(limit), float(below.mean()), score(task, rule, merged, targets)))
    return points


def _cheapest(points: Sequence[CascadePoint]) -> CascadePoint:
    """The cheapest point whose score is at most ``_MAX_SCORE_LOSS`` below that of the model alone, the last point."""
    enough = points[-1].score - _MAX_SCORE_LOSS
    return next(point for point in points if point.score >= enough - 1e-9)
