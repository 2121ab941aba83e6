"""Steps 2 and 3: the similarity of word pieces, and which pieces attend to which. Imports no torch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.task import Floats


@dataclass(frozen=True)
class Inspection:
    """What an encoder computed for one text of n tokens.

    Attributes:
        pieces: the n tokens, special tokens included.
        vectors: the vectors before the first layer and after each layer, (layers + 1, n, hidden).
        attention: the attention weights of each layer and head, (layers, heads, n, n); each row sums to 1.
    """

    pieces: list[str]
    vectors: Floats
    attention: Floats


def compare_pieces(first: Inspection, second: Inspection, layer: int) -> pd.DataFrame:
    """The cosine similarity of each word piece of one text with each of another after a layer; 0 is before the first layer.

    Columns: first, second (word pieces), row, column (their positions, from 0), similarity.
    """
    units = [_unit_vectors(text.vectors[layer][1:-1]) for text in (first, second)]
    return _cells(first.pieces[1:-1], second.pieces[1:-1], units[0] @ units[1].T, ("first", "second", "similarity"))


def attention_table(inspection: Inspection, layer: int, head: int) -> pd.DataFrame:
    """The attention weights of a layer and a head, both from 1. Columns: source, target, row, column, weight."""
    weights = inspection.attention[layer - 1, head - 1]
    return _cells(inspection.pieces, inspection.pieces, weights, ("source", "target", "weight"))


def strongest_attention(table: pd.DataFrame) -> "pd.Series[Any]":
    """The row of :func:`attention_table` with the largest weight between two different word pieces, special tokens aside."""
    special = table["source"].str.startswith("[") | table["target"].str.startswith("[")
    words = table[~special & (table["row"] != table["column"])]
    candidates = words if len(words) else table
    return candidates.iloc[int(candidates["weight"].argmax())]


def _unit_vectors(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _cells(rows: list[str], columns: list[str], values: Floats, names: tuple[str, str, str]) -> pd.DataFrame:
    """A row for each cell of a matrix."""
    row, column = np.indices(values.shape)
    return pd.DataFrame(
        {
            names[0]: np.repeat(rows, len(columns)),
            names[1]: np.tile(columns, len(rows)),
            "row": row.ravel(),
            "column": column.ravel(),
            names[2]: values.ravel(),
        }
    )
