"""Every command has help that names its arguments."""

import pytest

from core.cli.parser import make_parser

COMMANDS = {
    "demo": "--workspace",
    "check": "--delimiter",
    "train": "--learning-rate",
    "run": "RUN",
    "search": "FOLDER",
    "analyze": "FOLDER",
    "learning-curve": "FOLDER",
    "measure-speed": "FOLDER",
    "predict-file": "FOLDER",
    "evaluate": "--report",
    "predict": "--out",
    "export": "FILE",
    "import": "FILE",
    "serve": "--port",
    "engines": "--min-agreement",
}


@pytest.mark.parametrize(("command", "argument"), COMMANDS.items())
def test_help(command: str, argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        make_parser().parse_args([command, "--help"])
    assert exited.value.code == 0
    assert argument in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["train", "x.csv"], ["predict"]])
def test_missing_and_unknown_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        make_parser().parse_args(arguments)
    assert exited.value.code == 2


def test_defaults() -> None:
    options = make_parser().parse_args(["train", "x.csv", "--text", "a", "--label", "b", "--learning-rate", "1e-4"])
    assert (options.validation_share, options.test_share, options.seed) == (0.1, 0.2, 42)
    assert (options.learning_rate, options.epochs) == (1e-4, None)
