"""The disk that a training needs, known before it starts."""

import math

from core.models.encoders import describe_encoder
from core.training.config import TrainingConfig

# For encoders that are not in the catalog: the size of BERT base.
_UNKNOWN_MILLIONS = 110.0
_BYTES_PER_PARAMETER = 4
# A checkpoint has the weights and two moments of each; two are kept while a third is written.
_CHECKPOINTS, _NUMBERS_PER_WEIGHT = 3, 3
_SMALL_BYTES = 5_000_000


def training_disk(config: TrainingConfig) -> tuple[int, int]:
    """The bytes that the model of a training takes, and those that the training takes at its peak, with checkpoints.

    An instant model stores its head alone. The rows are not counted.
    """
    if config.method == "instant":
        return _SMALL_BYTES, _SMALL_BYTES
    millions = describe_encoder(config.encoder).parameters
    weights = int((_UNKNOWN_MILLIONS if math.isnan(millions) else millions) * 1e6) * _BYTES_PER_PARAMETER
    return weights + _SMALL_BYTES, weights * (1 + _CHECKPOINTS * _NUMBERS_PER_WEIGHT) + _SMALL_BYTES
