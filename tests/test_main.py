"""The command line, as people and scripts call it."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.__main__ import main

ROWS = [
    (f"{first} {word}", label)
    for first in ("the", "a", "one", "two", "very")
    for word, label in (("red apple", "fruit"), ("sweet plum", "fruit"), ("blue sky", "cold"), ("cold sea", "cold"))
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path


def write(path: Path, rows: list[tuple[str, str]], header: tuple[str, str] = ("text", "label")) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_train_evaluate_predict(home: Path, tiny_encoder: str, capsys: pytest.CaptureFixture[str]) -> None:
    table, test = write(home / "x.csv", ROWS), write(home / "t.csv", ROWS[:4])
    columns = ["--text", "text", "--label", "label"]
    options = [
        *columns,
        "--test-file",
        test,
        "--encoder",
        tiny_encoder,
        "--epochs",
        "1",
        "--max-length",
        "16",
        "--json",
    ]
    code, out, _ = call(capsys, "train", table, *options)
    record = json.loads(out)
    assert code == 0
    assert set(record) == {
        "run",
        "folder",
        "validation",
        "test",
        "intervals",
        "seconds",
        "peak_memory_mb",
    }
    assert {"accuracy", "f1_macro"} <= set(record["test"])
    assert Path(record["folder"], "model", "model.safetensors").exists()
    assert str(home) in record["folder"]

    _, out, _ = call(capsys, "evaluate", record["run"], "--json")
    assert json.loads(out) == record
    _, out, _ = call(capsys, "evaluate", record["folder"])
    assert "TF-IDF" in out

    _, out, _ = call(capsys, "predict", record["run"], "red apple", "blue sea", "--json")
    answers = json.loads(out)
    assert len(answers) == 2
    code, _, err = call(capsys, "predict", record["run"])
    assert (code, "found none" in err) == (2, True)
    for answer in answers:
        assert set(answer) == {"label", "confidence", "probabilities"}
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)

    inbox, outbox = (
        write(home / "in.csv", [("1", "=red, apple"), ("2", ""), ("3", "ice")], ("id", "words")),
        home / "out.csv",
    )
    code, _, _ = call(capsys, "predict", record["run"], "--file", inbox, "--out", str(outbox))
    rows = list(csv.DictReader(outbox.read_text().splitlines()))
    assert code == 0
    assert [row["words"] for row in rows] == ["'=red, apple", "", "ice"]
    assert [bool(row["label"]) for row in rows] == [True, False, True]


def test_instant_from_the_shell(home: Path, tiny_encoder: str) -> None:
    table = write(home / "x.csv", ROWS)
    command = [
        sys.executable,
        "-m",
        "core",
        "train",
        table,
        "--text",
        "text",
        "--label",
        "label",
        "--method",
        "instant",
    ]
    done = subprocess.run([*command, "--encoder", tiny_encoder, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["test"]["accuracy"] >= 0
    assert "evaluating" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
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
def test_what_the_user_can_mend_is_exit_code_2_and_a_sentence(
    arguments: list[str], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"x": write(home / "x.csv", ROWS), "one": write(home / "one.csv", [(text, "same") for text, _ in ROWS])}
    code, out, err = call(capsys, *[argument.format(**files) for argument in arguments])
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not list((home / "home").rglob("run.json"))


def test_check_says_what_is_there_and_what_is_wrong(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write(home / "x.csv", [*ROWS * 2, ("write to me@example.org", "Cold")])
    code, out, _ = call(capsys, "check", table, "--json")
    record = json.loads(out)
    assert code == 0
    assert {
        "rows",
        "columns",
        "encoding",
        "delimiter",
        "header",
        "unreadable_rows",
        "task",
        "labels",
        "findings",
    } <= set(record)
    assert (record["rows"], record["columns"], record["delimiter"], record["header"]) == (
        41,
        ["text", "label"],
        ",",
        True,
    )
    assert record["labels"] == {"fruit": 20, "cold": 20, "Cold": 1}
    kinds = {finding["check"]: finding for finding in record["findings"]}
    assert {"duplicates", "label_variants", "personal_data"} <= set(kinds)
    assert kinds["personal_data"]["rows"] == [41]
    assert kinds["personal_data"]["repair"] == {"kind": "mask_personal", "detail": {}}
    _, out, _ = call(capsys, "check", table)
    assert "41 rows" in out


def test_check_exits_with_1_when_training_is_blocked_and_2_when_nothing_can_be_read(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "check", write(home / "one.csv", [(text, "same") for text, _ in ROWS]), "--json")
    assert code == 1
    assert next(finding["severity"] for finding in json.loads(out)["findings"]) == "blocks"
    (home / "empty.csv").write_bytes(b"")
    code, _, err = call(capsys, "check", str(home / "empty.csv"))
    assert (code, "is empty" in err) == (2, True)


def test_names_of_labels_may_be_written_in_any_encoding(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write(home / "ids.csv", [(text, str(int(label == "cold"))) for text, label in ROWS])
    (home / "names.txt").write_bytes("frühlingsobst\nkälte\n".encode("cp1252"))
    code, out, _ = call(capsys, "check", table, "--names", str(home / "names.txt"), "--json")
    assert (code, set(json.loads(out)["labels"])) == (0, {"frühlingsobst", "kälte"})


def test_train_on_multilabel_json_with_its_own_splits(
    home: Path, tiny_encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [[text, [label, "sweet"] if "sweet" in text else [label]] for text, label in ROWS]
    (home / "x.json").write_text(json.dumps({"train": rows[:12], "dev": rows[12:16], "test": rows[16:]}))
    options = ["--text", "column 1", "--label", "column 2", "--encoder", tiny_encoder, "--epochs", "1", "--json"]
    code, out, err = call(capsys, "train", str(home / "x.json"), *options)
    assert code == 0, err
    assert "f1_micro" in json.loads(out)["test"]
