"""The estimated share of each class in a file that a run's model has predicted."""

from core import decision_rule
from core.evaluation.prevalence.estimate import LabeledRows, PileEstimate, ShareEstimate, estimate_pile
from core.evaluation.prevalence.pile import Pile
from core.formatting import pluralize
from core.models.engines.base import CHECKED, FLOAT32
from core.prediction.batch_shards import BatchSummary
from core.run_evaluation import load_predictions
from core.runs import Run

_MAX_LINES = 20


def labeled_split(run: Run) -> str:
    """The split whose rows an estimate uses: test once its results have been viewed, or if it is the only one; else validation.

    Test rows have chosen nothing, but each use of them is a view of the test results. Empty if no split has predictions.
    """
    splits = [split for split in ("validation", "test") if run.sizes[split] and run.has_logits(split)]
    return "test" if "test" in splits and (run.count_test_views() or len(splits) == 1) else "".join(splits[:1])


def why_no_estimate(run: Run, summary: BatchSummary) -> str:
    """Why the shares of a predicted file cannot be estimated, as a sentence; empty if they can be."""
    if not labeled_split(run):
        return "The shares cannot be estimated, because this model has no labeled rows that it was not trained on."
    if summary.pile_rows == 0:
        return "There are no predictions to estimate shares from."
    if summary.thresholds is None or (run.task.kind == "regression" and summary.values.rows != summary.pile_rows):
        return "This file was predicted by an older version. Predict it again to estimate the share of each class."
    if summary.engine not in (*FLOAT32, *CHECKED):
        return (
            "The shares are not estimated, because this engine answers a little differently than the one that was evaluated on "
            "labeled rows. Predict the file with the engine of PyTorch or ONNX Runtime in float32."
        )
    return ""


def estimate_shares(run: Run, summary: BatchSummary, split: str) -> PileEstimate:
    """The estimated share of each class, or the mean, in a predicted file, from the labeled rows of a split.

    Raises:
        StorageError: a stored file of the run is damaged.
    """
    rule = decision_rule.DecisionRule(thresholds=tuple(summary.thresholds or ()))
    ours = load_predictions(run, split, rule)
    predictions = ours.predictions
    labeled = LabeledRows(ours.targets, predictions.predicted, predictions.confidence, ours.units)
    # A part of the file may have been predicted by an older version, which did not keep the confidence.
    known = sum(moments.rows for moments in summary.confidence.values()) == summary.pile_rows
    pile = Pile(summary.pile_rows, summary.labels, summary.confidence if known else {}, summary.values)
    return estimate_pile(run.task, labeled, pile)


def describe_basis(estimate: PileEstimate, split: str) -> str:
    """What the estimate rests on, in one or two sentences."""
    rows = pluralize(estimate.labeled, f"{split} row")
    if estimate.units < estimate.labeled:
        rows += f" in {pluralize(estimate.units, 'independent group')}"
    chosen = (
        " The version of the model was chosen on these rows, so its mistakes are a little more frequent than they show, and "
        "the intervals may be too narrow."
        if split == "validation"
        else ""
    )
    return f"Corrected by how often the model is wrong on {rows} that it was not trained on.{chosen}"


def describe_checks(estimate: PileEstimate) -> str:
    """Whether the file is like the labeled rows, and what is assumed, in plain words."""
    if not estimate.estimates[0].label:
        assumed = "It is assumed that texts with the same predicted value have the same value on average as on the labeled rows."
        differs = "The predicted values of the file are higher or lower than there, by more than chance. "
        return (differs if estimate.mix_differs else "") + assumed
    assumed = "It is assumed that the texts of a class look as on the labeled rows; only the shares may differ."
    if estimate.texts_differ is None:
        assumed += " The labeled rows at hand are too few to check this."
    if estimate.texts_differ:
        return (
            "The model is more or less sure of these texts than their classes explain, by more than chance: they seem to be of "
            f"another kind than the labeled rows, and then the intervals do not hold. {assumed}"
        )
    if estimate.mix_differs is None:
        return f"There are too few rows to say whether the file is like the labeled rows. {assumed}"
    if estimate.mix_differs:
        return f"The file has another mix of classes than the labeled rows, by more than chance. {assumed}"
    return f"The mix of predictions differs from that on the labeled rows by no more than chance. {assumed}"


def format_estimates(estimate: PileEstimate) -> list[str]:
    """A line for each label, the largest share first, for the command line."""
    lines = []
    for share in largest_first(estimate)[:_MAX_LINES]:
        name = share.label or "mean"
        doubt = "; too few labeled rows to trust the interval" if share.note and not estimate.texts_differ else ""
        lines.append(f"{name:30} {share.text:24} (predictions: {share.counted_text}{doubt})")
    if len(estimate.estimates) > _MAX_LINES:
        lines.append(f"and {pluralize(len(estimate.estimates) - _MAX_LINES, 'more label')} (see --json)")
    return lines


def largest_first(estimate: PileEstimate) -> list[ShareEstimate]:
    """The estimates in the order of their shares."""
    return sorted(estimate.estimates, key=lambda share: -share.value)


def headline(share: ShareEstimate) -> str:
    """One estimate as text: "complaints 12.3% ± 0.8"."""
    return f"{share.label} {share.text}".strip()
