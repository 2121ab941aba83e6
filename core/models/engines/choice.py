"""Chooses the fastest engine of this host among those that predict as torch does in float32; the choice is stored.

A trial on validation texts measures every candidate. One is accepted if its predictions agree with torch's on enough texts
and its score is not lower by more than a limit on the same texts. The results are kept beside the exports, in a file for each
host, so that another limit needs no other trial.
"""

import hashlib
import importlib.metadata
import json
import math
import sys
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

from core import host
from core.decision_rule import DecisionRule
from core.errors import StorageError
from core.formatting import format_percent, pluralize
from core.models.engines.agreement import agreement, check_close_decisions, score
from core.models.engines.base import CHECKED, ENGINES, FLOAT32, TITLES, TORCH
from core.models.engines.cpu import cpu_flags
from core.models.engines.trial import Measurement
from core.storage import parse_record, read_record, write_record
from core.task import Task
from core.types import Targets

# An engine must be faster than a more faithful one by this factor, more than the noise of a trial.
_FASTER_BY = 1.05


@dataclass(frozen=True)
class Limits:
    """What an engine must keep: the share of equal predictions, and the largest loss of score (0.002 is 0.2 points)."""

    min_agreement: float = 0.99
    max_score_loss: float = 0.002

    @property
    def min_texts(self) -> int:
        """The fewest texts on which such an agreement can be seen: below, one text is more than may differ."""
        return math.ceil(1 / (1 - self.min_agreement) - 1e-6) if self.min_agreement < 1 else sys.maxsize


DEFAULT_LIMITS = Limits()
# Asks for predictions as of float32.
FAITHFUL = Limits(min_agreement=0.999)


@dataclass(frozen=True)
class EngineResult:
    """A candidate's result: agreement with torch, loss of score (None without labels), texts per second, or why it failed.

    An engine in ``CHECKED`` computes a text again if the margin of its decision is less than ``recheck_below``.
    """

    name: str
    agreement: float = 0.0
    score_loss: float | None = None
    texts_per_second: float = 0.0
    problem: str = ""
    recheck_below: float = 0.0


@dataclass(frozen=True)
class Trial:
    """The results of all candidates on ``texts`` validation texts, on this host, for the model with this fingerprint.

    ``rule`` is the decision rule whose decisions were compared.
    """

    fingerprint: str
    host: dict[str, str | int]
    texts: int
    results: tuple[EngineResult, ...]
    rule: DecisionRule = field(default_factory=DecisionRule)

    def result_of(self, engine: str) -> EngineResult:
        """The result of an engine.

        Raises:
            KeyError: it was not a candidate.
        """
        return {result.name: result for result in self.results}[engine]


@dataclass(frozen=True)
class Choice:
    """The chosen engine, why, and the trial it comes from."""

    engine: str
    reason: str
    trial: Trial

    @property
    def result(self) -> EngineResult:
        """The result of the chosen engine."""
        return self.trial.result_of(self.engine)


def choose(trial: Trial, limits: Limits = DEFAULT_LIMITS) -> Choice:
    """The fastest engine within the limits; torch if there is none.

    Of two engines that are about equally fast, the more faithful one is chosen.
    """
    results = {result.name: result for result in trial.results}
    best = results[TORCH]
    for name in ENGINES:
        result = results.get(name)
        faster = result and result.texts_per_second > _FASTER_BY * best.texts_per_second
        if result and faster and not objection(result, trial, limits):
            best = result
    return Choice(best.name, _reason(best, trial, limits), trial)


def objection(result: EngineResult, trial: Trial, limits: Limits) -> str:
    """Why an engine is not accepted, as the rest of a sentence; empty if it is."""
    if result.problem:
        return f"failed: {result.problem.rstrip('.')}"
    if result.name not in FLOAT32 and trial.texts < limits.min_texts:
        needed = format_percent(limits.min_agreement)
        return f"may not predict the same for {needed}: {pluralize(trial.texts, 'text')} are too few to tell"
    if result.agreement < limits.min_agreement:
        found, needed = format_percent(result.agreement), format_percent(limits.min_agreement)
        return f"predicts the same for only {found}, less than {needed}"
    if (result.score_loss or 0.0) > limits.max_score_loss + 1e-9:
        return f"has a score that is {100 * (result.score_loss or 0.0):.2f} points lower"
    return ""


def evaluate_trial(
    task: Task, rule: DecisionRule, measurements: dict[str, Measurement], targets: Targets | None
) -> tuple[EngineResult, ...]:
    """The results of measured engines, and of those in ``CHECKED``, which follow from two of them."""
    expected = measurements[TORCH].logits

    def judge(measured: Measurement) -> EngineResult:
        equal = float(agreement(task, rule, expected, measured.logits).mean())
        loss = None
        if targets is not None:
            loss = score(task, rule, expected, targets) - score(task, rule, measured.logits, targets)
        return EngineResult(measured.name, equal, loss, measured.texts_per_second)

    results = [
        EngineResult(name, problem=measured.problem) if measured.problem else judge(measured)
        for name, measured in measurements.items()
    ]
    for name, parts in CHECKED.items():
        fast, exact = (measurements.get(part) for part in parts)
        if fast and exact and not fast.problem and not exact.problem and task.kind != "regression":
            checked = check_close_decisions(task, rule, exact.logits, fast.logits)
            speed = 1 / (1 / fast.texts_per_second + checked.share / exact.texts_per_second)
            result = judge(Measurement(name, checked.logits, (speed,)))
            results.append(replace(result, recheck_below=checked.recheck_below))
    return tuple(results)


def load_trial(exports: Path, fingerprint: str, rule: DecisionRule) -> Trial | None:
    """The stored trial of this host; None if there is none, it is of other weights or another rule, or cannot be read."""
    path = _path(exports, fingerprint)
    try:
        trial = parse_record(Trial, read_record(path), path)
    except StorageError:
        return None
    measured = {result.name for result in trial.results if not result.problem}
    same = trial.fingerprint == fingerprint and trial.rule == rule
    return trial if same and TORCH in measured else None


def save_trial(exports: Path, trial: Trial) -> None:
    """Store the trial of this host, with the choice under the default limits for whoever reads the file."""
    choice = choose(trial)
    write_record(_path(exports, trial.fingerprint), asdict(trial) | {"chosen": choice.engine, "reason": choice.reason})


def describe_host() -> dict[str, str | int]:
    """What a trial's results depend on beside the model: cores, instruction sets and versions of the libraries."""
    flags = hashlib.sha256(" ".join(cpu_flags()).encode()).hexdigest()[:12]
    versions = {package: _version(package) for package in ("torch", "onnxruntime", "openvino", "nncf")}
    return {"cores": host.cores(), "cpu_flags": flags, **versions}


@cache
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _path(exports: Path, fingerprint: str) -> Path:
    """The file of a trial; the models that share the exports of an encoder have a file each."""
    key = hashlib.sha256(json.dumps(describe_host(), sort_keys=True).encode()).hexdigest()[:12]
    return exports / f"trial-{key}-{fingerprint[:12]}.json"


def _reason(best: EngineResult, trial: Trial, limits: Limits) -> str:
    torch = trial.result_of(TORCH)
    texts = pluralize(trial.texts, "validation text")
    if best is torch:
        sentences = [f"No accepted engine is clearly faster than {TITLES[TORCH]}, measured on {texts}."]
    else:
        factor = best.texts_per_second / torch.texts_per_second
        sentences = [
            f"{TITLES[best.name]} is {factor:.1f} times as fast as {TITLES[TORCH]} "
            f"and predicts the same for {format_percent(best.agreement)} of {texts}."
        ]
    for result in trial.results:
        problem = objection(result, trial, limits)
        if problem and (result.problem or result.texts_per_second > best.texts_per_second):
            sentences.append(f"{TITLES[result.name]} {'' if result.problem else 'is faster but '}{problem}.")
    return " ".join(sentences)
