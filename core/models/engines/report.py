"""Engines as people read them: a sentence about the one that answers, and a table of what a trial found."""

import pandas as pd

from core.formatting import format_number, format_percent, pluralize
from core.models.engines.base import TITLES, TORCH
from core.models.engines.choice import DEFAULT_LIMITS, Choice, EngineResult, Limits, Trial, objection


def describe_engine(engine: str, trial: Trial | None) -> str:
    """Which engine answers, its speed and its agreement, in a sentence; without figures if it was not measured here."""
    title = TITLES.get(engine, engine)
    result = next((r for r in trial.results if r.name == engine and not r.problem), None) if trial else None
    if trial is None or result is None:
        return f"Answered by {title}. Its speed was not measured on this host yet."
    sentence = f"Answered by {title}: {format_number(result.texts_per_second, 0)} texts per second"
    if engine == TORCH:
        return f"{sentence}."
    same = f"the same answer as {TITLES[TORCH]} for {format_percent(result.agreement)}"
    return f"{sentence}, {same} of {pluralize(trial.texts, 'validation text')}."


def results_table(choice: Choice, limits: Limits = DEFAULT_LIMITS) -> pd.DataFrame:
    """A row for each engine of a trial, the fastest first.

    Columns: engine (its title), texts_per_second, agreement, score_change (in points; NaN without labels), and result (why
    it was chosen or not). Engines that failed come last, without numbers.
    """
    rows = [_row(result, choice, limits) for result in choice.trial.results]
    frame = pd.DataFrame(rows, columns=["engine", "texts_per_second", "agreement", "score_change", "result"])
    numbers = ["texts_per_second", "agreement", "score_change"]
    frame[numbers] = frame[numbers].astype(float)
    return frame.sort_values("texts_per_second", ascending=False, kind="stable").reset_index(drop=True)


def _row(
    result: EngineResult, choice: Choice, limits: Limits
) -> tuple[str, float | None, float | None, float | None, str]:
    if result.problem:
        return TITLES[result.name], None, None, None, f"failed: {result.problem}"
    # "+ 0" turns -0 into 0.
    change = None if result.score_loss is None else -100 * result.score_loss + 0
    return TITLES[result.name], result.texts_per_second, result.agreement, change, _outcome(result, choice, limits)


def _outcome(result: EngineResult, choice: Choice, limits: Limits) -> str:
    if result.name == choice.engine:
        return "chosen"
    if reason := objection(result, choice.trial, limits):
        return reason
    return "slower" if result.texts_per_second <= choice.result.texts_per_second else "hardly faster, and less exact"
