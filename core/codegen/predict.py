"""Code that predicts one text with the pipeline of transformers and applies the model's decision rule."""

from core.codegen.render import render
from core.decision_rule import DecisionRule
from core.models.truncation import Truncation
from core.task import Task


def predict_code(task: Task, rule: DecisionRule, text: str, truncation: Truncation = "head") -> str:
    """Python that predicts a text with the model in the zip of a run."""
    thresholds = list(rule.thresholds) or [0.5] * task.outputs
    per_label = thresholds * task.outputs if len(thresholds) == 1 else thresholds
    return render(
        "predict.py.j2",
        kind=task.kind,
        labels=list(task.labels),
        text=text,
        thresholds=dict(zip(task.labels, per_label, strict=True)) if task.kind == "multilabel" else {},
        threshold=rule.thresholds[0] if task.kind == "binary" and rule.thresholds else None,
        abstain_below=rule.abstain_below,
        half_width=rule.interval_half_width,
        level=rule.interval_level,
        head_tail=truncation == "head_tail",
    )
