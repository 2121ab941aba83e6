"""Exports behavioral tests as one pytest file, which tests the model of a zip without this project."""

from dataclasses import asdict

from core.behavior.results import BehaviorResult, BehaviorResults
from core.errors import ConfigError
from core.prediction.export import SCRIPTS_FOLDER

FILE_NAME = "test_behavior.py"
_PLACEHOLDER = "TESTS: list[dict[str, Any]] = []\n"


def export_pytest(results: BehaviorResults) -> str:
    """The file with the tests that could be run, and their cases as literals, so that no text of a user can run as code.

    Raises:
        ConfigError: none of the tests could be run.
    """
    exported = [result for result in results.results if not result.problem]
    if not exported:
        raise ConfigError("None of the tests could be run, so there is nothing to export.", "Correct the tests first.")
    tests = "".join(_literal(result) for result in exported)
    script = (SCRIPTS_FOLDER / FILE_NAME).read_text(encoding="utf-8")
    return script.replace(_PLACEHOLDER, f"TESTS: list[dict[str, Any]] = [\n{tests}]\n")


def _literal(result: BehaviorResult) -> str:
    test = result.test
    pairs = zip(result.cases["before"], result.cases["after"], strict=True)
    lines = [
        "    {",
        f"        'name': {str(test.name)!r},",
        f"        'kind': {str(test.kind)!r},",
        f"        'expectation': {asdict(test.expectation)!r},",
        f"        'wanted': {float(test.wanted)!r},",
        "        'cases': [",
        *(f"            ({str(before)!r}, {str(after)!r})," for before, after in pairs),
        "        ],",
        "    },",
    ]
    return "\n".join(lines) + "\n"
