"""The commands of ``python -m core``: each takes what was typed and gives the exit code. The same code the pages call.

Heavy modules are imported where they are needed, so that a command starts as fast as it can.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from core.cli.output import format_prediction, print_check, print_report, print_result, train_and_wait
from core.data.table import ReadOptions
from core.errors import DataError, RunError, StudioError
from core.runs import Run, find_run
from core.workspace import Workspace, default_home, workspace_containing, workspace_of

SETTINGS = {"epochs": float, "learning_rate": float, "batch_size": int, "max_length": int}


def demo(options: argparse.Namespace) -> int:
    """Split, fine-tune and evaluate the built-in sample, and predict three texts."""
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
    for text, answer in zip(texts, _predict_texts(run, texts), strict=True):
        print(f"  {text}\n    -> {format_prediction(answer)}")
    print(f"\nThe model lies in {run.model_folder}")
    return 0


def train(options: argparse.Namespace) -> int:
    """Fine-tune on a table and show the result."""
    from core.data.columns import apply_columns
    from core.data.dataset import save_dataset
    from core.data.guessing import choice_for
    from core.data.reading.files import join_tables, read_file
    from core.data.splitting import SplitConfig, split
    from core.experiments.launch import create_training_run
    from core.training.config import recommended

    table = read_file(options.file)
    others = {"validation": options.validation_file, "test": options.test_file}
    parts = [("train", table), *((name, read_file(path)) for name, path in others.items() if path)]
    joined = join_tables(parts) if len(parts) > 1 else table
    columns = choice_for(joined, options.text, options.label, options.task)
    split_config = SplitConfig(options.validation_share, options.test_share, options.seed)
    # The splits are made before anything is stored, so that data that cannot be used leaves nothing behind.
    splits = split(apply_columns(joined, columns), split_config)
    config = replace(
        recommended(len(splits.train), splits.task.outputs, options.encoder, splits.task.kind),
        method=options.method,
        seed=options.seed,
        **_given_settings(options),
    )
    dataset = save_dataset(_workspace(options.workspace), joined, columns, split_config, options.file.stem)
    run = create_training_run(_workspace(options.workspace), dataset, config, options.name, splits)
    train_and_wait(run)
    print_result(run, options.json)
    return 0


def _given_settings(options: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in SETTINGS if (value := getattr(options, name)) is not None}


def run(options: argparse.Namespace) -> int:
    """Carry out prepared runs, one after the other; 2 if one of them failed."""
    from core import host
    from core.experiments.worker import work
    from core.jobs import process

    runs = [_find(options.workspace, name) for name in options.runs]

    def called_off(run: Run) -> bool:  # by somebody, while it waited for the others
        status = process.read_status(run.folder)
        return status.state == "stopped" and status.pid == os.getpid()

    if host.is_main_process():
        for run in runs:
            if not called_off(run):
                process.write_status(run.folder, "queued")
    code = 0
    for run in runs:
        if called_off(run):
            continue
        try:
            work(run, workspace_containing(run.folder).home)
        except StudioError as error:  # the next one may do better
            print(f"error: {run.id}: {error}", file=sys.stderr)
            code = 2
    return code


def search(options: argparse.Namespace) -> int:
    """Carry out, go on with, or join a search, and show its best trials."""
    from core.experiments.tuning.search import Search
    from core.experiments.tuning.trials import work
    from core.jobs.events import Event, Progress

    def say(event: Event) -> None:
        if isinstance(event, Progress):
            print(f"{event.done} of {event.total} trials", file=sys.stderr)

    folder: Path = options.folder.resolve()
    search = Search.open(folder)
    work(search, workspace_containing(folder).home, say)
    table = search.table()
    if len(table):
        print(table.sort_values("value", ascending=False).head(10).to_string(index=False))
    return 0


def work_in_folder(module: str, options: argparse.Namespace) -> int:
    """Do the work of a module of ``core.training`` that a folder asks for."""
    import_module(module).work(options.folder.resolve())
    return 0


def check(options: argparse.Namespace) -> int:
    """Say what is wrong with a table; 1 if it cannot be trained on."""
    from core.data.checks.report import report
    from core.data.labels import read_names
    from core.data.reading.files import read_files
    from core.models.encoders import BUILT_IN
    from core.models.tokenization import count_tokens

    files = {path.name: _bytes_of(path) for path in options.files}
    names = read_names(_text_of(options.names)) if options.names else ()
    table = read_files(
        files, ReadOptions(options.encoding, options.delimiter, header=options.header, sheet=options.sheet)
    )
    found = report(table, partial(count_tokens, BUILT_IN), options.text, options.label, names)
    if options.json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
    else:
        print_check(found)
    return 1 if found.blocked else 0


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path.")
    return path.read_bytes()


def _text_of(path: Path) -> str:
    from core.data.reading.encodings import detect_encoding

    data = _bytes_of(path)
    return data.decode(detect_encoding(data, path.name), errors="replace")


def evaluate(options: argparse.Namespace) -> int:
    """Show how good a run's model is, and write its report if asked."""
    run = _find(options.workspace, options.run)
    if run.result() is None:
        raise RunError(f"{run.name} has no results yet.", "Wait until it has finished, or start it again.")
    if options.report:
        from core.reports import html

        html.write(run, options.report)
        print(f"Report written to {options.report}", file=sys.stderr)
    print_result(run, options.json)
    return 0


def predict(options: argparse.Namespace) -> int:
    """Predict texts, or a file of them."""
    run = _find(options.workspace, options.run)
    if options.file:
        _predict_file(run, options)
        return 0
    if not options.texts:
        raise DataError("Expected a text to predict, found none.", "Write texts after the run, or --file IN --out OUT.")
    answers = _predict_texts(run, options.texts)
    if options.json:
        print(json.dumps(answers, ensure_ascii=False, indent=2))
        return 0
    for text, answer in zip(options.texts, answers, strict=True):
        print(f"{text}\n  -> {format_prediction(answer)}")
    return 0


def _predict_file(run: Run, options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from core import decision_rule
    from core.data.reading.files import read_file
    from core.models import classifier as classifiers
    from core.prediction.predict import escape_formulas, predict_table, text_column
    from core.workspace import write_atomically

    if not options.out:
        raise DataError("Expected --out FILE beside --file.", "Say where the answers should go.")
    table = read_file(options.file, columns_needed=1).frame
    with tqdm(total=len(table), unit=" texts", file=sys.stderr) as bar:
        classifier = classifiers.load(run.model_folder)
        column = options.text or text_column(table)
        answers = predict_table(
            classifier, table, column, lambda done, _: bar.update(done - bar.n), decision_rule.load(run.model_folder)
        )
    write_atomically(options.out, lambda path: escape_formulas(answers).to_csv(path, index=False))
    print(f"{len(answers):,} rows written to {options.out}", file=sys.stderr)


def _predict_texts(run: Run, texts: Sequence[str]) -> list[dict[str, Any]]:
    from core import decision_rule
    from core.models import classifier as classifiers
    from core.prediction.predict import as_json, predict

    kept = decision_rule.load(run.model_folder)
    return as_json(run.task, predict(classifiers.load(run.model_folder), texts), kept)


def _workspace(folder: Path | None) -> Workspace:
    return Workspace(folder.resolve(), default_home()) if folder else workspace_of("local")


def _find(workspace: Path | None, name: str) -> Run:
    folder = Path(name)
    return Run.open(folder.resolve()) if folder.is_dir() else find_run(_workspace(workspace), name)
