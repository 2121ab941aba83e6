"""Texts as word pieces, with the ``tokenizers`` library alone: it loads in milliseconds where transformers takes seconds."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from core.data.token_counts import TokenCounts
from core.models.download import fetch
from core.models.files import broken

_FILE = "tokenizer.json"
_UNKNOWN = ("[UNK]", "<unk>")
_TEXTS_AT_ONCE = 1_000


@lru_cache(maxsize=4)
def load_tokenizer(encoder: str) -> Tokenizer:
    """The tokenizer of an encoder, with no truncation and no padding.

    Raises:
        ModelError: it cannot be found or downloaded.
    """
    folder = fetch(encoder, weights=False)
    file = folder / _FILE
    if not file.exists():
        return _converted(encoder)
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing more special on a file it cannot read
        raise broken(encoder, f"{_FILE} cannot be read") from error
    # The built-in file ships with both switched on, at 128.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _converted(encoder: str) -> Tokenizer:
    """The tokenizer of an old checkpoint (vocab.txt, spm.model), which transformers alone can read. Imports torch."""
    from core.models.checkpoint import open_tokenizer

    return cast(Tokenizer, open_tokenizer(encoder).backend_tokenizer)


def count_tokens(encoder: str, texts: Sequence[str]) -> TokenCounts:
    """What the encoder makes of each text; long lists are taken in parts, so that memory stays bounded."""
    tokenizer = load_tokenizer(encoder)
    unknown_id = next((i for token in _UNKNOWN if (i := tokenizer.token_to_id(token)) is not None), -1)
    pieces = np.zeros(len(texts), dtype=np.int64)
    unknown = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = list(texts[start : start + _TEXTS_AT_ONCE])
        for row, encoding in enumerate(tokenizer.encode_batch_fast(part), start=start):
            pieces[row] = len(encoding.ids)
            unknown[row] = encoding.ids.count(unknown_id)
    words = np.fromiter((len(text.split()) for text in texts), dtype=np.int64, count=len(texts))
    return TokenCounts(encoder, pieces, unknown, words)


def word_pieces(encoder: str, text: str) -> pd.DataFrame:
    """The word pieces of one text: a frame with the columns piece, id and word (its number from 0; -1 for [CLS] and [SEP])."""
    encoding = load_tokenizer(encoder).encode(text)
    words = [-1 if word is None else word for word in encoding.word_ids]
    return pd.DataFrame({"piece": encoding.tokens, "id": encoding.ids, "word": words})
