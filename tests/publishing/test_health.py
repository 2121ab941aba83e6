"""Health: counts, drift that is found, and no alarm where there is none."""

import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.decisions.predictions import Predictions
from core.publishing.health import (
    LEVEL,
    MAX_DAYS,
    MIN_PREDICTIONS,
    describe_drift,
    label_drift,
    measure_health,
    values_drift,
)
from core.publishing.usage import Use
from core.run_evaluation import load_predictions
from core.runs import Run
from core.task import Label

MakeRun = Callable[[str], Run]
LABELS = np.asarray(["apple", "plum", "sky"])


def validation_uses(run: Run) -> list[Use]:
    """A use for each validation row, as if visitors had sent those."""
    predictions: Predictions = load_predictions(run, "validation").predictions
    lengths = run.split("validation")["text"].str.len()
    return [
        Use("2026-11-24T09:00:00+00:00", label, None if run.task.kind == "regression" else 0.9, False, int(length))
        for label, length in zip(predictions.labels, lengths, strict=True)
    ]


@pytest.mark.parametrize(
    "kind", [pytest.param("binary", marks=pytest.mark.slow), "multiclass", "multilabel", "regression"]
)
def test_the_validation_rows_themselves_show_no_drift(make_run: MakeRun, kind: str) -> None:
    run = make_run(kind)
    health = measure_health(run, validation_uses(run))
    for drift in (health.prediction_drift, health.length_drift):
        assert drift is not None
        assert drift.distance == pytest.approx(0)
        assert drift.p_value > 0.99
    assert health.predictions == run.sizes["validation"]
    if kind == "regression":
        assert health.shares is None
        assert health.unsure is None
    else:
        assert health.shares is not None
        shares = health.shares.pivot_table(index="label", columns="source", values="share")
        assert shares["published"].tolist() == pytest.approx(shares["validation"].tolist())


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        pytest.param("binary", "yes", marks=pytest.mark.slow),
        ("multiclass", "plum"),
        ("multilabel", []),
        ("regression", 5.0),
    ],
)
def test_one_answer_for_longer_texts_is_drift(make_run: MakeRun, kind: str, label: Label) -> None:
    run = make_run(kind)
    uses = [replace(use, label=label, characters=use.characters + 100) for use in validation_uses(run)]
    health = measure_health(run, uses)
    assert health.prediction_drift is not None
    assert health.length_drift is not None
    assert health.prediction_drift.detected
    assert health.length_drift.detected
    assert health.length_drift.distance == 1


def test_few_predictions_are_not_compared(make_run: MakeRun) -> None:
    run = make_run("multiclass")
    uses = [replace(USE, characters=5_000)] * (MIN_PREDICTIONS - 1)
    health = measure_health(run, uses)
    assert health.prediction_drift is None
    assert "from 20 of each on" in describe_drift(health.prediction_drift, "predicted labels")
    assert measure_health(run, []).volume.empty


USE = Use("2026-11-22T23:59:00+00:00", "plum", 0.4, True, 10)


def test_an_imported_run_without_logits_has_no_drift_of_labels(run: Run) -> None:
    uses = validation_uses(run)
    shutil.rmtree(run.folder / "evaluation" / "validation")
    health = measure_health(run, uses)
    assert health.prediction_drift is None
    assert health.length_drift is not None
    assert health.shares is not None
    assert set(health.shares["source"]) == {"published"}


def test_volume_unsure_and_corrections_are_counted(make_run: MakeRun) -> None:
    later = "2026-11-24T00:01:00+00:00"
    uses = [USE, replace(USE, abstained=False), replace(USE, time=later), replace(USE, time=later)]
    uses += [replace(USE, correct="apple"), replace(USE, correct="apple"), replace(USE, correct="<b>sky</b>")]
    health = measure_health(make_run("multiclass"), uses)
    assert health.unsure == 0.75
    assert health.volume["predictions"].tolist() == [2, 0, 2]
    assert health.volume["day"].dt.strftime("%m-%d").tolist() == ["11-22", "11-23", "11-24"]
    assert health.corrections.to_numpy().tolist() == [["plum", "apple", 2], ["plum", "<b>sky</b>", 1]]


def test_the_volume_covers_the_last_days(make_run: MakeRun) -> None:
    volume = measure_health(make_run("multiclass"), [replace(USE, time="2001-01-01T00:00:00+00:00"), USE]).volume
    assert len(volume) == MAX_DAYS
    assert volume["predictions"].sum() == 1


def test_false_alarms_are_as_rare_as_the_level_says() -> None:
    """Samples of one distribution: at most the share that the level allows, with three standard errors on top."""
    rng = np.random.default_rng(0)
    draws = 200
    alarms = 0
    for _ in range(draws):
        observed = LABELS[rng.choice(3, 25, p=[0.7, 0.25, 0.05])].tolist()
        expected = LABELS[rng.choice(3, 60, p=[0.7, 0.25, 0.05])].tolist()
        alarms += label_drift(observed, expected).detected
    assert alarms <= draws * LEVEL + 3 * (draws * LEVEL) ** 0.5


def test_the_distance_of_single_labels_is_the_total_variation_distance() -> None:
    drift = label_drift(["a"] * 30 + ["b"] * 10, ["a"] * 10 + ["c"] * 10)
    assert drift.distance == pytest.approx((0.25 + 0.25 + 0.5) / 2)
    assert drift.detected
    assert "p < 0.001" in describe_drift(drift, "predicted labels")


def test_thousands_of_label_sets_raise_no_alarm() -> None:
    rng = np.random.default_rng(0)
    sets: list[Label] = [[f"label {i}" for i in np.flatnonzero(rng.random(200) < 0.05)] for _ in range(2_000)]
    assert not label_drift(sets[:1_000], sets[1_000:]).detected


def test_a_shift_of_numbers_is_found() -> None:
    rng = np.random.default_rng(0)
    assert values_drift(rng.normal(1, 1, 200).tolist(), rng.normal(0, 1, 200).tolist()).detected
    assert not values_drift(rng.normal(0, 1, 200).tolist(), rng.normal(0, 1, 200).tolist()).detected
