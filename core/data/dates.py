"""Read dates whose day and month are numbers: one order for the whole column, from all of its values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from core.errors import DataError

DateOrder = Literal["day first", "month first"]
_NUMERIC_DATE = re.compile(r"\s*(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)(.*)", re.DOTALL)
_MAX_MONTH = 12
_LAST_YEAR_OF_CENTURY = 69
_MIN_ORDERED_SHARE = 0.9


@dataclass(frozen=True)
class DateReading:
    """The order of day and month in a column, whether its values leave no doubt about it, and an example as it is written."""

    order: DateOrder
    is_sure: bool
    example: str

    def describe(self) -> str:
        """The example as it is read, such as "“12/03/2021” is 12 March 2021"."""
        return f"“{self.example}” is {_show(to_iso(self.example, self.order))}"


def guess_date_order(cells: Iterable[str]) -> DateReading | None:
    """The order in a column of dates with numbers for day and month; None if it has no such dates.

    A number above 12 is a day. Without one, rows that are sorted by time tell the order, then a point as separator.
    """
    matches = [match for cell in cells if (match := _NUMERIC_DATE.match(cell))]
    if not matches:
        return None
    firsts, seconds = ([int(match[group]) for match in matches] for group in (1, 3))
    days_first, days_second = (sum(number > _MAX_MONTH for number in numbers) for numbers in (firsts, seconds))
    clear = max(matches, key=lambda match: max(int(match[1]), int(match[3])))
    differing = next((match for match in matches if match[1] != match[3]), matches[0])
    example = (clear if days_first or days_second else differing)[0].strip()[:20]
    if days_first or days_second:
        return DateReading(
            "day first" if days_first >= days_second else "month first", not (days_first and days_second), example
        )
    day_sorted, month_sorted = (_sorted_share(matches, order) for order in ("day first", "month first"))
    if max(day_sorted, month_sorted) >= _MIN_ORDERED_SHARE and day_sorted != month_sorted:
        return DateReading("day first" if day_sorted > month_sorted else "month first", True, example)
    return DateReading("day first" if matches[0][2] == "." else "month first", matches[0][2] == ".", example)


def to_iso(cell: str, order: DateOrder) -> str:
    """A date as year, month and day, with the time that follows it; other cells are unchanged.

    Raises:
        DataError: the date does not exist in this order.
    """
    match = _NUMERIC_DATE.match(cell)
    if match is None:
        return cell
    day, month = (match[1], match[3]) if order == "day first" else (match[3], match[1])
    year = int(match[4]) + (0 if len(match[4]) == 4 else 2000 if int(match[4]) <= _LAST_YEAR_OF_CENTURY else 1900)
    try:
        return f"{date(year, int(month), int(day)).isoformat()}{match[5]}"
    except ValueError as error:
        raise DataError(
            f"Expected dates with the {order} in the time column, found {cell.strip()[:40]!r}.",
            "Choose the other order, correct the dates, or choose another time column.",
        ) from error


def normalize_dates(cells: pd.Series, order: DateOrder | None) -> pd.Series:
    """The cells with all dates in the order year, month, day; the order in them is guessed if it is None.

    Raises:
        DataError: a date does not exist in the order of the column.
    """
    chosen = order
    if chosen is None:
        reading = guess_date_order(cells)
        if reading is None:
            return cells
        chosen = reading.order
    return cells.map({cell: to_iso(cell, chosen) for cell in cells.unique()}).astype(cells.dtype)


def _sorted_share(matches: list[re.Match[str]], order: DateOrder) -> float:
    """The share of neighboring rows with different dates that go in the more frequent direction."""
    days = np.asarray([int(to_iso(match[0], order)[:10].replace("-", "")) for match in matches])
    steps = np.sign(np.diff(days))
    steps = steps[steps != 0]
    return float(max((steps > 0).mean(), (steps < 0).mean())) if len(steps) > 2 else 0.0


def _show(iso: str) -> str:
    day = date.fromisoformat(iso[:10])
    return f"{day.day} {day:%B %Y}"
