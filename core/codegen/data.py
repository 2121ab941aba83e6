"""Code that reads, repairs and splits a dataset as the Data page does, and the files that it needs."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.codegen.render import render
from core.codegen.source import import_block, packages, source_of
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.pii import mask
from core.data.repairs import Repair, remove_markup
from core.data.splitting import SplitConfig, Splits, split
from core.data.table import Table

# What the code takes from this project: functions that change a text.
_TEXT_REPAIRS: dict[str, Any] = {"strip_markup": remove_markup, "mask_personal": mask}


@dataclass(frozen=True)
class DataFiles:
    """The names of the files beside the code: the table, and the split of its rows.

    ``is_original`` says that the table is the file as the user has it; otherwise it is the table that the app read, as Parquet.
    """

    table: str
    split: str
    is_original: bool


def can_read_original(table: Table) -> bool:
    """Whether ``pandas.read_csv`` reads the file as the app did: a CSV file in which every row could be read."""
    return table.format == "CSV" and bool(table.delimiter) and not table.unreadable


def data_code(table: Table, columns: ColumnChoice, applied: Sequence[Repair], files: DataFiles) -> str:
    """Python that makes the frames train, validation and test, each with the columns text and label."""
    kinds = {repair.kind for repair in applied}
    has_lists = columns.kind == "multilabel" and columns.form == "list" and not columns.label_columns
    source = source_of(function for kind, function in _TEXT_REPAIRS.items() if kind in kinds)
    imports = {"import pandas as pd", *source.imports}
    imports |= {"import ftfy"} if "mend_encoding" in kinds else set()
    imports |= {"import ast", "import json"} if has_lists else set()
    return render(
        "data.py.j2",
        needs=packages(imports),
        imports=import_block(imports),
        sources=source.definitions,
        has_lists=has_lists,
        table=table,
        rows=len(table),
        columns=columns,
        names=dict(columns.names),
        files=files,
        read_csv=_read_csv_arguments(table, columns),
        decimal_commas=_has_decimal_commas(table, columns),
        steps=[_step(repair) for repair in applied],
        dropping=sorted({repair.title for repair in applied if repair.kind.startswith("drop_")}),
    )


def split_table(labeled: LabeledTexts, split_config: SplitConfig) -> pd.DataFrame:
    """The split of each row that is used: row (position in the table, from 0) and split.

    Raises:
        DataError: as for :func:`core.data.splitting.split`.
    """
    splits = split(labeled, split_config)
    return pd.concat([frame[["row"]].assign(split=name) for name, frame in splits]).sort_values("row")


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """The table as a Parquet file, which keeps every text as it is."""
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()


def rows_table(splits: Splits) -> pd.DataFrame:
    """The rows that a training reads: split, text and label."""
    frames = [frame[["text", "label"]].assign(split=name) for name, frame in splits]
    return pd.concat(frames, ignore_index=True)[["split", "text", "label"]]


def _read_csv_arguments(table: Table, columns: ColumnChoice) -> list[tuple[str, Any]]:
    """The arguments of ``read_csv`` that read the chosen columns, in the order of the file."""
    all_names = list(map(str, table.frame.columns))
    positions = sorted({all_names.index(name) for name in _label_and_text(columns) if name in all_names})
    quoting: list[tuple[str, Any]] = [("quotechar", table.quote)] if table.quote else [("quoting", 3)]  # csv.QUOTE_NONE
    # A file in UTF-8 may begin with a byte order mark.
    encoding = "utf-8-sig" if table.encoding.replace("_", "-").lower() in ("utf-8", "ascii") else table.encoding
    return [
        ("sep", table.delimiter),
        *quoting,
        ("encoding", encoding),
        ("encoding_errors", "replace"),
        ("header", 0 if table.header else None),
        ("usecols", positions),
        ("names", [all_names[position] for position in positions]),
    ]


def _label_and_text(columns: ColumnChoice) -> list[str]:
    return [columns.text, *(columns.label_columns or (columns.label,))]


def _has_decimal_commas(table: Table, columns: ColumnChoice) -> bool:
    return columns.kind == "regression" and bool(table.frame[columns.label].str.contains(",", regex=False).any())


def _step(repair: Repair) -> dict[str, Any]:
    """A repair as the template needs it: kind, title, and its arguments as plain values."""
    detail = dict(repair.detail)
    if repair.kind == "relabel":
        detail = {"changes": {(change["text"], change["was"]): change["now"] for change in detail["changes"]}}
    return {"kind": repair.kind, "title": repair.title, **detail}
