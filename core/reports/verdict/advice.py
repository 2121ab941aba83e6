"""Whether fine-tuning helped, what the model can be used for, and what to do next, in sentences."""

import math
from dataclasses import dataclass
from typing import Literal

from core.errors import ConfigError
from core.evaluation.decisions import abstention
from core.formatting import format_percent, pluralize
from core.reports.verdict.evidence import FEW_ROWS, Evidence
from core.reports.verdict.quality import Quality
from core.reports.verdict.weaknesses import CONFIDENT, weakest_label
from core.reports.verdict.wording import about, format_size, quote

Outcome = Literal["useful", "limited", "unclear", "not useful"]
# Where advice is followed: a page, or a section of Evaluate.
Place = Literal["data", "train", "predict", "confidence"]

# With more mistakes than this, a person has to read every prediction.
_MANY_MISTAKES = 0.3
_WANTED_ACCURACY = 0.95
_MIN_COVERAGE = 0.3
# Label errors are worth a search from this share of rows that the model contradicts with confidence.
_SUSPECT_SHARE = 0.02
_MIN_SUSPECTS = 3
_FEW_TRAINING_ROWS = 50
_WEAK_F1 = 0.1


@dataclass(frozen=True)
class Advice:
    """What to do next: a sentence, the text of a button, and the place where it is done."""

    text: str
    action: str
    place: Place


def describe_comparison(evidence: Evidence) -> str:
    """Whether the model is better than each trained baseline, in one sentence."""
    if not evidence.comparisons:
        return "There is no simpler model to compare with."
    better, worse, unclear = (
        [each.comparison.names[1] for each in evidence.comparisons if each.helped is verdict]
        for verdict in (True, False, None)
    )
    rows = pluralize(evidence.rows, f"{evidence.split} row")
    parts = []
    if better:
        parts.append(f"it is better than {_join(better)}")
    if worse:
        parts.append(f"{_join(worse)} {'is' if len(worse) == 1 else 'are'} better")
    if unclear:
        parts.append(f"{rows} cannot tell it apart from {_join(unclear)}")
    answer = "No" if worse else "Not proven" if not better else "In part" if unclear else "Yes"
    return f"{answer}: {'; '.join(parts)}."


def _join(names: list[str]) -> str:
    return " and ".join(names)


def describe_use(evidence: Evidence, quality: Quality) -> tuple[Outcome, str]:
    """Whether to use the model, and for what."""
    if quality.beats_constant is None:
        return "unclear", "Try it on texts of your own before you rely on it."
    if evidence.rows < FEW_ROWS:
        return "unclear", "The rows are too few to decide whether to use it."
    if not quality.beats_constant:
        return (
            "not useful",
            "Do not rely on it: these rows do not show that it is better than one answer for every text.",
        )
    if evidence.task.kind == "regression":
        return "useful", _describe_interval(evidence)
    if evidence.task.kind == "multilabel":
        return _describe_multilabel_use(evidence)
    mistakes = 1 - float(evidence.known.correct.mean())
    if mistakes > _MANY_MISTAKES:
        return "limited", f"Use it for suggestions that a person checks: {about(mistakes)} predictions are wrong."
    if mistakes == 0:
        return "useful", "It can work on its own. Check some of its predictions by hand from time to time."
    return "useful", f"It can work on its own where {about(mistakes)} predictions may be wrong."


def _describe_multilabel_use(evidence: Evidence) -> tuple[Outcome, str]:
    wrong = 1 - evidence.metrics["precision_micro"].value
    missed = 1 - evidence.metrics["recall_micro"].value
    figures = f"{about(wrong)} labels that it gives are wrong, and it misses {about(missed)} labels"
    if max(wrong, missed) > _MANY_MISTAKES:
        return "limited", f"Use it for suggestions that a person checks: {figures}."
    return "useful", f"It can work on its own where this is acceptable: {figures}."


def _describe_interval(evidence: Evidence) -> str:
    rule = evidence.known.rule
    if rule.interval_half_width is None:
        return "Use it where an error of this size is acceptable."
    inside = float((evidence.errors <= rule.interval_half_width).mean())
    size = format_size(rule.interval_half_width)
    return f"Use it where a value may be off by {size}: {about(inside)} predictions were closer than that."


def advise(evidence: Evidence, quality: Quality) -> Advice:
    """The one thing to do next."""
    if quality.beats_constant is None:
        return Advice("Try it on texts of your own, and correct what is wrong.", "Try it on Predict", "predict")
    if evidence.rows < FEW_ROWS:
        return Advice(
            f"Label more texts: at least {FEW_ROWS} are needed to measure a model, and 200 give a useful range.",
            "Add texts",
            "data",
        )
    if not quality.beats_constant:
        return Advice(
            "Check the labels, and add texts: the model has not learned what tells the labels apart."
            if evidence.task.labels
            else "Check the values, and add texts: the model has not learned what they depend on.",
            "Check the data",
            "data",
        )
    worse = [each for each in evidence.comparisons if each.helped is False]
    if worse and evidence.fine_tuned:
        return Advice(
            f"Train longer, or use {worse[0].comparison.names[1]}: it is better on these rows and costs less.",
            "Train again",
            "train",
        )
    return _advice_on_labels(evidence) or Advice(
        "Use it on new texts, and correct what is wrong: the corrections can be trained on.",
        "Predict new texts",
        "predict",
    )


def _advice_on_labels(evidence: Evidence) -> Advice | None:
    """Advice on a classifier that is better than its baselines; None where nothing stands out."""
    if evidence.task.kind == "regression" or evidence.known.correct.all():
        return None
    return _review_labels(evidence) or _add_texts(evidence) or _review_by_hand(evidence)


def _review_labels(evidence: Evidence) -> Advice | None:
    contradicted = ~evidence.known.correct & (evidence.known.predictions.confidence >= CONFIDENT)
    count = int(contradicted.sum())
    if not evidence.task.one_label or count < max(_MIN_SUSPECTS, _SUSPECT_SHARE * evidence.rows):
        return None
    return Advice(
        f"Look for wrong labels in the data: the model contradicts {pluralize(count, 'label')} of these rows with a confidence "
        f"of {CONFIDENT:.0%} or more.",
        "Find label errors",
        "data",
    )


def _add_texts(evidence: Evidence) -> Advice | None:
    weakest = weakest_label(evidence)
    if weakest is None or len(evidence.labels) < 2:
        return None
    rows = evidence.train_rows.get(weakest["label"], 0)
    if rows >= _FEW_TRAINING_ROWS or weakest["f1"] > float(evidence.labels["f1"].median()) - _WEAK_F1:
        return None
    return Advice(
        f"Add texts with the label {quote(weakest['label'])}: it is the weakest, and the model learned it from only "
        f"{pluralize(rows, 'text')}.",
        "Add texts",
        "data",
    )


def _review_by_hand(evidence: Evidence) -> Advice | None:
    validation = evidence.validation
    if validation is None or validation.rule.abstain_below or not len(validation.targets):
        return None
    try:
        chosen = abstention.choose_threshold(
            validation.predictions.confidence, validation.correct, _WANTED_ACCURACY, validation.units
        )
    except ConfigError:
        return None
    if not math.isfinite(chosen.threshold) or not _MIN_COVERAGE <= chosen.coverage < 1:
        return None
    return Advice(
        f"Review predictions below a confidence of {format_percent(chosen.threshold, 0)} by hand. That is "
        f"{about(1 - chosen.coverage)} texts; of the others, {about(chosen.accuracy)} were correct on validation.",
        "Set a minimum confidence",
        "confidence",
    )
