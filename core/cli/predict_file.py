"""Files on the command line: ``python -m core predict RUN --file IN --out OUT``, one file or many, of any size."""

import argparse
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from itertools import starmap
from pathlib import Path

from core.cli.data_options import read_options
from core.cli.output import print_json, progress_bar, show_event
from core.cli.shares import report_shares
from core.data.reading.sandbox import preview_file
from core.errors import DataError, RunError
from core.formatting import pluralize
from core.models.engines.base import TITLES
from core.prediction.batch_file import BatchRequest, predict_in_shards
from core.prediction.batch_files import FolderResult, file_request, output_paths, predict_files
from core.prediction.batch_rows import load_predictor
from core.prediction.batch_shards import BatchSummary
from core.prediction.predict import guess_text_column
from core.prediction.ray_engine import RAY, predict_with_ray

_STOPPED = 130  # as shells report a process that Ctrl-C has ended


def predict_file_command(model_folder: Path, options: argparse.Namespace) -> int:
    """Predict the files of ``--file``; after Ctrl-C or a crash, the same command continues.

    The exit code is 0 for success, 2 if a file could not be predicted, 130 after Ctrl-C.

    Raises:
        DataError: there is no ``--out``, no such file, or an output would replace its input.
        StudioError: the file or the model cannot be read.
    """
    if not options.out:
        raise DataError(
            "Expected --out together with --file, found only --file.",
            "Add --out and the name of a CSV, Parquet, JSON Lines or Excel file, or of a folder.",
        )
    inputs = _find_inputs(options.file)
    how = read_options(options)
    column = options.text or guess_text_column(preview_file(inputs[0].name, inputs[0], how).head.frame)
    # A pattern means a folder even if it matches one file today.
    to_folder = inputs != [Path(name) for name in options.file] or len(inputs) > 1
    to_folder = to_folder or Path(options.out).is_dir() or options.out.endswith(("/", os.sep))
    outputs = output_paths(inputs, Path(options.out)) if to_folder else _output_of_one(inputs[0], Path(options.out))
    engine = None if options.engine == RAY else options.engine
    make_request = partial(file_request, column=column, model_folder=model_folder, engine=engine, options=how)
    requests = list(starmap(make_request, outputs.items()))
    try:
        with progress_bar() as bar:
            on_event = partial(show_event, bar)
            if options.engine == RAY:
                predict_with_ray(requests, on_event)
            if to_folder:
                result = predict_files(outputs, make_request, on_event)
                return _report_folder(result, outputs, options.json)
            summary = predict_in_shards(requests[0], load_predictor, on_event)
        return _report_one(requests[0], summary, options)
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to continue.", file=sys.stderr)
        return _STOPPED


def _output_of_one(source: Path, output: Path) -> dict[Path, Path]:
    if output.resolve() == source.resolve():
        raise DataError(f"{output} would replace its own input.", "Choose another output file.")
    return {source: output}


def _find_inputs(names: list[str]) -> list[Path]:
    """The files with these names, or that match them as patterns."""
    inputs: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        matches = [path] if path.is_file() else _match(path)
        if not matches:
            raise DataError(f"There is no file {name!r}.", "Check the path.")
        inputs.update(dict.fromkeys(matches))
    return list(inputs)


def _match(pattern: Path) -> list[Path]:
    if not any(character in str(pattern) for character in "*?["):
        return []
    root = Path(pattern.anchor)
    return sorted(path for path in root.glob(str(pattern.relative_to(root))) if path.is_file())


def _report_one(request: BatchRequest, summary: BatchSummary | None, options: argparse.Namespace) -> int:
    """Print the summary of a file and the share of each class, and delete what only a continuation needs."""
    if summary is None:
        raise RunError(f"Another process is already predicting {request.source.name}.", "Wait until it has finished.")
    shutil.rmtree(request.progress_folder, ignore_errors=True)
    with suppress(OSError):  # shards of other outputs are in it
        request.progress_folder.parent.rmdir()
    _print_summary(request.output, summary)
    shares = report_shares(request.model_folder, summary, options)
    if options.json:
        print_json(asdict(summary) | {"shares": shares})
    return 0


def _report_folder(result: FolderResult, outputs: dict[Path, Path], as_json: bool) -> int:
    """Print the summaries of files, and the errors of those that could not be predicted."""
    for path, summary in result.done.items():
        _print_summary(outputs[path], summary)
    for path, error in result.failed.items():
        print(f"error: {path}: {error}", file=sys.stderr)
    if result.elsewhere:
        names = pluralize(len(result.elsewhere), "file")
        print(f"{names} still in work in other processes. Run the command again to check.", file=sys.stderr)
    if as_json:
        print_json({str(outputs[path]): asdict(summary) for path, summary in result.done.items()})
    return 2 if result.failed else 0


def _print_summary(output: Path, summary: BatchSummary) -> None:
    parts = [f"{pluralize(summary.rows, 'row')} written to {output}"]
    if summary.problems:
        parts.append(f"{summary.problems:,} without a prediction")
    if summary.unsure:
        parts.append(f"{summary.unsure:,} not sure")
    engine = TITLES.get(summary.engine, summary.engine)
    print(f"{', '.join(parts)} (engine: {engine})", file=sys.stderr)
