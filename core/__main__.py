"""The command line: python -m core demo | check | train | run | search | evaluate | predict."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from core.cli import commands
from core.errors import StudioError

_WORK = (
    ("analyze", "core.analysis.dataset", "Look closer at a data set with frozen features"),
    ("learning-curve", "core.analysis.learning_curve", "Draw the learning curve of the run a folder lies in"),
    ("measure-speed", "core.estimation.speed", "Time an encoder on this machine"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 for success, 2 and one sentence on stderr for what the user can mend."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except StudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    from core.models.encoders import BUILT_IN

    parser = argparse.ArgumentParser(prog="python -m core", description="Fine-tune BERT on your own texts.")
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        sub = parsers.add_parser(name, help=about, description=about)
        sub.set_defaults(command=command)
        sub.add_argument("--workspace", type=Path, help="folder for data sets and runs (default: under $STUDIO_HOME)")
        return sub

    add("demo", commands.demo, "The whole way on the built-in sample: split, fine-tune, evaluate, predict.")

    check = add("check", commands.check, "Read a table and say what is in it and what is wrong with it.")
    check.add_argument("files", type=Path, nargs="+", metavar="FILE", help="one file, or one for each split")
    check.add_argument("--text", metavar="COL", help="column with the texts (default: guessed)")
    check.add_argument("--label", metavar="COL", help="column with the labels (default: guessed)")
    check.add_argument("--names", type=Path, metavar="F", help="what label ids stand for, one name a line")
    check.add_argument("--encoding", help="default: found out")
    check.add_argument("--delimiter", help="default: found out")
    check.add_argument("--header", action=argparse.BooleanOptionalAction, help="whether row 1 names the columns")
    check.add_argument("--sheet", help="sheet of an Excel file")
    check.add_argument("--json", action="store_true", help="print one JSON object on stdout")

    train = add("train", commands.train, "Fine-tune on a table of labelled texts.")
    train.add_argument("file", type=Path, metavar="FILE")
    train.add_argument("--text", required=True, metavar="COL", help="column with the texts")
    train.add_argument("--label", required=True, metavar="COL", help="column with the labels")
    train.add_argument(
        "--task", choices=["binary", "multiclass", "multilabel", "regression"], help="kind of task (default: guessed)"
    )
    train.add_argument("--method", choices=["fine-tune", "instant"], default="fine-tune")
    validation = train.add_mutually_exclusive_group()
    validation.add_argument("--validation-file", type=Path, metavar="F")
    validation.add_argument("--validation-share", type=float, default=0.1)
    test = train.add_mutually_exclusive_group()
    test.add_argument("--test-file", type=Path, metavar="F")
    test.add_argument("--test-share", type=float, default=0.2)
    train.add_argument("--seed", type=int, default=42)
    train.add_argument(
        "--encoder", default=BUILT_IN, metavar="NAME", help="hub id or folder (default: the built-in encoder)"
    )
    train.add_argument("--name", default="", help="what to call the run")
    for setting, kind in commands.SETTINGS.items():
        train.add_argument(f"--{setting.replace('_', '-')}", type=kind, metavar="N")
    train.add_argument("--json", action="store_true", help="print one JSON object on stdout")

    run = add("run", commands.run, "Carry out prepared runs, one after the other: what the child process is.")
    run.add_argument("runs", nargs="+", metavar="RUN", help="its id, or its folder")

    search = add("search", commands.search, "Carry out, go on with, or join a search for better settings.")
    search.add_argument("folder", type=Path, metavar="SEARCH", help="its folder")

    for name, module, about in _WORK:
        work = add(name, partial(commands.work_in_folder, module), f"{about}: what the child process is.")
        work.add_argument("folder", type=Path, metavar="FOLDER")

    evaluate = add("evaluate", commands.evaluate, "Show how good a run's model is.")
    evaluate.add_argument("run", metavar="RUN", help="its id, or its folder")
    evaluate.add_argument("--report", type=Path, metavar="FILE", help="write a report: .html or .md")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object on stdout")

    predict = add("predict", commands.predict, "Predict texts, or a file of them.")
    predict.add_argument("run", metavar="RUN", help="its id, or its folder")
    predict.add_argument("texts", nargs="*", metavar="TEXT")
    predict.add_argument("--file", type=Path, metavar="IN", help="a table in any format that can be read")
    predict.add_argument("--text", metavar="COL", help="column with the texts (default: the longest)")
    predict.add_argument("--out", type=Path, metavar="OUT", help="CSV file for the answers")
    predict.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
