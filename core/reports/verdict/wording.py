"""How a verdict writes shares, sizes and labels."""

import math

from core.formatting import format_number

_MAX_LABEL_CHARACTERS = 60


def quote(label: str) -> str:
    """A label in quotation marks, shortened to 60 characters."""
    short = label if len(label) <= _MAX_LABEL_CHARACTERS else label[: _MAX_LABEL_CHARACTERS - 1].rstrip() + "…"
    return f"“{short}”"


def out_of(share: float) -> int:
    """The number that a share is a part of in words: 100; 1,000 for a share close to 0 or 1, which would be rounded to it."""
    return 1_000 if 0 < share < 0.005 or 0.995 < share < 1 else 100


def about(share: float) -> str:
    """A share in words: "about 84 of 100", "about 997 of 1,000"; "none" and "all" for 0 and 1."""
    if share in (0, 1):
        return "all" if share else "none"
    base = out_of(share)
    return f"about {round(base * share):,} of {base:,}"


def between(low: float, high: float, share: float) -> str:
    """An interval of a share in the words of ``about(share)``: "between 76 and 89 of 100"."""
    base = out_of(share)
    ends = [round(base * end) for end in (low, high)]
    return (
        f"about {ends[0]:,} of {base:,}" if ends[0] == ends[1] else f"between {ends[0]:,} and {ends[1]:,} of {base:,}"
    )


def format_size(value: float) -> str:
    """A number with three significant digits, and all digits before the point: "0.012", "1.23", "1,235"."""
    return format_number(value, 0) if abs(value) >= 1_000 or math.isnan(value) else f"{value:.3g}"
