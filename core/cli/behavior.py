"""``python -m core behavior RUN``: the behavioral tests of a run's dataset, as a command for people and for CI."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError, DataError
from core.formatting import format_percent, pluralize

if TYPE_CHECKING:
    from core.behavior.results import BehaviorResults
    from core.evaluation.behavior.comparison import PassRateChange
    from core.evaluation.behavior.definitions import BehaviorTest
    from core.runs import Run


def behavior(options: argparse.Namespace) -> int:
    """Run the tests and print their pass rates; 1 if a test is below its wanted pass rate or cannot be run."""
    from core.behavior.execution import load_logits, run_tests
    from core.behavior.export import export_pytest
    from core.behavior.results import previous_results, save_results
    from core.cli.commands import open_run
    from core.runs import list_runs
    from core.workspace import workspace_containing, write_atomically

    run = open_run(options.workspace, options.run)
    tests = _choose_tests(run, options)
    if options.list:
        _print_tests(tests)
        return 0
    print(f"Running {pluralize(len(tests), 'test')} ...", file=sys.stderr)
    results = run_tests(run, tests, load_logits(run))
    if not options.tests and not options.suggested:
        save_results(run, results)
    if options.pytest:
        script = export_pytest(results)
        write_atomically(options.pytest, lambda path: path.write_text(script, encoding="utf-8"))
        print(f"The pytest file is in {options.pytest}", file=sys.stderr)
    earlier = previous_results(run, list_runs(workspace_containing(run.folder)))
    changes = results.changes_from(earlier[1]) if earlier else {}
    if options.json:
        from core.cli.output import print_json

        print_json(_to_json(results, changes))
    else:
        _print_results(results, changes)
    return 0 if results.passed else 1


def _choose_tests(run: "Run", options: argparse.Namespace) -> "tuple[BehaviorTest, ...]":
    """The tests of a file, those that are suggested, or those of the run's dataset.

    Raises:
        ConfigError: there are none.
        DataError: there is no such file.
    """
    from core.behavior.suite import load_run_tests, load_tests, suggested_tests

    if options.tests:
        if not options.tests.is_file():
            raise DataError(f"There is no file {str(options.tests)!r}.", "Check the path.")
        tests = load_tests(options.tests)
    else:
        tests = suggested_tests(run) if options.suggested else load_run_tests(run)
    if not tests:
        raise ConfigError(
            "The dataset of this run has no behavioral tests.",
            "Write some on Evaluate, name a file with --tests, or use --suggested.",
        )
    return tests


def _print_tests(tests: "tuple[BehaviorTest, ...]") -> None:
    from core.evaluation.behavior.definitions import CHANGE_TITLES, KIND_TITLES

    for test in tests:
        change = CHANGE_TITLES[test.change.kind] if test.change else "Templates"
        print(f"{test.name:<30} {KIND_TITLES[test.kind]:<22} {format_percent(test.wanted, 0):>5}  {change}")


def _print_results(results: "BehaviorResults", changes: "dict[str, PassRateChange]") -> None:
    print(f"{'test':<30} {'pass rate (95% interval)':<26} {'wanted':>7} {'cases':>6}  result")
    for result in results.results:
        name, wanted = result.test.name, format_percent(result.test.wanted, 0)
        if result.problem:
            print(f"{name:<30} {'–':<26} {wanted:>7} {0:>6}  cannot be run: {result.problem}")
            continue
        verdict = "passed" if result.passed else "below the wanted pass rate"
        print(f"{name:<30} {result.text:<26} {wanted:>7} {result.rate.cases:>6}  {verdict}")
        if name in changes:
            print(f"{'':<30} previous run: {changes[name].sentence}")


def _to_json(results: "BehaviorResults", changes: "dict[str, PassRateChange]") -> dict[str, Any]:
    return {
        "passed": results.passed,
        "tests": [
            {
                "name": result.test.name,
                "kind": result.test.kind,
                "passed": result.passed,
                "problem": result.problem,
                "pass_rate": result.rate.value,
                "interval": list(result.rate.interval),
                "wanted": result.test.wanted,
                "cases": result.rate.cases,
                "units": result.rate.units,
                "previous": changes[result.test.name].before if result.test.name in changes else None,
            }
            for result in results.results
        ],
    }
