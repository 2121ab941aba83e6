"""The command line: python -m core demo | check | train | run | search | evaluate | predict. The same code the pages call."""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.table import ReadOptions
from core.errors import DataError, RunError, StudioError
from core.runs import MODEL, Run, find_run
from core.workspace import Workspace, default_home, workspace_around, workspace_of

if TYPE_CHECKING:
    from core.data.report import Report

_SETTINGS = {"epochs": float, "learning_rate": float, "batch_size": int, "max_length": int}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 for success, 2 and one sentence on stderr for what the user can mend."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except StudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _demo(options: argparse.Namespace) -> int:
    from core.data.samples import CLINIC
    from core.training.launch import prepare, preset_for, sample_dataset

    workspace = _workspace(options.workspace)
    dataset = sample_dataset(workspace, CLINIC)
    run = prepare(workspace, dataset, preset_for(dataset), f"{CLINIC.title}, demo")
    _train_to_the_end(run)
    _print_report(run)
    texts = [
        "down to my last two of the little white ones, can you send more to the chemist on Mill Road",
        "ever since I began the new tablets my ankles are twice their size",
        "why was 85 taken from my account when the visit was covered?",
    ]
    print("\nThree predictions")
    for text, answer in zip(texts, _predict_texts(run, texts), strict=True):
        print(f"  {text}\n    -> {_answer(answer)}")
    print(f"\nThe model lies in {run.model_folder}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from core.data.columns import apply_columns
    from core.data.dataset import save_dataset
    from core.data.guessing import choice_for
    from core.data.reading import join_tables, read_file
    from core.data.splitting import SplitPlan, split
    from core.training.config import recommended
    from core.training.launch import prepare

    table = read_file(options.file)
    others = {"validation": options.validation_file, "test": options.test_file}
    parts = [("train", table), *((name, read_file(path)) for name, path in others.items() if path)]
    joined = join_tables(parts) if len(parts) > 1 else table
    columns = choice_for(joined, options.text, options.label, options.task)
    plan = SplitPlan(options.validation_share, options.test_share, options.seed)
    joined = join_tables(parts) if len(parts) > 1 else table
    # The splits are made before anything is stored, so that data that cannot be used leaves nothing behind.
    splits = split(apply_columns(joined, columns), plan)
    config = replace(
        recommended(len(splits.train), splits.task.outputs, options.encoder, splits.task.kind),
        method=options.method,
        seed=options.seed,
        **_given(options),
    )
    dataset = save_dataset(_workspace(options.workspace), joined, columns, plan, options.file.stem)
    run = prepare(_workspace(options.workspace), dataset, config, options.name, splits)
    _train_to_the_end(run)
    _print_result(run, options.json)
    return 0


def _run(options: argparse.Namespace) -> int:
    from core import host
    from core.jobs import process
    from core.training.worker import work

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
            work(run, workspace_around(run.folder).home)
        except StudioError as error:  # the next one may do better
            print(f"error: {run.id}: {error}", file=sys.stderr)
            code = 2
    return code


def _analyse(options: argparse.Namespace) -> int:
    from core.training.analysis import work

    work(options.folder.resolve())
    return 0


def _learn(options: argparse.Namespace) -> int:
    from core.training.learning import work

    work(options.folder.resolve())
    return 0


def _search(options: argparse.Namespace) -> int:
    from core.jobs.events import Event, Progress
    from core.training.search import Search, work

    def say(event: Event) -> None:
        if isinstance(event, Progress):
            print(f"{event.done} of {event.total} trials", file=sys.stderr)

    folder: Path = options.folder.resolve()
    search = Search.open(folder)
    work(search, workspace_around(folder).home, say)
    table = search.table()
    if len(table):
        print(table.sort_values("value", ascending=False).head(10).to_string(index=False))
    return 0


def _measure(options: argparse.Namespace) -> int:
    from core.training.measure import work

    work(options.folder.resolve())
    return 0


def _check(options: argparse.Namespace) -> int:
    from core.data.labels import read_names
    from core.data.reading import read_files
    from core.data.report import report
    from core.models.encoders import BUILT_IN
    from core.models.tokenization import count_tokens

    files = {path.name: _bytes_of(path) for path in options.files}
    names = read_names(_bytes_of(options.names).decode("utf-8")) if options.names else ()
    table = read_files(
        files, ReadOptions(options.encoding, options.delimiter, header=options.header, sheet=options.sheet)
    )
    found = report(table, partial(count_tokens, BUILT_IN), options.text, options.label, names)
    if options.json:
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
    else:
        _print_check(found)
    return 1 if found.blocked else 0


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path.")
    return path.read_bytes()


def _print_check(found: "Report") -> None:
    table = found.table
    print(f"{table.name}: {table.form}, {len(table):,} rows, columns {', '.join(table.frame.columns[:20])}")
    if found.choice is not None:
        print(f"text: {found.choice.text}; label: {found.choice.label}; task: {found.choice.kind}")
    for name, count in list(found.labels.items())[:20]:
        print(f"  {count:>8,}  {name}")
    for finding in found.findings:
        repair = f" [{finding.repair.title}]" if finding.repair else ""
        print(f"{finding.severity:>8}  {finding.check}: {finding.message}{repair}")


def _evaluate(options: argparse.Namespace) -> int:
    run = _find(options.workspace, options.run)
    if run.result() is None:
        raise RunError(f"{run.name} has no results yet.", "Wait until it has finished, or start it again.")
    if options.report:
        from core import report

        report.write(run, options.report)
        print(f"Report written to {options.report}", file=sys.stderr)
    _print_result(run, options.json)
    return 0


def _predict(options: argparse.Namespace) -> int:
    run = _find(options.workspace, options.run)
    if options.file:
        _predict_file(run, options)
        return 0
    answers = _predict_texts(run, options.texts)
    if options.json:
        print(json.dumps(answers, ensure_ascii=False, indent=2))
        return 0
    for text, answer in zip(options.texts, answers, strict=True):
        print(f"{text}\n  -> {_answer(answer)}")
    return 0


def _answer(answer: dict[str, Any]) -> str:
    """An answer in words: what it is, how sure, within which bounds."""
    if "low" in answer:
        return f"{answer['label']:.4g} (between {answer['low']:.4g} and {answer['high']:.4g})"
    if answer["confidence"] is None:
        return f"{answer['label']:.4g}"
    label = answer["label"] if isinstance(answer["label"], str) else ", ".join(answer["label"]) or "none of the labels"
    doubt = "" if answer.get("sure", True) else "not sure, perhaps "
    return f"{doubt}{label} ({answer['confidence']:.0%})"


def _predict_file(run: Run, options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from core import decision
    from core.data.reading import read_file
    from core.models import classifier as classifiers
    from core.prediction.predict import for_spreadsheets, predict_table, text_column
    from core.workspace import write_atomically

    if not options.out:
        raise DataError("Expected --out FILE beside --file.", "Say where the answers should go.")
    table = read_file(options.file, columns_needed=1).frame
    with tqdm(total=len(table), unit=" texts", file=sys.stderr) as bar:
        classifier = classifiers.load(run.model_folder)
        column = options.text or text_column(table)
        answers = predict_table(
            classifier, table, column, lambda done, _: bar.update(done - bar.n), decision.load(run.model_folder)
        )
    write_atomically(options.out, lambda path: for_spreadsheets(answers).to_csv(path, index=False))
    print(f"{len(answers):,} rows written to {options.out}", file=sys.stderr)


def _predict_texts(run: Run, texts: Sequence[str]) -> list[dict[str, Any]]:
    from core import decision
    from core.models import classifier as classifiers
    from core.prediction.predict import as_json, predict

    kept = decision.load(run.model_folder)
    return as_json(run.task, predict(classifiers.load(run.model_folder), texts), kept)


def _train_to_the_end(run: Run) -> None:
    """Start the run's process and draw its progress on stderr; Ctrl-C stops it in good order."""
    from tqdm import tqdm

    from core.jobs import process
    from core.jobs.events import Phase, Progress, Step, Validation
    from core.training.launch import follow

    process.start(run.folder)
    bar = tqdm(
        file=sys.stderr,
        unit="",
        bar_format="{desc:<12} {percentage:3.0f} %|{bar:30}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}] {postfix}",
    )
    events = follow(run)
    while True:
        try:
            import core.assessment  # noqa: F401 -- needed at the end; it loads while the child works

            for event in events:
                if isinstance(event, Phase):
                    bar.reset(total=1)
                    bar.set_description_str(event.name)
                elif isinstance(event, Progress):
                    bar.total = event.total
                    bar.update(event.done - bar.n)
                elif isinstance(event, Step):
                    bar.set_postfix_str(f"loss {event.loss:.3f}")
                elif isinstance(event, Validation):
                    shown = {
                        name: value
                        for name, value in event.metrics.items()
                        if name in ("accuracy", "f1_macro", "f1_micro", "r2")
                    }
                    bar.write(
                        f"  step {event.step}: " + ", ".join(f"{name} {value:.3f}" for name, value in shown.items()),
                        file=sys.stderr,
                    )
            break
        except KeyboardInterrupt:
            bar.write("Stopping; the best model so far is kept.", file=sys.stderr)
            process.stop(run.folder)
            events = follow(run)
        finally:
            bar.refresh()
    bar.close()


def _print_result(run: Run, as_json: bool) -> None:
    result = run.result()
    if result is None:
        raise RunError("The run was stopped before there was a model to keep.")
    run.look_at_test("command line")
    if as_json:
        from core import assessment

        record: dict[str, Any] = {
            "run": run.id,
            "folder": str(run.folder),
            "validation": result.validation,
            "test": result.test,
        }
        record["intervals"] = {
            split: {each.name: [each.low, each.high] for each in assessment.measured(run, split)[MODEL]}
            for split in ("validation", "test")
        }
        record |= {"seconds": round(result.seconds, 3), "peak_memory_mb": round(result.peak_memory_mb, 1)}
        print(json.dumps(_finite(record), ensure_ascii=False, indent=2))
    else:
        _print_report(run)
        print(f"\nRun {run.id}\nThe model lies in {run.model_folder}")


def _print_report(run: Run) -> None:
    from core import assessment
    from core.evaluation.figures import sentence

    result = run.result()
    if result is None:
        raise RunError("The run was stopped before there was a model to keep.")
    split = "test" if run.record.sizes["test"] else "validation"
    measured, titles = assessment.measured(run, split), assessment.sides(run, split)
    print(f"\n{run.name}: {run.record.sizes[split]} {split} rows, trained in {result.seconds:.0f} s\n")
    print(f"  {'':28}" + "".join(f"{titles[who]:>18}" for who in measured) + "  95 % interval of this model")
    for position, ours in enumerate(measured[MODEL]):
        row = "".join(f"{found[position].value:>18.3f}" for found in measured.values())
        print(f"  {ours.title:28}{row}  {sentence(ours, split)}")
    print()
    for gain in assessment.gains(run, split):
        print(gain.sentence)


def _finite(record: Any) -> Any:
    """NaN as null: JSON has no NaN."""
    if isinstance(record, dict):
        return {key: _finite(value) for key, value in record.items()}
    if isinstance(record, list):
        return [_finite(value) for value in record]
    return None if isinstance(record, float) and not math.isfinite(record) else record


def _given(options: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in _SETTINGS if (value := getattr(options, name)) is not None}


def _workspace(folder: Path | None) -> Workspace:
    return Workspace(folder.resolve(), default_home()) if folder else workspace_of("local")


def _find(workspace: Path | None, name: str) -> Run:
    folder = Path(name)
    return Run.open(folder.resolve()) if folder.is_dir() else find_run(_workspace(workspace), name)


def _parser() -> argparse.ArgumentParser:
    from core.models.encoders import BUILT_IN

    parser = argparse.ArgumentParser(prog="python -m core", description="Fine-tune BERT on your own texts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(command=command)
        sub.add_argument("--workspace", type=Path, help="folder for data sets and runs (default: under $STUDIO_HOME)")
        return sub

    add("demo", _demo, "The whole way on the built-in sample: split, fine-tune, evaluate, predict.")

    check = add("check", _check, "Read a table and say what is in it and what is wrong with it.")
    check.add_argument("files", type=Path, nargs="+", metavar="FILE", help="one file, or one for each split")
    check.add_argument("--text", metavar="COL", help="column with the texts (default: guessed)")
    check.add_argument("--label", metavar="COL", help="column with the labels (default: guessed)")
    check.add_argument("--names", type=Path, metavar="F", help="what label ids stand for, one name a line")
    check.add_argument("--encoding", help="default: found out")
    check.add_argument("--delimiter", help="default: found out")
    check.add_argument("--header", action=argparse.BooleanOptionalAction, help="whether row 1 names the columns")
    check.add_argument("--sheet", help="sheet of an Excel file")
    check.add_argument("--json", action="store_true", help="print one JSON object on stdout")

    train = add("train", _train, "Fine-tune on a table of labelled texts.")
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
    for setting, kind in _SETTINGS.items():
        train.add_argument(f"--{setting.replace('_', '-')}", type=kind, metavar="N")
    train.add_argument("--json", action="store_true", help="print one JSON object on stdout")

    run = add("run", _run, "Carry out prepared runs, one after the other: what the child process is.")
    run.add_argument("runs", nargs="+", metavar="RUN", help="its id, or its folder")

    analyse = add("analyse", _analyse, "Look closer at a data set with frozen features: what the child process is.")
    analyse.add_argument("folder", type=Path, metavar="FOLDER")

    learn = add("learn", _learn, "Draw the learning curve of the run a folder lies in: what the child process is.")
    learn.add_argument("folder", type=Path, metavar="FOLDER")

    search = add("search", _search, "Carry out, go on with, or join a search for better settings.")
    search.add_argument("folder", type=Path, metavar="SEARCH", help="its folder")

    measure = add("measure", _measure, "Time an encoder on this machine: what the child process is.")
    measure.add_argument("folder", type=Path, metavar="FOLDER")

    evaluate = add("evaluate", _evaluate, "Show how good a run's model is.")
    evaluate.add_argument("run", metavar="RUN", help="its id, or its folder")
    evaluate.add_argument("--report", type=Path, metavar="FILE", help="write a report: .html or .md")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object on stdout")

    predict = add("predict", _predict, "Predict texts, or a file of them.")
    predict.add_argument("run", metavar="RUN", help="its id, or its folder")
    predict.add_argument("texts", nargs="*", metavar="TEXT")
    predict.add_argument("--file", type=Path, metavar="IN", help="a table in any format that can be read")
    predict.add_argument("--text", metavar="COL", help="column with the texts (default: the longest)")
    predict.add_argument("--out", type=Path, metavar="OUT", help="CSV file for the answers")
    predict.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
