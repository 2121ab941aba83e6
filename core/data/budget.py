"""What reading one upload may cost: bytes decoded, rows, cells, nesting, time and memory, counted over all layers together.

A file of 3 kB can hold 48 million rows, and each layer of an archive multiplies what the layer within it holds. Readers
therefore report what they decode to the budget of the upload, wherever in the upload they are. Outside of
:func:`limited_reading` nothing is counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from core.errors import DataError, LimitError, StudioError
from core.host import is_out_of_memory

# The size that a compressed file may unpack to.
MAX_UNPACKED_BYTES = 1_000_000_000
_MAX_DEPTH = 2
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """The limits of an upload: bytes that it may decode to, rows, cells, archives within each other, memory in bytes, and time.

    ``seconds`` pass on the clock, ``cpu_seconds`` are those of a processor; on a busy host the clock runs faster.
    """

    decoded_bytes: int
    rows: int
    cells: int
    seconds: float
    cpu_seconds: float
    memory_bytes: int
    depth: int = _MAX_DEPTH

    @classmethod
    def for_size(cls, size: int) -> "Limits":
        """The limits of an upload of ``size`` bytes. Texts are packed to a third or a tenth of their size, not to a hundredth."""
        megabytes = max(0.0, size / _MEGABYTE - 0.5)
        return cls(
            decoded_bytes=max(4 * size, min(MAX_UNPACKED_BYTES, 100 * _MEGABYTE + 50 * size)),
            rows=1_000_000 + size // 2,
            cells=3_000_000 + 3 * size,
            seconds=9 + 4 * megabytes,
            cpu_seconds=9 + 1.5 * megabytes,
            memory_bytes=min(4_000, 350 + 30 * size // _MEGABYTE) * _MEGABYTE,
        )


class _Budget:
    """What has been spent of the limits of an upload."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name, self.limits = name, limits
        self.decoded_bytes = self.rows = self.cells = self.depth = 0


_current: ContextVar[_Budget | None] = ContextVar("budget", default=None)


@contextmanager
def limited_reading(name: str, size: int) -> Iterator[None]:
    """Read an upload of ``size`` bytes within limits. Within another upload, its limits continue.

    Raises:
        DataError: anything that a parser raises, in one sentence.
        LimitError: a limit is exceeded, or memory runs out.
    """
    outer = _current.get()
    token = _current.set(outer or _Budget(name, Limits.for_size(size)))
    try:
        yield
    except StudioError:
        raise
    except Exception as error:
        raise reading_error(name, error) from error
    finally:
        _current.reset(token)


def reading_error(name: str, error: Exception) -> StudioError:
    """The error that a user sees for one of a parser."""
    if isinstance(error, StudioError):
        return error
    if is_out_of_memory(error):
        return LimitError(
            f"{name} needs more memory than is allowed.", "Upload a smaller part of it, or save it as CSV."
        )
    return DataError(
        f"{name} cannot be read: it is damaged, or not of the format that it seems to be.",
        "Save it again, or save the table as CSV (UTF-8).",
    )


def spend_bytes(count: int) -> None:
    """Count bytes that were decoded.

    Raises:
        LimitError: the upload decodes to more than is allowed.
    """
    problem = "unpacks to more data than is allowed"
    _spend("decoded_bytes", count, problem, "Upload the table itself, or a smaller part of it.")


def spend_rows(count: int) -> None:
    """Count rows.

    Raises:
        LimitError: the upload has more rows than are allowed.
    """
    _spend("rows", count, "has more than {:,} rows, too many for its size", "Upload a smaller part of it.")


def spend_cells(count: int) -> None:
    """Count cells.

    Raises:
        LimitError: the upload has more cells than are allowed.
    """
    problem = "has more than {:,} cells, too many for its size"
    _spend("cells", count, problem, "Remove the empty rows and columns, or upload a smaller part of it.")


def _spend(kind: Literal["decoded_bytes", "rows", "cells"], count: int, problem: str, hint: str) -> None:
    if budget := _current.get():
        spent, limit = getattr(budget, kind) + count, getattr(budget.limits, kind)
        setattr(budget, kind, spent)
        if spent > limit:
            raise LimitError(f"{budget.name} {problem.format(limit)}.", hint)


@contextmanager
def nested() -> Iterator[None]:
    """Open an archive; an archive in an archive is allowed.

    Raises:
        LimitError: the archive is too deep in other archives.
    """
    budget = _current.get()
    if budget is None:
        yield
        return
    budget.depth += 1
    try:
        if budget.depth > budget.limits.depth:
            raise LimitError(
                f"{budget.name} has archives in archives, more than {budget.limits.depth} deep.",
                "Upload the table itself.",
            )
        yield
    finally:
        budget.depth -= 1
