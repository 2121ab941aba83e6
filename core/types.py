"""Array types that several packages share."""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.intp]
# Encoded labels, in the form that Task.encode gives.
Targets = npt.NDArray[Any]
