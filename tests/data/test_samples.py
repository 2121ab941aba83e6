"""The samples have enough rows, no near-duplicates and a card."""

import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from core.data.columns import apply_columns
from core.data.samples import SAMPLES, Sample

MIN_ROWS = {"clinic_messages.csv": 480, "support_tickets.csv": 300, "review_scores.csv": 300}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_samples_have_distinct_rows_and_a_card(sample: Sample) -> None:
    labeled = apply_columns(sample.read(), sample.columns)
    assert len(labeled) >= MIN_ROWS[sample.file]
    assert labeled.skipped == 0
    rows = TfidfVectorizer().fit_transform(labeled.frame["text"])
    similarity = (rows @ rows.T).tolil()
    similarity.setdiag(0)
    assert similarity.tocsr().max() <= 0.9
    assert "CC0" in sample.card()


def test_samples_have_the_expected_labels() -> None:
    clinic, tickets, reviews = (apply_columns(sample.read(), sample.columns) for sample in SAMPLES)
    assert clinic.task.kind == "multiclass"
    assert len(clinic.task.labels) in (7, 8)
    counts = clinic.frame["label"].value_counts()
    assert 1.2 <= counts.max() / counts.min() <= 3
    assert len(tickets.task.labels) >= 6
    assert pd.Series(tickets.frame["label"]).map(len).eq(0).any()
    assert reviews.frame["label"].between(0, 10).all()
