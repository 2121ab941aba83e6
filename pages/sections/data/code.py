"""The code that reads, repairs and splits the dataset, with the file that names the split of each row."""

from pathlib import PurePath

from core.codegen.data import DataFiles, can_read_original, data_code, parquet_bytes, split_table
from core.data.samples import SAMPLES
from core.data.splitting import SplitConfig
from core.formatting import csv_bytes
from core.workspace import slug
from pages.shared.cache import LoadedTexts
from pages.shared.code import Code, CodeFile, show_code

_SAMPLE_FILES = {sample.file for sample in SAMPLES}


def show_data_code(loaded: LoadedTexts, split_config: SplitConfig) -> None:
    """An expander with the code and its files."""
    show_code("data", lambda: _make(loaded, split_config))


def _make(loaded: LoadedTexts, split_config: SplitConfig) -> Code:
    table = loaded.table
    name = slug(PurePath(table.name).stem)
    is_original = can_read_original(table) and table.name not in _SAMPLE_FILES
    names = DataFiles(PurePath(table.name).name if is_original else f"{name}.parquet", f"{name}-split.csv", is_original)
    split_file = CodeFile(
        names.split, "Split of the rows (CSV)", lambda: csv_bytes(split_table(loaded.labeled, split_config)), "text/csv"
    )
    table_file = CodeFile(names.table, "Table as it was read (Parquet)", lambda: parquet_bytes(table.frame))
    saved = "your file and the file below" if is_original else "both files below"
    about = f"It makes the same rows as this page, without this app. Save {saved} beside it."
    code = data_code(table, loaded.columns, loaded.repairs, names)
    return Code(code, about, [split_file] if is_original else [table_file, split_file])
