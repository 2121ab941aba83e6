"""Data sets from the Hugging Face hub, by ``owner/name``, through the real ``datasets.load_dataset``."""

import re
from pathlib import Path
from typing import Any

from core.data.table import SPLIT_COLUMN, SPLIT_FOLDERS, Table, as_cell, checked, column_names, frame_of
from core.errors import DataError, LimitError

# "csv" or a folder of this machine would be accepted by the library as well; a visitor must not read the server's files.
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
MAX_ROWS = 1_000_000
_PATIENCE_SECONDS = 10.0


def load_hub_dataset(name: str, config: str = "", split: str = "") -> Table:
    """A data set of the hub as a table; with no split named, all of them, told apart by a column "split".

    Raises:
        DataError: no such data set, configuration or split, or the hub cannot be reached.
        LimitError: more than ``MAX_ROWS`` rows.
    """
    if not _NAME.fullmatch(name) or Path(name).exists():
        raise DataError(
            f"Expected owner/name as on huggingface.co/datasets, found {name!r}.", "For example fancyzhx/ag_news."
        )
    import datasets

    _find(name)
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(name, config or None, split=split or None)
    except (ValueError, RuntimeError, datasets.exceptions.DatasetsError, OSError) as error:
        raise DataError(
            f"{name} could not be loaded: {_first_line(error)}", "Choose another configuration or split."
        ) from error
    parts = loaded if isinstance(loaded, dict) else {split.split("[")[0]: loaded}
    if sum(len(part) for part in parts.values()) > MAX_ROWS:
        raise LimitError(
            f"{name} has more than {MAX_ROWS:,} rows.", f"Name a part of it, such as train[:{MAX_ROWS // 10}]."
        )
    return checked(_table(name, parts), 2)


def _find(name: str) -> None:
    """Say at once when the hub or the data set is out of reach: ``load_dataset`` alone would try for half a minute."""
    from httpx2 import TransportError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        HfApi().auth_check(name, repo_type="dataset")
        HfApi().dataset_info(name, timeout=_PATIENCE_SECONDS)
    except HfHubHTTPError as error:
        raise DataError(
            f"The Hugging Face hub has no data set {name}, or it is private or gated.",
            "Check the name at huggingface.co/datasets.",
        ) from error
    except (TransportError, OSError) as error:
        raise DataError(
            f"The Hugging Face hub could not be reached for {name}.",
            "Check the network connection, or upload the file.",
        ) from error


def _table(name: str, parts: dict[str, Any]) -> Table:
    names = list(next(iter(parts.values())).column_names)
    cells: list[list[str]] = [[] for _ in names]
    splits: list[str] = []
    for split, part in parts.items():
        for position, column in enumerate(names):
            classes = getattr(part.features[column], "names", None)
            cells[position] += [_named(value, classes) for value in part[column]]
        splits += [split] * len(part)
    known = len(parts) > 1 and all(split in SPLIT_FOLDERS for split in parts)
    if known:
        names, cells = [*names, SPLIT_COLUMN], [*cells, splits]
    return Table(frame_of(cells, column_names(names, len(names))), name, form="Hugging Face hub")


def _named(value: Any, classes: list[str] | None) -> str:
    if classes and isinstance(value, int):
        return classes[value] if 0 <= value < len(classes) else ""  # -1 marks rows without a label
    return as_cell(value)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".") + "."
