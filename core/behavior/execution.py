"""Runs behavioral tests on the model of a run: at the end of its training, or as the job ``python -m core test-behavior``."""

import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core import decision_rule
from core.behavior.results import COLUMNS, FOLDER, RESULTS, BehaviorResults, save_results
from core.behavior.suite import cases_of_run, load_run_tests
from core.decision_rule import DecisionRule
from core.errors import ConfigError, StudioError
from core.evaluation.behavior.cases import Cases
from core.evaluation.behavior.definitions import BehaviorTest
from core.evaluation.behavior.judgement import judge
from core.evaluation.decisions.predictions import Predictions
from core.jobs.events import OnEvent, Phase, Problem, Progress, ignore_event
from core.jobs.folder import JobFolder
from core.jobs.runner import StopSignal, run_job
from core.prediction.texts import format_label
from core.runs import Run
from core.task import Floats, Task
from core.workspace import workspace_containing

ComputeLogits = Callable[[Sequence[str]], Floats]


def behavior_job(run: Run) -> JobFolder:
    """The job that runs the tests of a run's dataset on its model."""
    return JobFolder(run.folder / FOLDER, "test-behavior", RESULTS)


def run_behavior_job(folder: Path) -> None:
    """Run the tests for a folder of :func:`behavior_job` in this process. Tests that were done when it is stopped are kept."""

    def compute(on_event: OnEvent, stop: StopSignal) -> None:
        run = Run.open(folder.parent)
        tests = load_run_tests(run)
        if not tests:
            raise ConfigError("The dataset of this run has no behavioral tests.", "Write some on Evaluate.")
        on_event(Phase("loading"))
        logits = load_logits(run)
        with stop.deferred():
            on_event(Phase("testing"))
            save_results(run, run_tests(run, tests, logits, on_event, lambda: stop.requested))

    run_job(folder, workspace_containing(folder).home, compute)


def run_tests_after_training(run: Run, on_event: OnEvent, should_stop: Callable[[], bool]) -> None:
    """Run the tests of a run's dataset, if there are any, at the end of its training.

    The run is finished by then, so a failure is an event and a traceback in the log, never an exception.
    """
    try:
        tests = load_run_tests(run)
        if tests and not should_stop():
            on_event(Phase("testing"))
            save_results(run, run_tests(run, tests, load_logits(run), on_event, should_stop))
    except Exception as error:  # noqa: BLE001 -- the model is trained and saved: nothing may take it back
        traceback.print_exc()
        reason = error.message if isinstance(error, StudioError) else f"{type(error).__name__}: {error}"
        on_event(Problem("behavior", f"The behavioral tests could not be run. {reason}", "Run them again on Evaluate."))


def load_logits(run: Run) -> ComputeLogits:
    """The function that computes the logits of texts with the model of a run, by the engine of this host.

    Raises:
        ModelError: the model cannot be loaded.
    """
    # Imported here because it takes seconds, and most trainings have no tests.
    from core.models.engines.load import load_engine

    return load_engine(run.model_folder).logits


def run_tests(
    run: Run,
    tests: Sequence[BehaviorTest],
    logits: ComputeLogits,
    on_event: OnEvent = ignore_event,
    should_stop: Callable[[], bool] = lambda: False,
) -> BehaviorResults:
    """The results of tests on the model of a run. If ``should_stop`` becomes true, of those that were done until then.

    Args:
        run: a run with a model.
        tests: the tests.
        logits: computes the logits (n, outputs) of texts.
        on_event: is told the progress, in tests.
        should_stop: is asked before each test.

    Raises:
        StorageError: the rows or the decision rule are damaged.
    """
    rule = decision_rule.load(run.model_folder)
    predict = _Predictor(run.task, rule, logits)
    problems: dict[str, str] = {}
    tables = [pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})]
    for number, test in enumerate(tests):
        if should_stop():
            problems |= {left.name: "It was stopped before this test." for left in tests[number:]}
            break
        try:
            tables.append(_judge_cases(test, cases_of_run(run, test), predict).assign(test=number))
        except ConfigError as error:
            problems[test.name] = str(error)
        on_event(Progress(number + 1, len(tests)))
    cases = pd.concat(tables, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)
    return BehaviorResults(tuple(tests), rule, datetime.now(UTC).isoformat(timespec="seconds"), cases, problems)


class _Predictor:
    """Predictions of texts, each of which is computed once: the tests share their seed texts."""

    def __init__(self, task: Task, rule: DecisionRule, logits: ComputeLogits) -> None:
        self._task, self._rule, self._compute = task, rule, logits
        self._known: dict[str, Floats] = {}

    def __call__(self, texts: Sequence[str]) -> Predictions:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known |= dict(zip(new, self._compute(new), strict=True))
        return self._rule.apply(self._task, np.stack([self._known[text] for text in texts]))


def _judge_cases(test: BehaviorTest, cases: Cases, predict: Callable[[Sequence[str]], Predictions]) -> pd.DataFrame:
    # Both sides are computed in the same call, so that their batches are.
    predict([*cases.before, *cases.after])
    before, after = predict(cases.before), predict(cases.after)
    judgement = judge(test, before, after)
    return pd.DataFrame(
        {
            "unit": cases.units,
            "before": cases.before,
            "after": cases.after,
            "passed": judgement.passed,
            "severity": judgement.severity,
            "score_before": judgement.score_before,
            "score_after": judgement.score_after,
            "label_before": [format_label(label) for label in before.labels],
            "label_after": [format_label(label) for label in after.labels],
        }
    )
