"""Step 4: from logits to probabilities to a label, with every number of the way."""

import math
from collections.abc import Mapping
from typing import cast

import pandas as pd


def worked_softmax(logits: Mapping[str, float], temperature: float = 1.0) -> pd.DataFrame:
    """A row for each label. Columns: label, logit, scaled (logit / temperature), exponential, probability.

    The exponentials are written as one would by hand; logits of a slider are too small to overflow.
    """
    table = pd.DataFrame({"label": list(logits), "logit": list(logits.values())})
    table["scaled"] = table["logit"] / temperature
    table["exponential"] = table["scaled"].map(math.exp)
    table["probability"] = table["exponential"] / table["exponential"].sum()
    return table


def argmax(table: pd.DataFrame) -> str:
    """The label with the highest logit; the first of several."""
    return cast(str, table["label"].iloc[int(table["logit"].argmax())])
