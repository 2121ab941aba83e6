"""What an encoder makes of texts, as numbers: arrays alone, so that who needs them loads neither encoder nor scikit-learn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Word pieces that are read of a text unless somebody says otherwise.
DEFAULT_MAX_LENGTH = 256


@dataclass(frozen=True)
class TokenCounts:
    """What an encoder makes of each text: word pieces with [CLS] and [SEP], unknown ones among them, words; each (n,)."""

    encoder: str
    pieces: npt.NDArray[np.int64]
    unknown: npt.NDArray[np.int64]
    words: npt.NDArray[np.int64]
