"""Datasets from the Hugging Face hub, loaded by ``owner/name`` with ``datasets.load_dataset``."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.budget import MAX_UNPACKED_BYTES, limited_reading
from core.data.table import (
    SPLIT_ALIASES,
    SPLIT_COLUMN,
    Table,
    cell_text,
    column_names,
    frame_from_strings,
    validate_table,
)
from core.errors import DataError, LimitError
from core.hub import hub_token

# ``load_dataset`` also accepts "csv" or a local folder, but a visitor must not read the server's files.
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
MAX_ROWS = 1_000_000
# The files of a dataset, which are all downloaded before its rows can be counted.
MAX_DOWNLOAD_BYTES = 10_000_000_000
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class HubDataset:
    """A dataset of the hub: its name, its configuration and its split; all splits if that is empty."""

    name: str
    config: str = ""
    split: str = ""


def load_hub_dataset(dataset: HubDataset) -> Table:
    """A dataset from the hub as a table. Without a split, it has all splits and a column "split".

    Raises:
        DataError: the dataset, configuration or split does not exist, or the hub cannot be reached.
        LimitError: the dataset has more than ``MAX_ROWS`` rows or ``MAX_DOWNLOAD_BYTES``.
    """
    name, split = dataset.name, dataset.split
    if not _NAME.fullmatch(name) or Path(name).exists():
        raise DataError(
            f"Expected a dataset as owner/name, found {name!r}.",
            "Copy the name from huggingface.co/datasets, for example fancyzhx/ag_news.",
        )
    import datasets

    _check_access(name)
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(name, dataset.config or None, split=split or None, token=hub_token())
    except (ValueError, RuntimeError, datasets.exceptions.DatasetsError, OSError) as error:
        raise DataError(
            f"{name} could not be loaded: {_first_line(error)}", "Choose another configuration or split."
        ) from error
    parts = loaded if isinstance(loaded, dict) else {split.split("[")[0]: loaded}
    if sum(len(part) for part in parts.values()) > MAX_ROWS:
        raise LimitError(
            f"{name} has more than {MAX_ROWS:,} rows.", f"Load a part of it, such as train[:{MAX_ROWS // 10}]."
        )
    with limited_reading(name, MAX_UNPACKED_BYTES):
        return validate_table(_to_table(name, parts), columns_needed=2)


def _check_access(name: str) -> None:
    """Fail at once if the dataset cannot be reached, because ``load_dataset`` retries for half a minute, or is too large."""
    from httpx2 import TransportError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        HfApi(token=hub_token()).auth_check(name, repo_type="dataset")
        info = HfApi(token=hub_token()).dataset_info(name, timeout=_TIMEOUT_SECONDS, files_metadata=True)
    except HfHubHTTPError as error:
        raise DataError(
            f"The Hugging Face hub has no dataset {name}, or it is private or gated.",
            "Check the name at huggingface.co/datasets.",
        ) from error
    except (TransportError, OSError) as error:
        raise DataError(
            f"The Hugging Face hub could not be reached to load {name}.",
            "Check the network connection, or upload a file.",
        ) from error
    if (size := sum(file.size or 0 for file in info.siblings or ())) > MAX_DOWNLOAD_BYTES:
        raise LimitError(
            f"{name} has {size / 1e9:,.0f} GB of files, more than {MAX_DOWNLOAD_BYTES // 10**9} GB.",
            "Download the part that you need, and upload it as a file.",
        )


def _to_table(name: str, parts: dict[str, Any]) -> Table:
    names = list(next(iter(parts.values())).column_names)
    cells: list[list[str]] = [[] for _ in names]
    splits: list[str] = []
    for split, part in parts.items():
        for position, column in enumerate(names):
            class_names = getattr(part.features[column], "names", None)
            cells[position] += [cell_text(value, class_names) for value in part[column]]
        splits += [split] * len(part)
    if len(parts) > 1 and all(split in SPLIT_ALIASES for split in parts):
        names, cells = [*names, SPLIT_COLUMN], [*cells, splits]
    return Table(frame_from_strings(cells, column_names(names, len(names))), name, format="Hugging Face hub")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".") + "."
