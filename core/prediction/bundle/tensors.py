"""Checks the safetensors files of an imported model: header, types, shapes and values, without importing torch."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from core.prediction.bundle.refusal import refusal
from core.task import Floats

_MAX_HEADER_BYTES, _MAX_TENSORS, _MAX_DIMENSIONS = 10_000_000, 10_000, 4


def check_tensors(path: Path, name: str) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a file; all of them must be finite float32.

    Raises:
        StorageError: the file is damaged, or a tensor has another type or holds NaN or infinity.
    """
    shapes = _read_header(path, name)
    for tensor, values in _iterate(path, name):
        if not np.isfinite(values).all():
            raise refusal(f"the tensor {tensor[:80]!r} in {name} contains NaN or infinite values")
        if values.shape != shapes[tensor]:
            raise refusal(f"{name} is damaged")
    return shapes


def read_tensors(path: Path, name: str) -> dict[str, Floats]:
    """The finite float32 tensors in a file that fits into memory.

    Raises:
        StorageError: as for :func:`check_tensors`.
    """
    check_tensors(path, name)
    return dict(_iterate(path, name))


def _read_header(path: Path, name: str) -> dict[str, tuple[int, ...]]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise refusal(f"{name} is not a safetensors file")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise refusal(f"{name} is not a safetensors file") from error
    if not isinstance(header, dict) or len(header) > _MAX_TENSORS:
        raise refusal(f"{name} is not a safetensors file with at most {_MAX_TENSORS:,} tensors")
    header.pop("__metadata__", None)
    bytes_declared = 0
    for tensor, entry in header.items():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
            raise refusal(f"the tensor {tensor[:80]!r} in {name} has no shape")
        if entry.get("dtype") != "F32" or len(shape) > _MAX_DIMENSIONS:
            raise refusal(f"expected float32 tensors in {name}, found {str(entry.get('dtype'))[:20]!r}")
        bytes_declared += 4 * math.prod(shape)
    if bytes_declared != size - 8 - length:
        raise refusal(f"{name} declares {bytes_declared:,} bytes of weights, but has {size - 8 - length:,}")
    return {tensor: tuple(entry["shape"]) for tensor, entry in header.items()}


def _iterate(path: Path, name: str) -> Iterator[tuple[str, Floats]]:
    """The names and values of the tensors in a file, one after the other."""
    try:
        with safe_open(path, framework="numpy") as file:
            for tensor in file.keys():  # noqa: SIM118 - the file is not a mapping
                yield tensor, file.get_tensor(tensor)
    except (SafetensorError, OSError, ValueError) as error:
        raise refusal(f"{name} is damaged") from error
