"""The code that trains with the chosen settings, or as a finished run did, with the file of its rows."""

from collections.abc import Callable

from core.codegen.data import parquet_bytes, rows_table
from core.codegen.train import train_code
from core.data.dataset import Dataset
from core.data.splitting import Splits, split
from core.runs import Run
from core.task import Task
from core.training.config import TrainingConfig
from core.workspace import slug
from pages.shared import cache
from pages.shared.code import Code, CodeFile, show_code


def show_settings_code(dataset: Dataset, config: TrainingConfig) -> None:
    """An expander with the code for settings that were chosen."""

    def make() -> Code:
        loaded = cache.dataset_texts(dataset)
        train_rows = len(cache.splits(loaded, dataset.split_config).train)
        file = _rows_file(dataset.name, lambda: split(loaded.labeled, dataset.split_config))
        return _make(loaded.labeled.task, config, train_rows, file)

    show_code("settings", make)


def show_run_code(run: Run) -> None:
    """An expander with the code for a run."""
    file = _rows_file(run.name, run.splits)
    show_code(f"run-{run.id}", lambda: _make(run.task, run.config, run.sizes["train"], file))


def _rows_file(name: str, splits: Callable[[], Splits]) -> CodeFile:
    return CodeFile(
        f"{slug(name)}-rows.parquet", "Rows of all splits (Parquet)", lambda: parquet_bytes(rows_table(splits()))
    )


def _make(task: Task, config: TrainingConfig, train_rows: int, file: CodeFile) -> Code:
    about = "It trains with these settings on the same rows, without this app. Save the file below beside it."
    return Code(train_code(task, config, train_rows, file.name), about, [file])
