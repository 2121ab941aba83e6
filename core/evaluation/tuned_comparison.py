"""Comparison of two models whose decisions are tuned alike: what is left is what the models know, not how they were weighted.

Class weights, a temperature or thresholds that only one side has change macro-F1 and log loss without any better ranking: two
copies of one ranker, one with the square root of balanced class weights and one with balanced weights, differed in up to all
test sets. Here both sides get calibrated probabilities and thresholds from the same validation rows.
"""

from dataclasses import dataclass

from core.evaluation import comparison
from core.evaluation.comparison import Comparison, ModelOutputs, describe_comparison
from core.evaluation.decisions.tuning import cross_tuned, tune_decisions
from core.evaluation.statistics.units import Units
from core.task import Floats, Task
from core.types import Targets

# Needs no threshold. Calibrated log loss counts each row once, so that it also has a narrow interval where classes are rare.
_THRESHOLD_FREE = "log_loss"
# The interval of log loss is four standard errors wide; a third of it is 1.3 of them, which chance exceeds in one case of ten.
_CONFIRMING_SHARE = 1 / 3


@dataclass(frozen=True)
class SplitOutputs:
    """The name of a model in sentences, and its logits for the validation rows and for the rows it is measured on.

    ``units`` is the unit of each row that it is measured on; None where each row is its own unit.
    """

    name: str
    validation: Floats
    evaluated: Floats
    units: Units = None


@dataclass(frozen=True)
class TunedComparison:
    """Two models compared by the main metric of their task and by calibrated log loss; None for regression."""

    main: Comparison
    threshold_free: Comparison | None = None

    @property
    def confirmed(self) -> bool:
        """Whether log loss is lower for the model that is better by the main metric, by more than chance often gives.

        The intervals do not know the luck of the validation rows, which tune each side; two metrics that agree are rarely lucky.
        """
        other = self.threshold_free
        if other is None or self.main.better is None:
            return True
        advantage = -other.difference if self.main.better else other.difference
        return advantage > (other.high - other.low) * _CONFIRMING_SHARE

    @property
    def helped(self) -> bool | None:
        """Whether the first model is better (True) or worse (False); None where the rows cannot tell or the metrics disagree."""
        return self.main.better if self.confirmed else None

    def describe(self, method: str = "Fine-tuning") -> str:
        """Whether the method of the first model helped, in a sentence or two; says where the two metrics disagree."""
        other = self.threshold_free
        if not self.confirmed and other is not None:
            return (
                f"The metrics do not agree on whether {method[0].lower()}{method[1:]} helped: {_describe_difference(self.main)}; "
                f"{_describe_difference(other)}, which does not confirm it."
            )
        sentence = describe_comparison(self.main, method)
        if self.main.better is not None or other is None or other.better is None:
            return sentence
        return (
            f"{sentence} Its probabilities are {'better' if other.better else 'worse'}: {_describe_difference(other)}."
        )


def _describe_difference(comparison: Comparison) -> str:
    """A difference with its interval: "Log loss is 0.1 higher than TF-IDF (95% interval +0.05 to +0.15)"."""
    metric, difference = comparison.metric, comparison.difference
    direction = "higher" if difference > 0 else "lower"
    low, high = (metric.format_difference(end) for end in (comparison.low, comparison.high))
    size = metric.format_size(difference)
    return f"{metric.title} is {size} {direction} than {comparison.names[1]} (95% interval {low} to {high})"


def compare_tuned(
    task: Task, targets: tuple[Targets, Targets], first: SplitOutputs, second: SplitOutputs, split: str = "test"
) -> TunedComparison:
    """Two models compared with decisions tuned on the validation rows.

    On the validation rows themselves, each row is decided by what was tuned on other rows.

    Args:
        task: the task of both models.
        targets: those of the validation rows and of the rows that the models are measured on.
        first: the logits of the first model.
        second: the logits of the second model.
        split: the name of the rows in sentences; "validation" if they are the validation rows.
    """
    y_validation, y_true = targets
    models = (first, second)
    if task.kind == "regression" or len(y_validation) == 0:
        plain = [ModelOutputs(model.name, model.evaluated, (), model.units) for model in models]
        return TunedComparison(comparison.compare(task, y_true, plain[0], plain[1], split=split))
    calibrated, decided = [], []
    for model in models:
        if split == "validation":
            outputs = cross_tuned(task, y_validation, model.validation)
        else:
            tuned = tune_decisions(task, y_validation, model.validation)
            outputs = tuned.calibrated(model.evaluated), tuned.decided(model.evaluated)
        calibrated.append(ModelOutputs(model.name, outputs[0], (), model.units))
        decided.append(ModelOutputs(model.name, outputs[1], (), model.units))
    main = comparison.compare(task, y_true, decided[0], decided[1], split=split)
    threshold_free = comparison.compare(task, y_true, calibrated[0], calibrated[1], _THRESHOLD_FREE, split)
    return TunedComparison(main, threshold_free)
