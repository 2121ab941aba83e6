"""Parquet files: class names in the metadata of a Hugging Face dataset replace the class numbers."""

import io

from datasets import ClassLabel, Dataset, Features, Value

from core.data.reading.files import read_bytes


def test_class_numbers_are_replaced_by_their_names() -> None:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["bad", "good"])})
    buffer = io.BytesIO()
    Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features=features).to_parquet(buffer)
    assert read_bytes(buffer.getvalue(), "x.parquet").frame["label"].tolist() == ["good", "bad"]
