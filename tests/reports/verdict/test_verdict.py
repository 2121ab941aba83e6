"""The verdict in plain words: what it says about good, bad, few, rare and missing results of each kind of task."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.decision_rule import DecisionRule
from core.evaluation.comparison import ModelOutputs, compare
from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import NOT_TRUSTED
from core.reports.verdict.compose import Verdict, compose_verdict, make_verdict
from core.reports.verdict.evidence import Evidence
from core.run_evaluation import BaselineComparison, RunPredictions
from core.task import Floats, Label, Task
from core.workspace import Workspace
from tests.finished import TASKS, finished

SPAM = Task("binary", ("ham", "spam"))
INTENTS = Task("multiclass", tuple(f"intent {i}" for i in range(77)))
TAGS = Task("multilabel", ("red", "sweet", "cold"))
PRICE = Task("regression", ())


def predictions_of(
    task: Task, labels: Sequence[Label], predicted: Sequence[Label], confidence: float
) -> RunPredictions:
    """Predictions of each label with a confidence; those of a regression are the values themselves."""
    targets, chosen = task.encode(labels), task.encode(predicted)
    frame = pd.DataFrame({"row": range(len(labels)), "text": "a text", "label": pd.Series(list(labels), dtype=object)})
    if task.kind == "regression":
        return RunPredictions(task, frame, targets, chosen[:, None], DecisionRule())
    log_odds = np.log(confidence / (1 - confidence))
    one_hot = chosen if task.kind == "multilabel" else np.eye(task.outputs)[chosen]
    logits = log_odds * (2 * one_hot - 1) if task.kind == "multilabel" else log_odds * one_hot
    return RunPredictions(task, frame, targets, np.asarray(logits, dtype=np.float32), DecisionRule())


def evidence_of(
    task: Task,
    labels: Sequence[Label],
    predicted: Sequence[Label],
    train: dict[str, int] | None = None,
    confidence: float = 0.8,
    baseline: Floats | None = None,
) -> Evidence:
    """The evidence about predictions for test rows, with a comparison if the logits of a baseline are given."""
    known = predictions_of(task, labels, predicted, confidence)
    comparisons = []
    if baseline is not None:
        model, other = ModelOutputs("This model", known.logits), ModelOutputs("the instant model", baseline)
        compared = compare(task, known.targets, model, other)
        comparisons = [BaselineComparison("Instant model", compared, "Figures.")]
    metrics = {estimate.name: estimate for estimate in compute_metrics(task, known.targets, known.logits)}
    rows = dict.fromkeys(task.labels, 100) | (train or {})
    return Evidence(task, "test", known, known, metrics, comparisons, rows, train_mean=5.0)


def text(verdict: Verdict) -> str:
    """All sentences of a verdict."""
    details = [sentence for sentences in verdict.details().values() for sentence in sentences]
    return "\n".join([verdict.headline, *verdict.quality, verdict.use, *details])


def spam(hits: int, misses: int, alarms: int, ham: int, confidence: float = 0.8) -> Evidence:
    """Spam found and missed, ham taken for spam, and ham that is right."""
    labels = ["spam"] * (hits + misses) + ["ham"] * (alarms + ham)
    predicted = ["spam"] * hits + ["ham"] * misses + ["spam"] * alarms + ["ham"] * ham
    return evidence_of(SPAM, labels, predicted, {"ham": 300}, confidence)


def test_the_headline_counts_correct_texts_and_gives_a_range() -> None:
    verdict = compose_verdict(spam(hits=42, misses=8, alarms=8, ham=42))
    assert verdict.headline == "It labels about 84 of 100 texts correctly."
    assert verdict.quality[0] == "On other texts of this kind, most likely between 76 and 90 of 100."
    assert verdict.quality[1] == "Always answering “ham” would be right for about 50 of 100 texts."
    assert verdict.use == "It can work on its own where about 16 of 100 predictions may be wrong."
    assert "With 400 rows, the range would be about half as wide." in verdict.certainty


def test_a_share_close_to_all_is_told_apart_from_all() -> None:
    almost = compose_verdict(spam(hits=499, misses=1, alarms=1, ham=499))
    assert almost.headline == "It labels about 998 of 1,000 texts correctly."
    perfect = compose_verdict(spam(hits=50, misses=0, alarms=0, ham=50))
    assert perfect.headline == "It labels all of the 100 test texts correctly."
    assert "most likely between 96 and 100 of 100" in perfect.quality[0]
    assert perfect.weaknesses == ("It makes no mistakes on these rows.",)


def test_the_weakest_label_and_the_most_frequent_mistake_are_counted() -> None:
    verdict = compose_verdict(spam(hits=30, misses=20, alarms=5, ham=95))
    assert verdict.weaknesses == (
        "The weakest label is “spam”: it finds 30 of 50 texts with it. 30 of the 35 texts that it gives this label have it.",
        "The most frequent mistake is “spam” predicted as “ham”: 20 of 50 texts.",
    )


def test_a_rare_label_is_not_hidden_by_a_frequent_one() -> None:
    verdict = compose_verdict(spam(hits=2, misses=8, alarms=0, ham=190))
    assert "Always answering “ham” would be right for about 95 of 100 texts." in verdict.quality
    assert "Of the texts with another label, it labels about 20 of 100 correctly." in verdict.quality


def test_one_answer_for_every_text_is_not_useful() -> None:
    verdict = compose_verdict(spam(hits=0, misses=20, alarms=0, ham=80))
    assert verdict.outcome == "not useful"
    assert "do not show that it is better than one answer for every text" in verdict.use
    assert "because it never predicts this label" in text(verdict)
    assert verdict.advice.place == "data"


@pytest.mark.parametrize("rows", [4, 20])
def test_few_rows_prove_little(rows: int) -> None:
    half = rows // 2
    verdict = compose_verdict(spam(hits=half - 1, misses=1, alarms=0, ham=half))
    assert verdict.outcome == "unclear"
    assert f"Measured on only {rows} test rows, which the model was not trained on." in verdict.certainty
    assert "Label more texts" in verdict.advice.text


def test_77_labels_are_summed_up() -> None:
    labels = [name for name in INTENTS.labels[:76] for _ in range(6)]
    predicted = [INTENTS.labels[1] if i < 5 else name for i, name in enumerate(labels)]
    verdict = compose_verdict(evidence_of(INTENTS, labels, predicted, {"intent 0": 7}))
    assert "There are no rows of “intent 76”, so nothing is known about it." in verdict.certainty
    assert "76 of 77 labels have fewer than 10 rows, so little is known about each of them." in verdict.certainty
    assert "“intent 0” predicted as “intent 1”: 5 of 6 texts" in text(verdict)
    assert verdict.advice.text == (
        "Add texts with the label “intent 0”: it is the weakest, and the model learned it from only 7 texts."
    )


def test_labels_found_and_labels_given_are_told_apart() -> None:
    labels: list[Label] = [*[["red", "sweet"]] * 40, *[["cold"]] * 20]
    predicted: list[Label] = [*[["red"]] * 40, *[["cold", "red"]] * 20]
    verdict = compose_verdict(evidence_of(TAGS, labels, predicted))
    assert verdict.headline == (
        "It finds about 60 of 100 labels of these texts. Of the labels it gives, about 75 of 100 are correct."
    )
    assert "The most frequent mistake is a missing label: “sweet”, in 40 texts." in verdict.weaknesses
    assert verdict.outcome == "limited"


def test_no_predicted_label_and_no_actual_label_are_said() -> None:
    silent = compose_verdict(evidence_of(TAGS, [["red"]] * 40, [[]] * 40))
    assert silent.headline == "It gives no label to any of these texts."
    assert silent.outcome == "not useful"
    assert "nothing is known about them" in text(silent)
    unlabeled = compose_verdict(evidence_of(TAGS, [[]] * 40, [["red"]] * 40))
    assert "None of these texts has a label." in unlabeled.quality


def test_errors_of_a_regression_are_compared_with_the_mean() -> None:
    actual = [float(value) for value in np.linspace(0, 10, 60)]
    predicted = [value + (2.0 if value > 7 else 0.5) for value in actual]
    verdict = compose_verdict(evidence_of(PRICE, actual, predicted))
    assert verdict.headline == "Its predictions are off by about 0.95 on average."
    assert "Always predicting the mean, 5, would be off by 2.54. The actual values go from 0 to 10." in verdict.quality
    assert "It does worst on the highest third of the values" in verdict.weaknesses[0]
    useless = compose_verdict(evidence_of(PRICE, actual, predicted[::-1]))
    assert useless.outcome == "not useful"


def test_confident_mistakes_lead_to_a_search_for_label_errors() -> None:
    verdict = compose_verdict(spam(hits=45, misses=5, alarms=0, ham=50, confidence=0.97))
    assert "5 of its 5 mistakes were made with a confidence of 90% or more." in verdict.weaknesses
    assert (verdict.advice.action, verdict.advice.place) == ("Find label errors", "data")


def test_unsure_predictions_lead_to_a_review_by_hand() -> None:
    unsure, sure = (
        spam(hits=20, misses=10, alarms=10, ham=20, confidence=0.6),
        spam(hits=60, misses=0, alarms=0, ham=60),
    )
    both = [part.known for part in (unsure, sure)]
    known = RunPredictions(
        SPAM,
        pd.concat([part.frame for part in both], ignore_index=True),
        np.concatenate([part.targets for part in both]),
        np.concatenate([part.logits for part in both]),
        DecisionRule(),
    )
    metrics = {estimate.name: estimate for estimate in compute_metrics(SPAM, known.targets, known.logits)}
    evidence = Evidence(SPAM, "test", known, known, metrics, [], {"ham": 300, "spam": 300})
    advice = compose_verdict(evidence).advice
    assert advice.place == "confidence"
    assert "Review predictions below a confidence of" in advice.text
    active = replace(known, rule=DecisionRule(abstain_below=0.8))
    assert compose_verdict(replace(evidence, validation=active)).advice.place == "predict"


@pytest.mark.parametrize(
    ("baseline_knows", "answer"), [(-1.0, "Yes: it is better than"), (1.0, "No: "), (0.0, "Not proven: 120 test rows")]
)
def test_the_comparison_is_summed_up(baseline_knows: float, answer: str) -> None:
    targets = np.asarray([0, 1] * 60)
    predicted = np.where(np.arange(120) % 5 == 0, 1 - targets, targets)
    other = {-1.0: 1 - targets, 0.0: np.roll(predicted, 2), 1.0: targets}[baseline_knows]
    evidence = evidence_of(
        SPAM,
        [SPAM.labels[i] for i in targets],
        [SPAM.labels[i] for i in predicted],
        baseline=np.asarray(np.eye(2)[other], dtype=np.float32),
    )
    verdict = compose_verdict(evidence)
    assert verdict.comparison_question == "Did fine-tuning help?"
    assert verdict.comparison[0].startswith(answer)
    assert "the instant model" in verdict.comparison[0]
    assert (verdict.advice.place == "train") == (baseline_knows == 1.0)


def test_nothing_is_claimed_without_rows_or_predictions() -> None:
    known = spam(hits=1, misses=0, alarms=0, ham=1)
    without = replace(known, predictions=None, validation=None, metrics={}, imported=True)
    verdict = compose_verdict(without)
    assert verdict.headline == "How good this model is, is not known."
    assert verdict.quality == ("It was imported without its predictions.",)
    assert (verdict.comparison, verdict.weaknesses, verdict.advice.place) == ((), (), "predict")
    empty = compose_verdict(evidence_of(SPAM, [], []))
    assert empty.quality == ("There are no test rows to measure it on.",)


def test_imported_predictions_and_validation_rows_are_said() -> None:
    evidence = spam(hits=42, misses=8, alarms=8, ham=42)
    assert "came with the imported file" in text(compose_verdict(replace(evidence, imported=True)))
    validation = replace(evidence, split="validation", optimism="about 2.1 points of F1 too good")
    assert "so its scores are about 2.1 points of F1 too good." in text(compose_verdict(validation))


def test_rows_that_belong_together_and_untrusted_ranges_are_said() -> None:
    evidence = spam(hits=42, misses=8, alarms=8, ham=42)
    grouped = replace(evidence.metrics["accuracy"], units=12, note=f"{NOT_TRUSTED}: there are too few groups.")
    verdict = compose_verdict(replace(evidence, metrics=evidence.metrics | {"accuracy": grouped}))
    assert "They form 12 groups of texts that belong together, and each group counts once." in verdict.certainty
    assert grouped.note in verdict.certainty
    assert not any("half as wide" in sentence for sentence in verdict.certainty)


@pytest.mark.parametrize("kind", TASKS)
def test_a_stored_run_of_each_task_has_a_verdict(kind: str, workspace: Workspace) -> None:
    verdict = make_verdict(finished(workspace, kind, knows=2.0), "test")
    assert list(verdict.details()) == [
        "How sure is that?",
        "Did fine-tuning help?",
        "Where does it fail?",
        "What comes next?",
    ]
    assert "nan" not in text(verdict)
    assert "undefined" not in text(verdict)
