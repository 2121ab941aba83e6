"""Which tokens of a long text a model reads: its beginning, or its beginning and its end. Imports no torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tokenizers import Encoding, Tokenizer

# "head" keeps the first tokens, as transformers does. "head_tail" keeps the first and the last ones.
Truncation = Literal["head", "head_tail"]
# Sun et al. 2019 (arXiv 1905.05583) keep the first 128 and the last 382 of the 510 tokens that BERT has room for.
HEAD_SHARE = 0.25
# Texts are tokenized in parts, so that memory stays bounded.
TOKENIZED_AT_ONCE = 1_000


def read_ranges(encoding: Encoding, max_length: int, truncation: Truncation) -> tuple[range, range]:
    """The positions of the tokens that are read, at most ``max_length``: those of the head, then those of the tail.

    Special tokens at both ends are always read, also by "head". A short text is all head.

    Args:
        encoding: a text without truncation and padding.
        max_length: the largest number of tokens, special tokens included.
        truncation: what is read of a longer text.
    """
    count = len(encoding)
    special = encoding.special_tokens_mask if count > max_length else []
    if 0 not in special:
        return range(count), range(count, count)
    start, after = special.index(0), special[::-1].index(0)
    room = max(0, max_length - start - after)
    head = room if truncation == "head" else math.ceil(HEAD_SHARE * room)
    return range(start + head), range(count - after - (room - head), count)


def read_ids(encoding: Encoding, max_length: int, truncation: Truncation) -> list[int]:
    """The ids of the tokens that are read of a text; the arguments are those of :func:`read_ranges`."""
    head, tail = read_ranges(encoding, max_length, truncation)
    ids = encoding.ids
    return ids[: head.stop] + ids[tail.start :]


@dataclass(frozen=True)
class TruncatingTokenizer:
    """Computes the token ids that a model reads; ``tokenizer`` neither truncates nor pads by itself."""

    tokenizer: Tokenizer
    max_length: int
    truncation: Truncation = "head"

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of the tokens that are read of each text, special tokens included."""
        ids: list[list[int]] = []
        for start in range(0, len(texts), TOKENIZED_AT_ONCE):
            encodings = self.tokenizer.encode_batch_fast(list(texts[start : start + TOKENIZED_AT_ONCE]))
            ids += [read_ids(encoding, self.max_length, self.truncation) for encoding in encodings]
        return ids
