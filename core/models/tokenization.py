"""Tokenization with the ``tokenizers`` library alone: it is imported in milliseconds, transformers in seconds."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from core.data.token_counts import TokenCounts
from core.models.download import fetch_encoder
from core.models.files import broken_files_error

_FILE = "tokenizer.json"
_UNKNOWN_TOKENS = ("[UNK]", "<unk>")
_BATCH_SIZE = 1_000


@lru_cache(maxsize=4)
def load_tokenizer(encoder: str) -> Tokenizer:
    """The tokenizer of an encoder, without truncation and padding.

    Raises:
        ModelError: it cannot be found, downloaded or read.
    """
    path = fetch_encoder(encoder, weights=False) / _FILE
    if not path.exists():
        return _convert_slow_tokenizer(encoder)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises no narrower class for an unreadable file
        raise broken_files_error(encoder, f"{_FILE} cannot be read") from error
    # The built-in tokenizer is published with truncation and padding at 128 tokens.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _convert_slow_tokenizer(encoder: str) -> Tokenizer:
    """The tokenizer of an old checkpoint (vocab.txt, spm.model), which only transformers can read. Imports torch."""
    from core.models.checkpoint import load_pretrained_tokenizer

    return cast(Tokenizer, load_pretrained_tokenizer(encoder).backend_tokenizer)


def count_tokens(encoder: str, texts: Sequence[str]) -> TokenCounts:
    """The numbers of tokens, unknown tokens and words of each text. Works in batches, so that memory stays bounded."""
    tokenizer = load_tokenizer(encoder)
    unknown_id = next((i for token in _UNKNOWN_TOKENS if (i := tokenizer.token_to_id(token)) is not None), -1)
    tokens = np.zeros(len(texts), dtype=np.int64)
    unknown = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), _BATCH_SIZE):
        batch = list(texts[start : start + _BATCH_SIZE])
        for row, encoding in enumerate(tokenizer.encode_batch_fast(batch), start=start):
            tokens[row] = len(encoding.ids)
            unknown[row] = encoding.ids.count(unknown_id)
    words = np.fromiter((len(text.split()) for text in texts), dtype=np.int64, count=len(texts))
    return TokenCounts(encoder, tokens, unknown, words)


def word_pieces(encoder: str, text: str) -> pd.DataFrame:
    """The word pieces of a text. Columns: piece, id and word (the word's index; -1 for [CLS] and [SEP])."""
    encoding = load_tokenizer(encoder).encode(text)
    words = [-1 if word is None else word for word in encoding.word_ids]
    return pd.DataFrame({"piece": encoding.tokens, "id": encoding.ids, "word": words})
