"""The argument parser of ``python -m core``, one function for each command."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli import behavior, commands, engines, hosting, push
from core.cli.data_options import add_column_options, add_reading_options
from core.cli.training_options import add_training_options
from core.prediction.serving.command import add_serve_parser

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

# The commands that a page starts in a child process, with the function that runs the job of a folder.
_JOBS = {
    "analyze": ("core.analysis.dataset:run_analysis", "Analyze a dataset with frozen features."),
    "learning-curve": ("core.analysis.learning_curve:run_learning_curve", "Compute the learning curve of a run."),
    "important-words": (
        "core.analysis.important_words:run_important_words",
        "Compute the important words of a run.",
    ),
    "test-behavior": ("core.behavior.execution:run_behavior_job", "Run the behavioral tests of a run."),
    "compare-engines": (
        "core.prediction.engine_trial:run_engine_trial",
        "Compare prediction engines on the validation rows of a run.",
    ),
    "predict-file": ("core.prediction.batch:run_batch", "Predict the texts of a file."),
    "measure-speed": (
        "core.estimation.speed:run_speed_measurement",
        "Measure the speed of an encoder on this machine.",
    ),
}


def make_parser() -> argparse.ArgumentParser:
    """The parser. ``command`` of what it parses is the function to call with it, which returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m core", description="Fine-tune BERT on your own texts.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_command(subparsers, "demo", commands.demo, "Split, fine-tune, evaluate and predict the built-in sample.")
    for add in (
        _add_check,
        _add_train,
        _add_run,
        _add_search,
        _add_jobs,
        _add_evaluate,
        _add_behavior,
        _add_predict,
        _add_engines,
        _add_export,
        _add_import,
        _add_push,
        _add_takeout,
        _add_purge,
    ):
        add(subparsers)
    add_serve_parser(subparsers)
    return parser


def _add_command(
    subparsers: "Subparsers", name: str, command: Callable[[argparse.Namespace], int], description: str
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=description, description=description)
    parser.set_defaults(command=command)
    parser.add_argument("--workspace", type=Path, help="folder of datasets and runs (default: under $STUDIO_HOME)")
    return parser


def _add_check(subparsers: "Subparsers") -> None:
    parser = _add_command(subparsers, "check", commands.check, "Check a table for problems before training.")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="one file, or one file for each split")
    parser.add_argument("--text", metavar="COL", help="column with the texts (default: guessed)")
    parser.add_argument("--label", metavar="COL", help="column with the labels (default: guessed)")
    parser.add_argument("--names", type=Path, metavar="FILE", help="names of label ids, one name per line")
    add_reading_options(parser)
    add_column_options(parser)
    _add_json(parser)


def _add_train(subparsers: "Subparsers") -> None:
    parser = _add_command(subparsers, "train", commands.train, "Fine-tune on a table of labeled texts.")
    parser.add_argument("file", type=Path, metavar="FILE", help="the table")
    parser.add_argument("--text", required=True, metavar="COL", help="column with the texts")
    parser.add_argument("--label", required=True, metavar="COL", help="column with the labels")
    add_reading_options(parser)
    add_column_options(parser)
    for split, share in (("validation", 0.1), ("test", 0.2)):
        group = parser.add_mutually_exclusive_group()
        group.add_argument(f"--{split}-file", type=Path, metavar="FILE", help=f"table with the {split} rows")
        group.add_argument(
            f"--{split}-share", type=float, default=share, metavar="X", help=f"share of {split} rows (default: {share})"
        )
    parser.add_argument("--name", default="", help="name of the run")
    add_training_options(parser)
    _add_json(parser)


def _add_run(subparsers: "Subparsers") -> None:
    parser = _add_command(subparsers, "run", commands.run, "Run prepared trainings, one after the other.")
    parser.add_argument("runs", nargs="+", metavar="RUN", help="id or folder of a run")


def _add_search(subparsers: "Subparsers") -> None:
    parser = _add_command(subparsers, "search", commands.search, "Start, resume or join a hyperparameter search.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the search")
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="PostgreSQL database for the trials, such as postgresql://user@host/database (default: the environment variable "
        "STUDIO_SEARCH_STORAGE, else a journal file); keep the password in that variable or in ~/.pgpass",
    )


def _add_jobs(subparsers: "Subparsers") -> None:
    for name, (function, description) in _JOBS.items():
        parser = _add_command(subparsers, name, partial(commands.run_in_folder, function), description)
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the job")


def _add_evaluate(subparsers: "Subparsers") -> None:
    parser = _add_command(subparsers, "evaluate", commands.evaluate, "Show the metrics of a run's model.")
    _add_run_argument(parser)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a report; the name ends in .html or .md")
    _add_json(parser)


def _add_behavior(subparsers: "Subparsers") -> None:
    description = (
        "Run the behavioral tests of a run's dataset; the exit code is 1 if one is below its wanted pass rate."
    )
    parser = _add_command(subparsers, "behavior", behavior.behavior, description)
    _add_run_argument(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--tests", type=Path, metavar="FILE", help="tests of a file, such as one downloaded on Evaluate"
    )
    source.add_argument(
        "--suggested", action="store_true", help="tests to start with, for the validation texts of the run"
    )
    parser.add_argument("--list", action="store_true", help="list the tests and run none")
    parser.add_argument("--pytest", type=Path, metavar="FILE", help="also write the tests as a pytest file")
    _add_json(parser)


def _add_predict(subparsers: "Subparsers") -> None:
    parser = _add_command(subparsers, "predict", commands.predict, "Predict texts, or the texts of files of any size.")
    _add_run_argument(parser)
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="a text to predict")
    parser.add_argument(
        "--file",
        nargs="+",
        metavar="IN",
        help="tables with texts, in any supported format; a pattern such as 'in/*.csv'",
    )
    parser.add_argument(
        "--text", metavar="COL", help="column with the texts (default: the column with the longest cells)"
    )
    add_reading_options(parser)
    parser.add_argument(
        "--out",
        metavar="OUT",
        help="file for the predictions (.csv, .parquet, .jsonl or .xlsx), or a folder for those of several files; "
        "the same command continues a prediction that was stopped, and several processes can share a folder",
    )
    parser.add_argument(
        "--engine",
        metavar="NAME",
        help="such as torch or onnx-fp32 (default: chosen on this host); for files also cascade, where token embeddings answer "
        "clear texts and the model the others, and ray, which computes with Ray, here or on a cluster",
    )
    parser.add_argument(
        "--shares",
        choices=["validation", "test", "none"],
        help="labeled rows that correct the share of each class in a file; test is counted as a view of the test results "
        "(default: test once its results have been viewed, else validation)",
    )
    _add_json(parser)


def _add_engines(subparsers: "Subparsers") -> None:
    description = "Compare prediction engines for a run's model on this host, and choose the fastest faithful one."
    parser = _add_command(subparsers, "engines", engines.engines, description)
    _add_run_argument(parser)
    parser.add_argument(
        "--min-agreement",
        type=float,
        default=0.99,
        metavar="SHARE",
        help="share of validation texts with the same prediction as torch (default: 0.99)",
    )


def _add_export(subparsers: "Subparsers") -> None:
    description = "Write a run's model, scripts, rows and results to a zip."
    parser = _add_command(subparsers, "export", commands.export, description)
    _add_run_argument(parser)
    parser.add_argument("file", type=Path, metavar="FILE", help="the zip to write")


def _add_import(subparsers: "Subparsers") -> None:
    parser = _add_command(subparsers, "import", commands.import_zip, "Import a model from a zip that was exported.")
    parser.add_argument("file", type=Path, metavar="FILE", help="the zip")


def _add_push(subparsers: "Subparsers") -> None:
    description = "Push a run's model to the Hugging Face hub; the token is read from HF_TOKEN, or typed in."
    parser = _add_command(subparsers, "push", push.push_command, description)
    _add_run_argument(parser)
    parser.add_argument("repository", metavar="OWNER/NAME", help="the repository to create on the hub")
    parser.add_argument("--private", action="store_true", help="only the owner may see the repository")


def _add_takeout(subparsers: "Subparsers") -> None:
    description = "Write every dataset, model, prediction and correction of a workspace into a zip."
    parser = _add_command(subparsers, "takeout", hosting.takeout, description)
    parser.add_argument("file", type=Path, metavar="FILE", help="the zip to write")


def _add_purge(subparsers: "Subparsers") -> None:
    description = "Delete workspaces of visitors that nobody has used for the days in STUDIO_MAX_IDLE_DAYS."
    parser = _add_command(subparsers, "purge", hosting.purge_command, description)
    parser.add_argument("--dry-run", action="store_true", help="list them and delete nothing")


def _add_run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="id or folder of the run")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON to stdout")
