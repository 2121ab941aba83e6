"""Dates are read in one order for the whole column, from all of its values."""

import pandas as pd
import pytest

from core.data.checks.guesses import check_guesses
from core.data.columns import ColumnChoice, apply_columns
from core.data.dates import guess_date_order, normalize_dates
from core.data.splitting import SplitConfig, split
from core.data.table import Table
from core.data.time_split import describe_ranges, time_ranges
from core.errors import DataError
from tests.data.cases import make_table

ORDERS = {
    "a late day": (["03/04/2021", "05/06/2021", "25/12/2021"], "day first", True),
    "a late day in the middle": (["03/04/2021", "12/31/2020", "05/06/2021"], "month first", True),
    "points": (["03.04.2021", "05.06.2021"], "day first", True),
    "sorted by day first": (["01/02/21", "02/02/21", "05/02/21", "01/03/21", "04/03/21"], "day first", True),
    "sorted by month first": (["1-2-2021", "1-5-2021", "2-1-2021", "2-9-2021", "3-1-2021"], "month first", True),
    "with times": (["03/04/2021 10:15", "31/01/2021 9:05 PM"], "day first", True),
    "no sign": (["03/04/2021", "05/02/2021", "01/06/2021"], "month first", False),
    "two orders": (["25/12/2021", "12/25/2021"], "day first", False),
}


@pytest.mark.parametrize("kind", ORDERS)
def test_the_order_is_that_of_the_whole_column(kind: str) -> None:
    cells, order, is_sure = ORDERS[kind]
    reading = guess_date_order(cells)
    assert reading is not None
    assert (reading.order, reading.is_sure) == (order, is_sure)


@pytest.mark.parametrize(
    "cells", [["2021-03-04", "2021-12-31"], ["12 March 2021"], ["1700000000"], ["", "soon"], ["1.2.3"]]
)
def test_other_times_have_no_order(cells: list[str]) -> None:
    assert guess_date_order(cells) is None


def test_a_date_is_described_as_it_is_read() -> None:
    reading = guess_date_order(["12/03/2021", "13/03/2021"])
    assert reading is not None
    assert reading.describe() == "“13/03/2021” is 13 March 2021"


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("12/03/2021", "2021-03-12"),
        ("1.2.99", "1999-02-01"),
        ("1-2-05 10:15", "2005-02-01 10:15"),
        ("2021-03-04", "2021-03-04"),
        ("12 March 2021", "12 March 2021"),
    ],
)
def test_dates_become_year_month_day(cell: str, iso: str) -> None:
    assert normalize_dates(pd.Series([cell]), "day first").tolist() == [iso]


def dated(days: int = 60) -> Table:
    """Rows sorted by text, not by time; a month-first reading of the first twelve days of each month would mix them up."""
    dates = pd.date_range("2021-01-01", periods=days).strftime("%d/%m/%Y").tolist()
    return make_table(
        text=[f"a text about day {i} of it" for i in range(days)], label=["a", "b"] * (days // 2), when=dates
    )


def test_a_split_by_time_uses_one_order_and_says_its_dates() -> None:
    labeled = apply_columns(dated(), ColumnChoice("text", "label", "binary", time="when"))
    config = SplitConfig(0.1, 0.2, by_time=True, group_near_duplicates=False)
    assert sorted(split(labeled, config).test["row"]) == list(range(48, 60))
    ranges = time_ranges(labeled, config)
    assert ranges["test"] == ("2021-02-18", "2021-03-01")
    assert describe_ranges(ranges).startswith("train from 2021-01-01 to 2021-02-11; validation from 2021-02-12")


def test_dates_in_two_orders_are_refused() -> None:
    table = make_table(text=["one text", "another text"], label=["a", "b"], when=["25/12/2021", "12/25/2021"])
    with pytest.raises(DataError, match="day first in the time column, found '12/25/2021'"):
        apply_columns(table, ColumnChoice("text", "label", "binary", time="when"))


def test_dates_without_a_sign_are_a_finding_that_can_be_changed() -> None:
    table = make_table(
        text=["one text of it", "another text of it"] * 9, label=["a", "b"] * 9, when=["03/04/2021", "05/02/2021"] * 9
    )
    choice = ColumnChoice("text", "label", "binary", time="when")
    (finding,) = [found for found in check_guesses(table, choice) if found.check == "guessed_dates"]
    assert finding.choice is not None
    assert apply_columns(table, choice).frame["time"][0] == "2021-03-04"
    assert apply_columns(table, finding.choice).frame["time"][0] == "2021-04-03"
    assert not [found for found in check_guesses(table, finding.choice) if found.check == "guessed_dates"]
