"""How numbers, counts and tables are written for people: on pages, in reports, on the command line and in downloads."""

import math
from collections.abc import Sequence

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def pluralize(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: "1 row", "2,000 rows", "3 classes"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def join_names(names: Sequence[str], limit: int = 3) -> str:
    """The first names and how many more there are: "red, blue, green and 4 more"."""
    return ", ".join(names[:limit]) + (f" and {len(names) - limit:,} more" if len(names) > limit else "")


def format_percent(share: float, digits: int = 1) -> str:
    """A share in percent: "81.4%"; "undefined" for NaN."""
    return "undefined" if math.isnan(share) else f"{100 * share:.{digits}f}%"


def format_number(value: float, digits: int = 3) -> str:
    """A number with a fixed count of decimals: "0.713"; "undefined" for NaN."""
    return "undefined" if math.isnan(value) else f"{value:,.{digits}f}"


def format_range(low: float, high: float, percent: bool = False) -> str:
    """Both ends of a range with as few digits as tell them apart: "84 and 93%", "0.71 and 0.78"."""
    factor, unit = (100, "%") if percent else (1, "")
    low, high = factor * low, factor * high
    for digits in range(0 if percent else 2, 6):
        ends = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
        if ends[0] != ends[1]:
            break
    return f"{ends[0]} and {ends[1]}{unit}"


def format_duration(seconds: float) -> str:
    """Seconds as "40 s", "3 min 20 s" or "1 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def escape_formula(value: object) -> object:
    """The value, with an apostrophe in front if it is text that a spreadsheet would run as a formula."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def escape_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before every cell and column name that a spreadsheet would run as a formula."""
    escaped = table.copy()
    for column in table.select_dtypes(include=["object", "str"]).columns:
        escaped[column] = table[column].map(escape_formula)
    return escaped.set_axis([escape_formula(name) for name in table.columns], axis=1)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV that spreadsheets open safely: UTF-8 with a byte order mark, no formulas."""
    return escape_formulas(table).to_csv(index=False).encode("utf-8-sig")


def json_bytes(table: pd.DataFrame) -> bytes:
    """The table as a JSON array of objects, UTF-8."""
    return (table.to_json(orient="records", force_ascii=False, indent=2) or "").encode()
