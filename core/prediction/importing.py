"""Imports the zip of a run that was exported elsewhere, or written by its train.py, as a run of this workspace.

The zip is not trusted. Only its JSON files, its safetensors files and its tokenizer's texts are read; Parquet files and scripts
are not. Records are rebuilt from known fields, metrics are computed again, and the model is loaded in a process of its own first.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from core import decision_rule, migrations, run_evaluation
from core.data.columns import SPLITS
from core.data.splitting import UNIT, Splits
from core.decision_rule import DecisionRule
from core.errors import StudioError
from core.evaluation.metrics import summary
from core.jobs import process
from core.models.encoders import BUILT_IN, check_hub_id
from core.models.record import ModelRecord, write_model_record
from core.models.truncation import Truncation
from core.prediction.bundle import layout
from core.prediction.bundle.archive import Bundle, open_bundle, parse_object
from core.prediction.bundle.model_config import rebuild_config
from core.prediction.bundle.refusal import refusal
from core.prediction.bundle.tensors import check_tensors, read_tensors
from core.prediction.bundle.tokenizer_files import rebuild_tokenizer, rebuild_tokenizer_config
from core.run_result import Result
from core.runs import MODEL, Run
from core.storage import FORMAT_VERSION, parse_record, write_folder
from core.task import Floats, Task
from core.workspace import Workspace, create_folder_atomically, write_json

_EVALUATED = ("validation", "test")
_MAX_NAME, _MAX_LABELS, _MAX_LABEL, _MAX_LENGTH, _MAX_ROWS = 80, 5_000, 500, 8_192, 5_000_000
_MAX_LINE = 10_000_000
# Control characters, and marks that reverse the order of what follows: they hide what a label says.
_HIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_TRIAL_SECONDS = 300
_LOCAL_ENCODER = "(a folder on another machine)"
_PROJECT = Path(__file__).parents[2]


def import_bundle(workspace: Workspace, path: Path) -> Run:
    """The run in the zip at a path, as a new run of the workspace; nothing is left behind if it is refused.

    Raises:
        StorageError: the zip is damaged, foreign or written by a newer version, or something in it is not allowed.
        LimitError: it is too large.
    """
    with tempfile.TemporaryDirectory() as scratch_name, open_bundle(path) as bundle:
        scratch = Path(scratch_name)
        original = _read_run(bundle, scratch)
        with create_folder_atomically(workspace.runs, original.name) as folder:
            run = replace(original, folder=folder)
            write_folder(run, folder, layout.RUN)
            _import_model(run, bundle, scratch)
            _import_rows(run, bundle, scratch)
            _import_evaluation(run, bundle, scratch)
            _try_model(run)
            process.write_status(folder, "finished", pid=0)
    return Run.open(workspace.runs / folder.name)


def _read_run(bundle: Bundle, scratch: Path) -> Run:
    """The record of the run with only what is valid here: no dataset of this workspace, no group, no folder as an encoder."""
    record = bundle.read_json(layout.RUN, scratch)
    version = _pop_version(record, layout.RUN)
    try:
        if version == 1:
            record = migrations.upgrade_run(record)
        run = parse_record(Run, record | {"folder": scratch, "group": None}, scratch / layout.RUN)
    except (StudioError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise refusal(f"{layout.RUN} is damaged ({_reason(error)})") from error
    _check_task(run.task)
    if not all(type(size) is int and 0 <= size <= _MAX_ROWS for size in run.sizes.values()):
        raise refusal(f"expected sizes of splits up to {_MAX_ROWS:,} in {layout.RUN}, found {run.sizes}")
    if len(run.versions) > 50 or len(run.host) > 50 or not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:+]{8,20}", run.created):
        raise refusal(f"{layout.RUN} has versions, a host or a time that this app does not write")
    return replace(
        run,
        name=_clean(run.name) or "Imported model",
        dataset=replace(run.dataset, id="", name=_clean(run.dataset.name)),
        config=replace(run.config, encoder=_encoder(run.config.encoder)),
        versions={_clean(name): _clean(value) for name, value in run.versions.items()},
        host={_clean(name): _clean(value) if isinstance(value, str) else value for name, value in run.host.items()},
        sizes={split: run.sizes[split] for split in SPLITS},
        source="imported",
    )


def _pop_version(record: dict[str, Any], name: str) -> int:
    version = record.pop("format_version", 1)
    if type(version) is not int or version < 1:
        raise refusal(f"{str(version)[:20]!r} in {name} is not a format version")
    if version > FORMAT_VERSION:
        raise refusal(
            f"{name} was written by a newer version (format {version}; this version reads up to {FORMAT_VERSION})",
            "Update Finetune Studio to import it.",
        )
    return version


def _check_task(task: Task) -> None:
    if len(task.labels) > _MAX_LABELS or not all(0 < len(name) <= _MAX_LABEL for name in task.labels):
        raise refusal(f"expected at most {_MAX_LABELS:,} labels of 1 to {_MAX_LABEL} characters in {layout.RUN}")
    if any(_HIDDEN.search(name) for name in task.labels):
        raise refusal(f"a label in {layout.RUN} contains control characters")


def _encoder(name: str) -> str:
    """The name of the encoder if it is built in or on the hub; a path must not open a folder of this machine."""
    try:
        if name != BUILT_IN:
            check_hub_id(name)
    except StudioError:
        return _LOCAL_ENCODER
    return name[:200]


def _clean(text: str) -> str:
    """A text without control characters, on one line of at most 80 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:1_000]).split())[:_MAX_NAME]


def _reason(error: Exception) -> str:
    return (
        error.message.rpartition(": ")[2].rstrip(".")[:200] if isinstance(error, StudioError) else "a field is missing"
    )


def _import_model(run: Run, bundle: Bundle, scratch: Path) -> None:
    """Write the model folder: rebuilt configuration, tokenizer, record and decision rule, and the checked weights."""
    folder = run.model_folder
    folder.mkdir(mode=0o700)
    config = rebuild_config(bundle.read_json(layout.CONFIG, scratch), run.task)
    record = bundle.read_json(layout.RECORD, scratch)
    max_length = record.get("max_length")
    if type(max_length) is not int or not 1 <= max_length <= _MAX_LENGTH or record.get("form") != "whole":
        raise refusal(f"expected a whole model with a max_length from 1 to {_MAX_LENGTH:,} in {layout.RECORD}")
    truncation = record.get("truncation", "head")
    if truncation not in get_args(Truncation):
        raise refusal(f"{layout.RECORD} has the truncation {str(truncation)[:20]!r}, which is not known")
    if record.get("task") != {"kind": run.task.kind, "labels": list(run.task.labels)}:
        raise refusal(f"the task in {layout.RECORD} is not that in {layout.RUN}")
    tokenizer = rebuild_tokenizer(bundle.read_json(layout.TOKENIZER, scratch), config.get("vocab_size", 0))
    tokenizer_config = rebuild_tokenizer_config(bundle.read_json(layout.TOKENIZER_CONFIG, scratch), max_length)
    write_json(folder / "config.json", config)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    write_json(folder / "tokenizer_config.json", tokenizer_config)
    write_model_record(folder, ModelRecord("whole", run.task, run.config.encoder, max_length, truncation))
    decision_rule.save(_read_rule(run.task, bundle, scratch), folder)
    check_tensors(bundle.unpack(layout.WEIGHTS, folder), layout.WEIGHTS)


def _read_rule(task: Task, bundle: Bundle, scratch: Path) -> DecisionRule:
    record = bundle.read_json(layout.RULE, scratch)
    _pop_version(record, layout.RULE)
    try:
        rule = parse_record(DecisionRule, record, scratch / layout.RULE)
    except StudioError as error:
        raise refusal(f"{layout.RULE} is damaged ({_reason(error)})") from error
    if len(rule.thresholds) not in {"binary": (0, 1), "multilabel": (0, 1, task.outputs)}.get(task.kind, (0,)):
        raise refusal(f"{layout.RULE} has {len(rule.thresholds)} thresholds, which do not fit the labels")
    return rule


def _import_rows(run: Run, bundle: Bundle, scratch: Path) -> None:
    """Write the rows of all splits. Their number, labels and fingerprint must be those of run.json."""
    frames = {}
    for split in SPLITS:
        name = layout.rows_file(split)
        path = bundle.unpack(name, scratch)
        with path.open(encoding="utf-8") as file:
            try:
                # One line more than there should be is enough to find that there are too many.
                lines = islice(iter(partial(file.readline, _MAX_LINE + 1), ""), run.sizes[split] + 1)
                records = [_read_row(line, run.task, name) for line in lines]
            except UnicodeDecodeError as error:
                raise refusal(f"{name} is not UTF-8 text") from error
        if len(records) != run.sizes[split]:
            found = f"{len(records):,}" if len(records) < run.sizes[split] else "more"
            raise refusal(f"expected {run.sizes[split]:,} rows in {name}, found {found}")
        fields = ["row", "text", "label", *([UNIT] if all(UNIT in record for record in records) else [])]
        numbers = {name: "int64" for name in fields if name in ("row", UNIT)}
        frames[split] = pd.DataFrame(records, columns=fields).astype(numbers)
    splits = Splits(frames["train"], frames["validation"], frames["test"], run.task)
    if splits.fingerprint() != run.split_fingerprint:
        raise refusal("the rows are not those that the model was trained on: their fingerprint differs from run.json")
    splits.save(run.folder / "splits")


def _read_row(line: str, task: Task, name: str) -> dict[str, Any]:
    if len(line) > _MAX_LINE:
        raise refusal(f"a line of {name} has more than {_MAX_LINE:,} characters")
    record = parse_object(line, name)
    row, text, label = record.get("row"), record.get("text"), record.get("label")
    if task.kind == "regression":
        fits = isinstance(label, int | float) and not isinstance(label, bool) and bool(np.isfinite(label))
        label = float(label) if fits and label is not None else label
    elif task.kind == "multilabel":
        fits = isinstance(label, list) and all(isinstance(item, str) and item in task.labels for item in label)
    else:
        fits = isinstance(label, str) and label in task.labels
    if type(row) is not int or not 0 <= row < 2**62 or not isinstance(text, str) or not fits:
        raise refusal(f"a line of {name} is not a row with a number, a text and a label of the task")
    unit = record.get(UNIT)
    if unit is None:
        return {"row": row, "text": text, "label": label}
    if type(unit) is not int or not 0 <= unit < 2**62:
        raise refusal(f"a line of {name} has a unit that is not a number")
    return {"row": row, "text": text, "label": label, UNIT: unit}


def _import_evaluation(run: Run, bundle: Bundle, scratch: Path) -> None:
    """Write the logits, and compute all metrics again from them; a zip without logits gives a run without metrics."""
    metrics: dict[tuple[str, str], dict[str, float]] = {}
    if bundle.has(layout.LOGITS):
        for split, source, logits in _read_logits(run, bundle, scratch):
            run.save_logits(split, source, logits)
            targets = run.task.encode(run.split(split)["label"].tolist())
            metrics[split, source] = summary.summarize(run.task, targets, logits)
        if (missing := [split for split in _EVALUATED if (split, MODEL) not in metrics]) and metrics:
            raise refusal(f"{layout.LOGITS} has no logits of the model for the {missing[0]} rows")
        for split in _EVALUATED:
            run_evaluation.metric_estimates(run, split)
    numbers = bundle.read_json(layout.RESULT, scratch, allow_nan=True) if bundle.has(layout.RESULT) else {}
    split = "test" if run.sizes["test"] else "validation"
    run.save_result(
        Result(
            validation=metrics.get(("validation", MODEL), {}),
            test=metrics.get(("test", MODEL), {}),
            baselines={source: values for (of, source), values in metrics.items() if of == split and source != MODEL},
            seconds=_number(numbers.get("seconds")),
            peak_memory_mb=_number(numbers.get("peak_memory_mb")),
            prediction_seconds=_number(numbers.get("prediction_seconds")),
            texts_per_second=_number(numbers.get("texts_per_second")),
            temperature=_number(numbers.get("temperature")) or 1.0,
            class_offsets=_numbers(numbers.get("class_offsets"), run.task.outputs),
        )
    )


def _read_logits(run: Run, bundle: Bundle, scratch: Path) -> Iterator[tuple[str, str, Floats]]:
    """The split, the source and the logits of each tensor, with their shape checked."""
    sources = {MODEL, *run_evaluation.baseline_titles(run.task)}
    for name, logits in read_tensors(bundle.unpack(layout.LOGITS, scratch), layout.LOGITS).items():
        split, _, source = name.partition("/")
        if split not in _EVALUATED or source not in sources:
            raise refusal(f"{layout.LOGITS} contains {name[:80]!r}, which is not known")
        if logits.shape != (run.sizes[split], run.task.outputs):
            raise refusal(
                f"expected the shape {(run.sizes[split], run.task.outputs)} for {name} in {layout.LOGITS}, found {logits.shape}"
            )
        yield split, source, logits


def _number(value: Any) -> float:
    """A number from 0 to a billion, or 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1e9 else 0.0


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    """As many finite numbers as counted, or none."""
    if not isinstance(values, list) or len(values) != count:
        return ()
    are_numbers = all(isinstance(value, int | float) and abs(value) <= 1e9 for value in values)
    return tuple(float(value) for value in values) if are_numbers else ()


def _try_model(run: Run) -> None:
    """Load the model and predict with it in a new process, within limits of time and memory."""
    command = [sys.executable, "-m", "core.prediction.bundle.trial", str(run.model_folder)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        trial = subprocess.run(
            command, cwd=_PROJECT, env=environment, capture_output=True, text=True, timeout=_TRIAL_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise refusal(f"its model did not predict two texts within {_TRIAL_SECONDS} seconds") from error
    if trial.returncode != 0:
        lines = trial.stdout.strip().splitlines() if trial.returncode == 1 else []
        raise refusal(lines[-1] if lines else "its model ends the process that loads it")
