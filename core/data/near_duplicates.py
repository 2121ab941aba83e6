"""Which texts are the same, or nearly: exact Jaccard similarity of word 3-shingles, found by prefix filtering.

Two sets of similarity t or more share one of the ``size - ceil(t * size) + 1`` rarest elements of each (Chaudhuri et al. 2006;
Bayardo et al. 2007), so only texts that share such a shingle are compared, and nothing is missed. Words are compared without
case and punctuation; a text of fewer than three words is one shingle.
"""

import re
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from core.data.table import codes

Ints = npt.NDArray[np.int64]

NEAR_THRESHOLD = 0.8
# Above this many distinct texts near-duplicates are sought among a sample of them.
MAX_COMPARED_PAIRS = 100_000
_SHINGLE = 3
_WORD = re.compile(r"\w+")
_PAIRS_AT_ONCE = 200_000
# Thousands of texts from one template would be millions of pairs: beyond this the shingles most texts share are not followed.
_MAX_CANDIDATES = 20_000_000


def words(text: str) -> str:
    """The words of a text, without case and punctuation."""
    return " ".join(_WORD.findall(text.lower()))


def shingles(text: str) -> set[str]:
    """The runs of three words in a text that :func:`words` made."""
    parts = text.split()
    if len(parts) < _SHINGLE:
        return {text}
    return {" ".join(parts[i : i + _SHINGLE]) for i in range(len(parts) - _SHINGLE + 1)}


def near_duplicate_pairs(texts: Sequence[str], threshold: float = NEAR_THRESHOLD) -> Ints:
    """Pairs (m, 2) of positions of texts that link all whose similarity is above the threshold, the same words included."""
    normal = [words(text) for text in texts]
    first: dict[str, int] = {}
    same = [(first.setdefault(text, row), row) for row, text in enumerate(normal)]
    repeated = np.asarray([pair for pair in same if pair[0] != pair[1]], dtype=np.int64).reshape(-1, 2)
    rows = np.fromiter(first.values(), dtype=np.int64, count=len(first))
    return np.concatenate([repeated, rows[_similar_pairs(list(first), threshold)]])


def _similar_pairs(texts: list[str], threshold: float) -> Ints:
    none = np.zeros((0, 2), dtype=np.int64)
    if len(texts) < 2:
        return none
    counts = _shingle_matrix(texts)
    sizes = np.diff(counts.indptr).astype(np.int64)
    candidates = _candidates(counts, sizes, threshold)
    kept = [none]
    for start in range(0, len(candidates), _PAIRS_AT_ONCE):
        left, right = candidates[start : start + _PAIRS_AT_ONCE].T
        shared = np.asarray(counts[left].multiply(counts[right]).sum(axis=1)).ravel()
        similarity = shared / (sizes[left] + sizes[right] - shared)
        kept.append(candidates[start : start + _PAIRS_AT_ONCE][similarity > threshold])
    return np.concatenate(kept)


def _shingle_matrix(texts: list[str]) -> sparse.csr_matrix:
    """Which shingles (columns) each text (row) has. Shingles are hashed to 64 bits: as strings they would fill the memory."""
    hashes = array("q")
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    for row, text in enumerate(texts):
        hashes.extend({hash(shingle) for shingle in shingles(text)})
        ends[row + 1] = len(hashes)
    names, columns = np.unique(np.frombuffer(hashes, dtype=np.int64), return_inverse=True)
    return sparse.csr_matrix((np.ones(len(columns), dtype=np.int32), columns, ends), shape=(len(texts), len(names)))


def _candidates(counts: sparse.csr_matrix, sizes: Ints, threshold: float) -> Ints:
    """Pairs of rows that share one of their rarest shingles and are of like size."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    rank = np.empty(counts.shape[1], dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(counts.shape[1])
    ranked = sparse.csr_matrix((counts.data, rank[counts.indices], counts.indptr), shape=counts.shape)
    ranked.sort_indices()
    prefix = sizes - np.ceil(threshold * sizes).astype(np.int64) + 1
    position = np.arange(len(ranked.indices)) - np.repeat(ranked.indptr[:-1], sizes)
    rare = position < np.repeat(prefix, sizes)
    rows = np.repeat(np.arange(len(sizes)), sizes)[rare]
    columns = ranked.indices[rare]
    shared_by = np.bincount(columns, minlength=counts.shape[1]).astype(np.int64)
    by_size = np.sort(shared_by)
    followed = by_size[np.searchsorted(np.cumsum(by_size * (by_size - 1) // 2), _MAX_CANDIDATES) - 1]
    few = shared_by[columns] <= followed
    index = sparse.csr_matrix((np.ones(int(few.sum()), dtype=np.int32), (rows[few], columns[few])), shape=counts.shape)
    pairs = sparse.triu(index @ index.T, k=1).tocoo()
    left, right = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    group_ids = np.minimum(sizes[left], sizes[right]) >= threshold * np.maximum(sizes[left], sizes[right])
    return np.stack([left[group_ids], right[group_ids]], axis=1)


def group_ids(texts: pd.Series, near: bool) -> Ints:
    """A number for each text, the same for equal texts and, where ``near``, for texts nearly the same; shape (n,).

    Near-duplicates are sought among at most ``MAX_COMPARED_PAIRS`` distinct texts; of more none is.
    """
    same = codes(texts)
    distinct, first = np.unique(same, return_index=True)
    if not near or len(distinct) > MAX_COMPARED_PAIRS:
        return same
    return connected_components(len(distinct), near_duplicate_pairs(texts.iloc[first].tolist()))[same]


def connected_components(rows: int, pairs: Ints) -> Ints:
    """A number for each row that is the same for rows joined by pairs, directly or through others; shape (rows,)."""
    links = sparse.coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    return np.asarray(sparse.csgraph.connected_components(links, directed=False)[1], dtype=np.int64)
