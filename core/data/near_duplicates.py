"""Find texts that are nearly the same: exact Jaccard similarity of word 3-shingles, found by prefix filtering.

Two sets with similarity t or more share one of the ``size - ceil(t * size) + 1`` rarest elements of each (Chaudhuri et al.
2006; Bayardo et al. 2007). Only texts that share such a shingle are compared, so no pair is missed. A word is a run of letters
and digits, an emoji, or a single character of a script without spaces between words, such as Chinese, Japanese or Thai. Case
and punctuation are ignored, except in a text of nothing else. A text of fewer than three words is one shingle.
"""

import re
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from core.data.table import category_codes

Ints = npt.NDArray[np.int64]

NEAR_THRESHOLD = 0.8
# The number of distinct texts above which near-duplicates are not searched for.
MAX_COMPARED_TEXTS = 100_000
_SHINGLE_WORDS = 3
# Thai, Lao, Tibetan, Burmese, Khmer; kana and Chinese characters.
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_EMOJI = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_ASCII_WORD = re.compile(r"\w+", re.ASCII)
# Vowel signs of Indic scripts are combining marks, which \w leaves out.
_WORD = re.compile(f"[{_UNSPACED}]|[{_EMOJI}]|(?:(?![{_UNSPACED}])[\\w\u0300-\u036f\u0900-\u0dff])+")
_PAIR_CHUNK = 200_000
# Thousands of texts from one template make millions of pairs: beyond this number, the most frequent shingles are ignored.
_MAX_CANDIDATES = 20_000_000


def normalize_text(text: str) -> str:
    """The words of a text in lower case, separated by spaces; its punctuation marks if it has no words."""
    lower = text.lower()
    words = (_ASCII_WORD if lower.isascii() else _WORD).findall(lower)
    return " ".join(words or lower.split())


def shingles(text: str) -> set[str]:
    """The runs of three words in a normalized text."""
    words = text.split()
    if len(words) < _SHINGLE_WORDS:
        return {text}
    return {" ".join(words[i : i + _SHINGLE_WORDS]) for i in range(len(words) - _SHINGLE_WORDS + 1)}


def near_duplicate_pairs(texts: Sequence[str], threshold: float = NEAR_THRESHOLD) -> Ints:
    """Pairs of text positions (m, 2) that connect all texts whose similarity is above the threshold, equal texts included."""
    normalized = [normalize_text(text) for text in texts]
    first: dict[str, int] = {}
    links = [(first.setdefault(text, row), row) for row, text in enumerate(normalized)]
    repeated = np.asarray([link for link in links if link[0] != link[1]], dtype=np.int64).reshape(-1, 2)
    rows = np.fromiter(first.values(), dtype=np.int64, count=len(first))
    return np.concatenate([repeated, rows[_similar_pairs(list(first), threshold)]])


def _similar_pairs(texts: list[str], threshold: float) -> Ints:
    no_pairs = np.zeros((0, 2), dtype=np.int64)
    if len(texts) < 2:
        return no_pairs
    matrix = _shingle_matrix(texts)
    sizes = np.diff(matrix.indptr).astype(np.int64)
    candidates = _candidate_pairs(matrix, sizes, threshold)
    similar = [no_pairs]
    for start in range(0, len(candidates), _PAIR_CHUNK):
        chunk = candidates[start : start + _PAIR_CHUNK]
        left, right = chunk.T
        shared = np.asarray(matrix[left].multiply(matrix[right]).sum(axis=1)).ravel()
        similar.append(chunk[shared / (sizes[left] + sizes[right] - shared) > threshold])
    return np.concatenate(similar)


def _shingle_matrix(texts: list[str]) -> sparse.csr_matrix:
    """Which shingles (columns) each text (row) has. Shingles are 64-bit hashes, because strings use too much memory."""
    hashes = array("q")
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    for row, text in enumerate(texts):
        hashes.extend({hash(shingle) for shingle in shingles(text)})
        ends[row + 1] = len(hashes)
    distinct, columns = np.unique(np.frombuffer(hashes, dtype=np.int64), return_inverse=True)
    return sparse.csr_matrix((np.ones(len(columns), dtype=np.int32), columns, ends), shape=(len(texts), len(distinct)))


def _candidate_pairs(matrix: sparse.csr_matrix, sizes: Ints, threshold: float) -> Ints:
    """Pairs of rows that share one of their rarest shingles and have similar sizes."""
    shape = matrix.shape
    frequency = np.bincount(matrix.indices, minlength=shape[1])
    rank = np.empty(shape[1], dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(shape[1])
    ranked = sparse.csr_matrix((matrix.data, rank[matrix.indices], matrix.indptr), shape=shape)
    ranked.sort_indices()
    prefix = sizes - np.ceil(threshold * sizes).astype(np.int64) + 1
    position = np.arange(len(ranked.indices)) - np.repeat(ranked.indptr[:-1], sizes)
    rare = position < np.repeat(prefix, sizes)
    rows = np.repeat(np.arange(len(sizes)), sizes)[rare]
    columns = ranked.indices[rare]
    shared_by = np.bincount(columns, minlength=shape[1]).astype(np.int64)
    ascending = np.sort(shared_by)
    limit = ascending[np.searchsorted(np.cumsum(ascending * (ascending - 1) // 2), _MAX_CANDIDATES) - 1]
    used = shared_by[columns] <= limit
    index = sparse.csr_matrix((np.ones(int(used.sum()), dtype=np.int32), (rows[used], columns[used])), shape=shape)
    pairs = sparse.triu(index @ index.T, k=1).tocoo()
    left, right = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    similar_size = np.minimum(sizes[left], sizes[right]) >= threshold * np.maximum(sizes[left], sizes[right])
    return np.stack([left[similar_size], right[similar_size]], axis=1)


def group_ids(texts: pd.Series, near: bool) -> Ints:
    """A number for each text, the same for equal texts and, with ``near``, for near-duplicates; shape (n,).

    Near-duplicates are ignored where there are more than ``MAX_COMPARED_TEXTS`` distinct texts.
    """
    codes = category_codes(texts)
    distinct, first = np.unique(codes, return_index=True)
    if not near or len(distinct) > MAX_COMPARED_TEXTS:
        return codes
    return connected_components(len(distinct), near_duplicate_pairs(texts.iloc[first].tolist()))[codes]


def connected_components(rows: int, pairs: Ints) -> Ints:
    """A number for each row (rows,), the same for rows that pairs connect directly or through other rows."""
    links = sparse.coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    return np.asarray(sparse.csgraph.connected_components(links, directed=False)[1], dtype=np.int64)
