"""The token counts of texts, as plain arrays: importing this module loads neither an encoder nor scikit-learn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# The default length, in tokens, at which texts are truncated.
DEFAULT_MAX_LENGTH = 256


@dataclass(frozen=True)
class TokenCounts:
    """For each text (n,): the number of tokens (``pieces``, with [CLS] and [SEP]), of unknown tokens, and of words."""

    encoder: str
    pieces: npt.NDArray[np.int64]
    unknown: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
