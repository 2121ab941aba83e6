"""The commands of ``python -m core``: each takes the parsed options and returns the exit code.

Heavy modules are imported inside the commands that need them, so that the others start fast.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from core.cli.data_options import choose_columns, read_options
from core.cli.output import (
    format_prediction,
    print_check,
    print_json,
    print_report,
    print_result,
    print_warnings,
    train_and_wait,
)
from core.cli.training_options import chosen_settings
from core.errors import DataError, RunError, StudioError
from core.runs import Run, find_run
from core.workspace import Workspace, default_home, workspace_containing, workspace_of


def demo(options: argparse.Namespace) -> int:
    """Split, fine-tune and evaluate the built-in sample, then predict three texts."""
    from core.data.samples import CLINIC
    from core.experiments.launch import create_training_run, preset_for_dataset, sample_dataset

    workspace = _workspace(options.workspace)
    dataset = sample_dataset(workspace, CLINIC)
    run = create_training_run(workspace, dataset, preset_for_dataset(dataset), f"{CLINIC.title}, demo")
    train_and_wait(run)
    print_report(run)
    texts = [
        "down to my last two of the little white ones, can you send more to the chemist on Mill Road",
        "ever since I began the new tablets my ankles are twice their size",
        "why was 85 taken from my account when the visit was covered?",
    ]
    print("\nThree predictions")
    for text, record in zip(texts, _predict_texts(run, texts), strict=True):
        print(f"  {text}\n    -> {format_prediction(record)}")
    print(f"\nThe model is in {run.model_folder}")
    return 0


def train(options: argparse.Namespace) -> int:
    """Fine-tune on a table and print the result."""
    from core.data.columns import apply_columns
    from core.data.dataset import save_dataset
    from core.data.reading.files import join_tables
    from core.data.reading.sandbox import read_tables
    from core.data.splitting import SplitConfig, split
    from core.data.time_split import describe_ranges, time_ranges
    from core.experiments.launch import create_training_run
    from core.training.presets import recommended

    # Settings out of range are refused before a large file is read.
    settings = chosen_settings(options)
    split_config = SplitConfig(options.validation_share, options.test_share, options.seed, by_time=bool(options.time))
    files = {"train": options.file, "validation": options.validation_file, "test": options.test_file}
    how = read_options(options)
    tables = [(name, read_tables({path.name: path}, how)) for name, path in files.items() if path]
    table = join_tables(tables) if len(tables) > 1 else tables[0][1]
    columns = choose_columns(table, options)
    labeled = apply_columns(table, columns)
    print_warnings(table, columns, labeled)
    # Split before anything is stored, so that unusable data leaves no dataset behind.
    splits = split(labeled, split_config)
    if options.time:
        print(f"Split by time: {describe_ranges(time_ranges(labeled, split_config))}", file=sys.stderr)
    config = replace(recommended(len(splits.train), splits.task.outputs, options.encoder, splits.task.kind), **settings)
    workspace = _workspace(options.workspace)
    dataset = save_dataset(workspace, table, columns, split_config, options.file.stem)
    run = create_training_run(workspace, dataset, config, options.name, splits)
    train_and_wait(run)
    print_result(run, options.json)
    return 0


def run(options: argparse.Namespace) -> int:
    """Run prepared trainings, one after the other; 2 if one of them failed."""
    from core import host
    from core.experiments.worker import run_worker
    from core.jobs import process

    runs = [open_run(options.workspace, name) for name in options.runs]

    def is_canceled(run: Run) -> bool:  # while it waited for the others
        status = process.read_status(run.folder)
        return status.state == "stopped" and status.pid == os.getpid()

    if host.is_main_process():
        for run in runs[1:]:
            if not process.read_status(run.folder).active:
                process.write_status(run.folder, "queued")
    code = 0
    for run in runs:
        if is_canceled(run):
            continue
        try:
            run_worker(run, workspace_containing(run.folder).home)
        except StudioError as error:  # the next run may succeed
            print(f"error: {run.id}: {error}", file=sys.stderr)
            code = 2
    return code


def search(options: argparse.Namespace) -> int:
    """Start, resume or join a search, and print its best trials."""
    from core.experiments.tuning.search import Search
    from core.experiments.tuning.storage import STORAGE_VARIABLE
    from core.experiments.tuning.trials import run_search
    from core.jobs.events import Event, Progress

    def print_progress(event: Event) -> None:
        if isinstance(event, Progress):
            print(f"{event.done} of {event.total} trials", file=sys.stderr)

    folder: Path = options.folder.resolve()
    if options.storage:  # its password is read from there and not stored
        os.environ[STORAGE_VARIABLE] = options.storage
    search = Search.open(folder).with_storage(options.storage)
    run_search(search, workspace_containing(folder).home, print_progress)
    table = search.table()
    if len(table):
        print(table.sort_values("value", ascending=False).head(10).to_string(index=False))
    return 0


def run_in_folder(function: str, options: argparse.Namespace) -> int:
    """Run the job of a folder; ``function`` is its module and name, such as ``core.analysis.dataset:run_analysis``."""
    module, name = function.split(":")
    getattr(import_module(module), name)(options.folder.resolve())
    return 0


def check(options: argparse.Namespace) -> int:
    """Print the problems of a table; 1 if it cannot be used for training."""
    from core.data.checks.report import check_table
    from core.data.labels import parse_label_names
    from core.data.reading.sandbox import read_tables
    from core.models.encoders import BUILT_IN
    from core.models.tokenization import count_tokens

    names = parse_label_names(_read_text(options.names)) if options.names else ()
    table = read_tables({path.name: path for path in options.files}, read_options(options))
    report = check_table(table, partial(count_tokens, BUILT_IN), partial(choose_columns, options=options, names=names))
    if options.json:
        print_json(report.to_json())
    else:
        print_check(report)
    return 1 if report.blocked else 0


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path.")
    return path.read_bytes()


def _read_text(path: Path) -> str:
    from core.data.reading.encodings import detect_encoding

    data = _read_bytes(path)
    return data.decode(detect_encoding(data, path.name), errors="replace")


def evaluate(options: argparse.Namespace) -> int:
    """Print the metrics of a run's model, and write its report if asked for."""
    run = open_run(options.workspace, options.run)
    if run.result() is None:
        raise RunError(f"{run.name} has no results yet.", "Wait until it finishes, or start it again.")
    if options.report:
        from core.reports.write import write_report

        write_report(run, options.report)
        print(f"The report is in {options.report}", file=sys.stderr)
    print_result(run, options.json)
    return 0


def predict(options: argparse.Namespace) -> int:
    """Predict texts, or the texts of files."""
    run = open_run(options.workspace, options.run)
    if options.file:
        from core.cli.predict_file import predict_file_command

        return predict_file_command(run.model_folder, options)
    if not options.texts:
        raise DataError(
            "Expected a text to predict, found none.", "Add texts after the run, or use --file IN --out OUT."
        )
    records = _predict_texts(run, options.texts, options.engine)
    if options.json:
        print_json(records)
        return 0
    for text, record in zip(options.texts, records, strict=True):
        print(f"{text}\n  -> {format_prediction(record)}")
    return 0


def _predict_texts(run: Run, texts: Sequence[str], engine: str | None = None) -> list[dict[str, Any]]:
    from core import decision_rule
    from core.models.engines.load import load_engine
    from core.models.engines.report import describe_engine
    from core.models.engines.selection import stored_choice
    from core.prediction.predict import predict

    folder = run.first_model() or run.model_folder
    rule = decision_rule.load(folder)
    loaded = load_engine(folder, engine)
    records = predict(loaded, texts, rule).to_records()
    choice = stored_choice(folder)
    print(describe_engine(loaded.name, choice.trial if choice else None), file=sys.stderr)
    return records


def export(options: argparse.Namespace) -> int:
    """Write a run's model, scripts, rows and results to a zip."""
    from core.prediction.export import export_to
    from core.reports.markdown import render_markdown

    export_to(open_run(options.workspace, options.run), options.file, render_markdown)
    print(f"The zip is in {options.file}", file=sys.stderr)
    return 0


def import_zip(options: argparse.Namespace) -> int:
    """Import a model from a zip that was exported, and print the id of its run; or everything of a takeout."""
    from core.cli.hosting import import_everything
    from core.hosting.takeout_import import is_takeout
    from core.prediction.importing import import_bundle

    if not options.file.is_file():
        raise DataError(f"There is no file {str(options.file)!r}.", "Check the path.")
    if is_takeout(options.file):
        return import_everything(options)
    run = import_bundle(_workspace(options.workspace), options.file)
    print(run.id)
    print(f"{run.name} is imported. Its model is in {run.model_folder}", file=sys.stderr)
    return 0


def _workspace(folder: Path | None) -> Workspace:
    return Workspace(folder.resolve(), default_home()) if folder else workspace_of("local")


def open_run(workspace: Path | None, name: str) -> Run:
    """The run with a folder or an id."""
    folder = Path(name)
    return Run.open(folder.resolve()) if folder.is_dir() else find_run(_workspace(workspace), name)
