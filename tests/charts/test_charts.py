"""Every chart draws only columns that its table has."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from core.charts import data, evaluation, health, home, learn, prediction, training
from core.charts.theme import MAX_POINTS, Chart

_ESTIMATES = pd.DataFrame({"metric": ["F1"], "source": ["This model"], "value": [0.8], "low": [0.7], "high": [0.9]})
_CELLS = pd.DataFrame({"actual": ["a", "b"], "predicted": ["b", "b"], "count": [1, 2], "share": [0.5, 1.0]})
_CURVE = pd.DataFrame({"label": "a", "threshold": [0.1, 0.9], "recall": [1.0, 0.5], "precision": [0.5, 1.0]})
_BINS = pd.DataFrame(
    {
        "version": "after",
        "confidence": [0.9],
        "share": [0.8],
        "share_low": [0.7],
        "share_high": [0.9],
        "chance_low": [0.7],
        "chance_high": [1.0],
        "rows": [10],
    }
)
_TRIALS = pd.DataFrame({"trial": [0, 1], "value": [0.5, 0.6], "state": "complete", "epochs": [1.0, 2.0]})
_SCORES = pd.DataFrame({"rows": [10, 20], "score": [0.5, 0.6], "low": [None, 0.4], "high": [None, 0.7]})
_COVERAGE = pd.DataFrame({"coverage": [0.5, 1.0], "risk": [0.1, 0.2], "threshold": [0.9, 0.5]})
_WORDS = pd.DataFrame({"word": ["good", "bad"], "score": [1.0, -1.0], "texts": [3, 4]})
_PIECES = pd.DataFrame({"first": ["a"], "second": ["b"], "row": [0], "column": [0], "similarity": [0.5]})
_STEP = pd.DataFrame({"text": ["a"], "when": ["before"], "probability": [0.5]})
_LOSSES = pd.DataFrame({"step": [0, 1], "train_loss": [0.7, 0.1], "held_out_loss": [0.7, 0.9]})
_INTERVALS = pd.DataFrame({"rows": [20, 100], "low": [0.6, 0.7], "high": [0.9, 0.8]})
CHARTS: dict[str, Chart] = {
    "piece_heatmap": learn.piece_heatmap(_PIECES, "first", "second", "similarity"),
    "before_and_after": learn.before_and_after(_STEP),
    "loss_curves": learn.loss_curves(_LOSSES, 0, 1),
    "interval_by_rows": learn.interval_by_rows(_INTERVALS, 100, 0.75),
    "class_counts": data.class_counts(pd.DataFrame({"label": ["a"], "train": [3], "test": [1]})),
    "histogram": data.histogram(pd.Series([1.0, 2.0, 3.0]), "score", limit=2.5),
    "label_cooccurrence": data.label_cooccurrence(pd.DataFrame({"label": ["a"], "with": ["b"], "rows": [2]})),
    "text_map": data.text_map(pd.DataFrame({"row": [0], "x": [1.0], "y": [2.0], "label": ["a"]}), "label", False),
    "small_label_counts": home.small_label_counts(pd.DataFrame({"label": ["a"], "rows": [3]})),
    "small_loss": home.small_loss(pd.DataFrame({"step": [1, 2], "loss": [1.0, 0.5]})),
    "small_scores": home.small_scores(_ESTIMATES),
    "label_probabilities": prediction.label_probabilities({"a": 0.9, "b": 0.1}),
    "daily_volume": health.daily_volume(pd.DataFrame({"day": pd.to_datetime(["2026-11-24"]), "predictions": [3]})),
    "share_comparison": health.share_comparison(
        pd.DataFrame({"label": ["a", "a"], "source": ["published", "validation"], "share": [0.6, 0.5]})
    ),
    "training_curve": training.training_curve(pd.DataFrame({"step": [1], "loss": [0.5]}), "loss", "Training loss"),
    "search_history": training.search_history(_TRIALS, "F1"),
    "parameter_importance": training.parameter_importance(pd.DataFrame({"setting": ["epochs"], "share": [1.0]})),
    "parallel_coordinates": training.parallel_coordinates(_TRIALS, ["epochs"]),
    "metric_intervals": evaluation.metric_intervals(_ESTIMATES),
    "cost_and_score": evaluation.cost_and_score(pd.DataFrame({"share": [0.0, 1.0], "score": [0.8, 0.9]}), 0.5),
    "confusion_matrix": evaluation.confusion_matrix(_CELLS, as_percent=True),
    "predicted_vs_actual": evaluation.predicted_vs_actual(pd.DataFrame({"actual": [1.0], "predicted": [2.0]})),
    "threshold_curve": evaluation.threshold_curve(_CURVE, _CURVE[:1], "recall", "precision", ("recall", "precision")),
    "reliability_diagram": evaluation.reliability_diagram(_BINS),
    "risk_coverage": evaluation.risk_coverage(_COVERAGE, 0.5),
    "important_words": evaluation.important_words(_WORDS, "effect"),
    "learning_curve": evaluation.learning_curve(_SCORES[["rows", "score"]], _SCORES, "F1"),
}


def find_values(node: Any, key: str) -> Iterator[Any]:
    """All values of a key anywhere in a specification."""
    if isinstance(node, dict):
        if key in node:
            yield node[key]
        for child in node.values():
            yield from find_values(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from find_values(child, key)


@pytest.mark.parametrize("name", CHARTS)
def test_every_field_is_a_column_or_is_computed(name: str) -> None:
    spec = json.loads(CHARTS[name].to_json())
    columns = {column for rows in spec["datasets"].values() for row in rows for column in row}
    computed = {name for name in find_values(spec, "as") if isinstance(name, str)}
    fields = {field for field in find_values(spec, "field") if isinstance(field, str) and field}
    assert fields
    assert fields <= columns | computed


def test_long_curves_are_thinned() -> None:
    points = pd.DataFrame({"label": "a", "threshold": 0.5, "recall": 0.5, "precision": range(20_000)})
    chart = evaluation.threshold_curve(points, points[:1], "recall", "precision", ("recall", "precision"))
    assert max(len(rows) for rows in json.loads(chart.to_json())["datasets"].values()) <= MAX_POINTS
