"""The exported pytest file judges as the app does, in a process without this project."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.behavior.execution import load_logits, run_tests
from core.behavior.export import FILE_NAME, export_pytest
from core.behavior.results import BehaviorResults
from core.behavior.suite import suggested_tests
from core.errors import ConfigError
from core.evaluation.behavior.definitions import Expectation
from core.experiments.worker import run_worker
from core.prediction.export import SCRIPTS_FOLDER, pretrained_folder
from core.runs import create_run
from core.training.config import Method, TrainingConfig
from core.workspace import Workspace
from tests.behavior.cases import TYPOS, LetterModel, make_tests
from tests.finished import TASKS, finished
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

# A predict.py that knows the predictions for the file that asks.
_PREDICT = """
import json, pathlib, sys
known = json.loads((pathlib.Path(__file__).parent / "known.json").read_text(encoding="utf-8"))
def predict(texts):
    of_caller = known[sys._getframe(1).f_globals["__name__"]]
    return [of_caller[text] for text in texts]
"""


def wanted_at(results: BehaviorResults, more: float) -> BehaviorResults:
    """The results with wanted pass rates that are the measured ones plus ``more``."""
    tests = (replace(result.test, wanted=min(1, result.rate.value + more)) for result in results.results)
    return replace(results, tests=tuple(tests))


def run_pytest(folder: Path) -> list[tuple[str, str, str]]:
    """Outcome, file and name of each test of the exported files in a folder."""
    command = [sys.executable, "-I", "-m", "pytest", "-rA", "-p", "no:cacheprovider", "."]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    found = re.findall(r"^(PASSED|FAILED) (\w+)\.py::test_behavior\[(.*?)\]", process.stdout, re.MULTILINE)
    assert process.returncode == int(any(outcome == "FAILED" for outcome, *_ in found)), process.stdout
    return [(outcome, file, name) for outcome, file, name in found]


def test_the_files_count_what_the_app_counts(workspace: Workspace, tmp_path: Path) -> None:
    known, expected = {}, []
    for kind in TASKS:
        run = finished(workspace, kind)
        model = LetterModel(run.task)
        results = run_tests(run, make_tests(run), model.logits)
        texts = sorted({*results.cases["before"], *results.cases["after"]})
        records = dict(zip(texts, results.rule.apply(run.task, model.logits(texts)).to_records(), strict=True))
        # Each test is wanted at its own rate and a little above it: one case more or less would show.
        for more in (0.0, 0.001):
            file = f"test_{kind}_{more > 0}"
            (tmp_path / f"{file}.py").write_text(export_pytest(wanted_at(results, more)), encoding="utf-8")
            known[file] = records
            for result in results.results:
                fails = more > 0 and result.rate.value < 1
                expected.append(("FAILED" if fails else "PASSED", file, result.test.name))
    (tmp_path / "known.json").write_text(json.dumps(known), encoding="utf-8")
    (tmp_path / "predict.py").write_text(_PREDICT, encoding="utf-8")
    assert sorted(run_pytest(tmp_path)) == sorted(expected)
    assert {outcome for outcome, *_ in expected} == {"PASSED", "FAILED"}


def test_texts_and_names_are_literals(workspace: Workspace) -> None:
    run = finished(workspace, "binary")
    hostile = '\')]\nimport os; os.abort() # """ \\ \u2028 \U0001f600 {x}'
    results = run_tests(run, (replace(TYPOS, name=hostile),), LetterModel(run.task).logits)
    results = replace(results, cases=results.cases.assign(before=hostile))
    script = export_pytest(results)
    literal = script[script.index("TESTS: ") : script.index("# Probabilities are rounded")]
    names: dict[str, Any] = {"Any": Any}
    exec(compile(literal, FILE_NAME, "exec"), names)
    (test,) = names["TESTS"]
    assert test["name"] == hostile
    assert {before for before, _ in test["cases"]} == {hostile}


def test_there_must_be_something_to_export(workspace: Workspace) -> None:
    run = finished(workspace, "multilabel")
    without_label = replace(make_tests(run)[-1], expectation=Expectation())
    results = run_tests(run, (without_label,), LetterModel(run.task).logits)
    with pytest.raises(ConfigError, match="nothing to export"):
        export_pytest(results)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["multiclass", "multilabel", "regression", "instant"])
def test_the_file_tests_the_saved_model(case: str, workspace: Workspace, tiny_encoder: str, tmp_path: Path) -> None:
    method: Method = "instant" if case == "instant" else "fine-tune"
    config = TrainingConfig(method=method, encoder=tiny_encoder, epochs=4, learning_rate=2e-3, max_length=16)
    run = create_run(workspace, toy("binary" if case == "instant" else case), config, case, TOY_SOURCE)
    run_worker(run, workspace.home)
    results = run_tests(run, suggested_tests(run), load_logits(run))
    folder = tmp_path / "elsewhere"
    with pretrained_folder(run) as model:
        shutil.copytree(model, folder / "model")
    shutil.copy(SCRIPTS_FOLDER / "predict.py", folder)
    (folder / FILE_NAME).write_text(export_pytest(wanted_at(results, 0.0)), encoding="utf-8")
    assert sorted(run_pytest(folder)) == sorted(("PASSED", "test_behavior", test.name) for test in results.tests)
