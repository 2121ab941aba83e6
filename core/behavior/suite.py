"""The behavioral tests of a dataset, in ``<dataset>/behavior.json``; tests to start with; the cases that a test has for a run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.data.checks.language import detect_languages
from core.data.dataset import Dataset, find_dataset
from core.data.splitting import UNIT
from core.errors import ConfigError, DataError
from core.evaluation.behavior.cases import Cases, make_cases
from core.evaluation.behavior.definitions import BehaviorTest, check_for_task, check_tests
from core.evaluation.behavior.suggestions import suggest_tests
from core.evaluation.statistics.units import Units, number_units
from core.runs import Run
from core.storage import damaged, parse_record, read_record, write_record
from core.workspace import workspace_containing

FILE = "behavior.json"
_LANGUAGE_TEXTS = 50


@dataclass(frozen=True)
class _Suite:
    tests: tuple[BehaviorTest, ...]


def load_tests(path: Path) -> tuple[BehaviorTest, ...]:
    """The tests in a file such as the ``behavior.json`` of a dataset; empty if there is no file.

    Raises:
        StorageError: the file is damaged.
    """
    if not path.exists():
        return ()
    tests = parse_record(_Suite, read_record(path), path).tests
    try:
        check_tests(tests)
    except ConfigError as error:
        raise damaged(path, error.message) from error
    return tests


def save_tests(dataset: Dataset, tests: Sequence[BehaviorTest]) -> None:
    """Replace the tests of a dataset.

    Raises:
        ConfigError: there are too many, or two have the same name.
        StudioError: the file cannot be written.
    """
    check_tests(tuple(tests))
    write_record(dataset.folder / FILE, asdict(_Suite(tuple(tests))))


def load_run_tests(run: Run) -> tuple[BehaviorTest, ...]:
    """The tests of the dataset that a run was trained on; empty if the dataset was deleted.

    Raises:
        StorageError: the tests or the dataset are damaged.
    """
    try:
        dataset = find_dataset(workspace_containing(run.folder), run.dataset.id)
    except DataError:
        return ()
    return load_tests(dataset.folder / FILE)


def suggested_tests(run: Run) -> tuple[BehaviorTest, ...]:
    """Tests to start with, which find enough to change in the validation texts of a run."""
    frame = run.split("validation")
    texts = frame["text"].tolist()
    languages = detect_languages(texts[:_LANGUAGE_TEXTS])
    english = 2 * languages.count("en") >= len(languages)
    return suggest_tests(run.task, texts, run.task.encode(frame["label"].tolist()), english)


def cases_of_run(run: Run, test: BehaviorTest) -> Cases:
    """The cases that a test has for a run.

    Raises:
        ConfigError: the test does not fit the task, its templates cannot be filled, or it has no case.
        StorageError: the validation rows are damaged.
    """
    check_for_task(test, run.task)
    cases = make_cases(test, *seed_texts(run))
    if len(cases) == 0:
        texts = "validation texts" if test.templates is None else "texts of these templates"
        raise ConfigError(f"None of the {texts} has anything to change.", "Choose another change.")
    return cases


def seed_texts(run: Run) -> tuple[list[str], Units]:
    """The validation texts, and the unit of each: texts of one unit depend on one another."""
    frame = run.split("validation")
    units = number_units(frame[UNIT].to_numpy(dtype=np.intp)) if UNIT in frame else None
    return frame["text"].tolist(), units
