"""The commands, called as people and scripts call them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.__main__ import main
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.training.first_model import save_first_model
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

ROWS = [
    (f"{first} {word}", label)
    for first in ("the", "a", "one", "two", "very")
    for word, label in (("red apple", "fruit"), ("sweet plum", "fruit"), ("blue sky", "cold"), ("cold sea", "cold"))
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path


def write_csv(path: Path, rows: list[tuple[str, str]], header: tuple[str, str] = ("text", "label")) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command: its exit code, stdout and stderr."""
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_first_model_predicts_until_its_run_has_finished(
    home: Path, tiny_encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16)
    run = create_run(Workspace(home / "w", home / "home"), toy("binary"), config, "Toy", TOY_SOURCE)
    code, _, err = call(capsys, "predict", str(run.folder), "red apple")
    assert (code, "has no model" in err) == (2, True)
    save_first_model(run.splits(), config, run.first_model_folder)
    code, out, _ = call(capsys, "predict", str(run.folder), "red apple", "--json")
    assert code == 0
    (prediction,) = json.loads(out)
    assert prediction["label"] in run.task.labels


def test_train_evaluate_predict(home: Path, tiny_encoder: str, capsys: pytest.CaptureFixture[str]) -> None:
    table, test = write_csv(home / "x.csv", ROWS), write_csv(home / "t.csv", ROWS[:4])
    columns = ["--text", "text", "--label", "label"]
    settings = ["--encoder", tiny_encoder, "--epochs", "1", "--max-length", "16", "--truncation", "head_tail"]
    code, out, _ = call(capsys, "train", table, *columns, "--test-file", test, *settings, "--json")
    record = json.loads(out)
    assert code == 0
    facts = {"run", "folder", "validation", "test", "intervals", "seconds", "peak_memory_mb"}
    assert set(record) == {*facts, "label_fixes"}
    assert record["label_fixes"] is None
    assert {"accuracy", "f1_macro"} <= set(record["test"])
    assert Path(record["folder"], "model", "model.safetensors").exists()
    assert str(home) in record["folder"]
    assert Run.open(Path(record["folder"])).config.truncation == "head_tail"

    _, out, _ = call(capsys, "evaluate", record["run"], "--json")
    assert json.loads(out) == record
    _, out, _ = call(capsys, "evaluate", record["folder"])
    assert "TF-IDF" in out
    assert "How sure is that?" in out

    _, out, _ = call(capsys, "predict", record["run"], "red apple", "blue sea", "--json")
    predictions = json.loads(out)
    assert len(predictions) == 2
    for prediction in predictions:
        assert set(prediction) == {"label", "confidence", "probabilities"}
        assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    code, _, err = call(capsys, "predict", record["run"])
    assert (code, "found none" in err) == (2, True)

    texts = write_csv(home / "in.csv", [("1", "=red, apple"), ("2", ""), ("3", "ice")], ("id", "words"))
    code, _, err = call(capsys, "predict", record["run"], "--file", texts)
    assert (code, "Expected --out" in err) == (2, True)
    code, _, _ = call(capsys, "predict", record["run"], "--file", texts, "--out", str(home / "out.csv"))
    assert code == 0
    rows = list(csv.DictReader((home / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["words"] for row in rows] == ["'=red, apple", "", "ice"]
    assert [bool(row["label"]) for row in rows] == [True, False, True]


@pytest.mark.slow
def test_instant_from_the_shell(home: Path, tiny_encoder: str) -> None:
    table = write_csv(home / "x.csv", ROWS)
    options = ["--text", "text", "--label", "label", "--method", "instant", "--encoder", tiny_encoder, "--json"]
    command = [sys.executable, "-m", "core", "train", table, *options]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(process.stdout)["test"]["accuracy"] >= 0
    assert "evaluating" in process.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "nowhere.csv", "--text", "a", "--label", "b"], "There is no file"),
        (["train", "{x}", "--text", "words", "--label", "label"], "no column 'words'"),
        (["train", "{x}", "--text", "text", "--label", "kind"], "no column 'kind'"),
        (["train", "{one}", "--text", "text", "--label", "label"], "at least two classes"),
        (["train", "{x}", "--text", "text", "--label", "label", "--learning-rate", "3"], "learning rate between"),
        (["train", "{x}", "--text", "text", "--label", "label", "--test-share", "0.9"], "test share between"),
        (["evaluate", "nothing"], "There is no run 'nothing'"),
        (["predict", "nothing", "a text"], "There is no run 'nothing'"),
    ],
)
def test_errors_that_the_user_can_fix_are_one_line_and_exit_code_2(
    arguments: list[str], message: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "x": write_csv(home / "x.csv", ROWS),
        "one": write_csv(home / "one.csv", [(text, "same") for text, _ in ROWS]),
    }
    code, out, err = call(capsys, *[argument.format(**files) for argument in arguments])
    assert code == 2
    assert out == ""
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not list((home / "home").rglob("run.json"))


def test_check_prints_contents_and_problems(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_csv(home / "x.csv", [*ROWS * 2, ("write to me@example.org", "Cold")])
    code, out, _ = call(capsys, "check", table, "--json")
    record = json.loads(out)
    assert code == 0
    assert {"encoding", "unreadable_rows", "task"} <= set(record)
    assert (record["rows"], record["columns"]) == (41, ["text", "label"])
    assert (record["delimiter"], record["header"]) == (",", True)
    assert record["labels"] == {"fruit": 20, "cold": 20, "Cold": 1}
    findings = {finding["check"]: finding for finding in record["findings"]}
    assert {"duplicates", "label_variants", "personal_data"} <= set(findings)
    assert findings["personal_data"]["rows"] == [41]
    assert findings["personal_data"]["repair"] == {"kind": "mask_personal", "detail": {}}
    _, out, _ = call(capsys, "check", table)
    assert "41 rows" in out


def test_check_exits_with_1_if_training_is_blocked_and_2_if_nothing_can_be_read(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "check", write_csv(home / "one.csv", [(text, "same") for text, _ in ROWS]), "--json")
    assert code == 1
    assert next(finding["severity"] for finding in json.loads(out)["findings"]) == "blocks"
    (home / "empty.csv").write_bytes(b"")
    code, _, err = call(capsys, "check", str(home / "empty.csv"))
    assert (code, "is empty" in err) == (2, True)


def test_label_names_can_have_any_encoding(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_csv(home / "ids.csv", [(text, str(int(label == "cold"))) for text, label in ROWS])
    (home / "names.txt").write_bytes("frühlingsobst\nkälte\n".encode("cp1252"))
    code, out, _ = call(capsys, "check", table, "--names", str(home / "names.txt"), "--json")
    assert (code, set(json.loads(out)["labels"])) == (0, {"frühlingsobst", "kälte"})


@pytest.mark.slow
def test_train_on_multilabel_json_with_given_splits(
    home: Path, tiny_encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [[text, [label, "sweet"] if "sweet" in text else [label]] for text, label in ROWS]
    (home / "x.json").write_text(json.dumps({"train": rows[:12], "dev": rows[12:16], "test": rows[16:]}))
    options = ["--text", "column 1", "--label", "column 2", "--encoder", tiny_encoder, "--epochs", "1", "--json"]
    code, out, err = call(capsys, "train", str(home / "x.json"), *options)
    assert code == 0, err
    assert "f1_micro" in json.loads(out)["test"]
