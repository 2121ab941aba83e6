"""Helps a person try a model on texts: examples from its own data, and what changes between two texts."""

import pandas as pd

from core.evaluation.decisions.predictions import Predictions
from core.formatting import format_number
from core.task import Label

CLINIC_EXAMPLES = (
    "down to my last two of the little white ones, can you send more to the chemist",
    "the new tablets make me dizzy every morning, is that normal",
    "please cancel my slot on Tuesday and give me one next week",
)
_TYPICAL_CHARACTERS = 80
_CANDIDATES = 1_000


def example_texts(rows: pd.DataFrame, count: int = 3) -> list[str]:
    """Up to ``count`` texts of about 80 characters, of different labels where there are any.

    Args:
        rows: rows of a split, with the columns text and label.
        count: the number of examples.
    """
    rows = rows.head(_CANDIDATES)
    order = (rows["text"].str.len() - _TYPICAL_CHARACTERS).abs().argsort(kind="stable")
    nearest = pd.DataFrame({"text": rows["text"], "label": rows["label"].map(str)}).iloc[order]
    one_per_label = nearest.drop_duplicates("label")
    return [str(text) for text in pd.concat([one_per_label, nearest])["text"].drop_duplicates().head(count)]


def format_label(label: Label) -> str:
    """A predicted label as text: a name, several names separated by commas, "No label", or a number."""
    if isinstance(label, float):
        return format_number(label, 2)
    return label if isinstance(label, str) else ", ".join(label) or "No label"


def probability_changes(before: Predictions, after: Predictions, count: int = 5) -> pd.DataFrame:
    """How the probabilities of one text differ from those of another text, the largest change first.

    Returns:
        Up to ``count`` rows with the columns label, before, after and change.
    """
    frame = pd.DataFrame(
        {"label": before.task.labels, "before": before.probabilities[0], "after": after.probabilities[0]}
    )
    frame["change"] = frame["after"] - frame["before"]
    return frame.sort_values("change", key=abs, ascending=False, kind="stable").head(count).reset_index(drop=True)
