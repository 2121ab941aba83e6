"""Excel files: which sheet is read."""

import pandas as pd
import pytest

from core.data.reading.files import read_bytes
from core.data.table import ReadOptions
from core.errors import DataError
from tests.data.reading.cases import FRAME, excel_bytes

NOTES = pd.DataFrame({"note": ["nothing here"], "x": ["y"]})


def test_a_sheet_can_be_chosen() -> None:
    data = excel_bytes(Notes=NOTES, Data=FRAME)
    assert read_bytes(data, "x.xlsx").sheets == ("Notes", "Data")
    assert read_bytes(data, "x.xlsx", ReadOptions(sheet="Data")).frame["label"].tolist() == ["x", "y", "x"]
    with pytest.raises(DataError, match="no sheet 'Other'"):
        read_bytes(data, "x.xlsx", ReadOptions(sheet="Other"))


def test_an_empty_first_sheet_is_skipped() -> None:
    assert read_bytes(excel_bytes(Empty=pd.DataFrame(), Data=FRAME), "x.xlsx").frame["label"].tolist() == [
        "x",
        "y",
        "x",
    ]
