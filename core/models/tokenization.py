"""Texts as word pieces, with the ``tokenizers`` library alone: it loads in milliseconds where transformers takes seconds."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError
from tokenizers import Tokenizer

from core.errors import ModelError
from core.models.encoders import locate

_FILE = "tokenizer.json"


@lru_cache(maxsize=4)
def load_tokenizer(encoder: str) -> Tokenizer:
    """The tokenizer of an encoder, with no truncation and no padding.

    Raises:
        ModelError: it cannot be found or downloaded.
    """
    place = locate(encoder)
    try:
        file = Path(place) / _FILE if Path(place).is_dir() else Path(hf_hub_download(place, _FILE))
        tokenizer = Tokenizer.from_file(str(file))
    except (OSError, HfHubHTTPError) as error:
        raise ModelError(
            f"The tokenizer of {encoder} could not be loaded.", "Check the name and the network connection."
        ) from error
    # The built-in file ships with both switched on, at 128.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def token_counts(encoder: str, texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Word pieces of each text, [CLS] and [SEP] included; shape (n,)."""
    encodings = load_tokenizer(encoder).encode_batch_fast(list(texts))
    return np.asarray([len(encoding.ids) for encoding in encodings], dtype=np.int64)
