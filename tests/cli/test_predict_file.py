"""``predict --file``: one file or many, continued after a stop, with a summary."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from core.__main__ import main
from core.jobs import process
from core.models.classifier import save_pretrained
from core.prediction.batch import create_batch
from core.prediction.batch_files import PROGRESS
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy, train

TEXTS = ["red apple", "cold sea", "", "the blue sky is cold", "sweet plum"]


@pytest.fixture(scope="module")
def model(tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model."""
    folder = tmp_path_factory.mktemp("trained")
    classifier = train(toy("binary"), tiny_encoder, folder / "training", epochs=1)
    save_pretrained(classifier, folder / "model")
    return folder / "model"


@pytest.fixture
def run(workspace: Workspace, model: Path, tiny_encoder: str) -> Run:
    run = create_run(workspace, toy("binary"), TrainingConfig(encoder=tiny_encoder), "toy", TOY_SOURCE)
    run.model_folder.symlink_to(model)
    return run


def write_csv(path: Path, repeats: int = 1) -> Path:
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame({"id": range(5 * repeats), "text": TEXTS * repeats}).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl", "xlsx"])
def test_a_file_in_every_output_format(
    suffix: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / f"out.{suffix}"
    code = main(["predict", run.id, "--file", str(write_csv(tmp_path / "in.csv")), "--out", str(output), "--json"])
    printed = capsys.readouterr()
    assert code == 0
    summary = json.loads(printed.out)
    assert (summary["rows"], summary["problems"], sum(summary["labels"].values())) == (5, 1, 4)
    assert f"5 rows written to {output}, 1 without a prediction" in printed.err
    assert output.stat().st_size > 0
    assert not (tmp_path / PROGRESS).exists()


def test_all_engines_give_the_same_labels(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_csv(tmp_path / "in.csv")
    for engine in ("torch", "onnx-fp32"):
        assert (
            main(["predict", run.id, "--file", str(source), "--out", f"{tmp_path}/{engine}.csv", "--engine", engine])
            == 0
        )
    torch, onnx = (pd.read_csv(tmp_path / f"{engine}.csv") for engine in ("torch", "onnx-fp32"))
    pd.testing.assert_frame_equal(torch, onnx, atol=2e-4, rtol=0)
    assert "(engine: PyTorch)" in capsys.readouterr().err
    assert main(["predict", run.id, "red apple", "--engine", "torch"]) == 0
    assert "Answered by PyTorch." in capsys.readouterr().err
    assert main(["predict", run.id, "red apple", "--engine", "steam"]) == 2
    assert "found 'steam'" in capsys.readouterr().err


def test_a_file_is_read_as_the_options_say(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes("red apple^schön\ncold sea^trüb\n".encode("cp1250"))
    arguments = ["predict", run.id, "--file", str(source), "--out", f"{tmp_path}/out.csv", "--text", "column 1"]
    assert main([*arguments, "--delimiter", "^", "--no-header", "--encoding", "cp1250"]) == 0
    frame = pd.read_csv(tmp_path / "out.csv")
    assert frame["column 1"].tolist() == ["red apple", "cold sea"]
    assert frame["column 2"].tolist() == ["schön", "trüb"]


def test_many_files_go_to_a_folder(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write_csv(tmp_path / "in" / f"{name}.csv")
    (tmp_path / "in" / "c.csv").write_text("")
    arguments = ["predict", run.id, "--file", str(tmp_path / "in" / "*.csv"), "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert "c.csv is empty" in printed.err
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["a.csv", "b.csv"]
    (tmp_path / "in" / "c.csv").unlink()
    written = (tmp_path / "out" / "a.csv").stat().st_mtime_ns
    assert main([*arguments, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert (tmp_path / "out" / "a.csv").stat().st_mtime_ns == written


def test_one_file_goes_to_a_folder_if_the_output_is_one(run: Run, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv")
    assert main(["predict", run.id, "--file", str(source), "--out", f"{tmp_path}/out/"]) == 0
    assert (tmp_path / "out" / "in.csv").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--file", "missing.csv", "--out", "x.csv"], "There is no file 'missing.csv'"),
        (["--file", "{folder}/*.xyz", "--out", "x"], "There is no file"),
        (["--file", "{source}", "--out", "{source}"], "would replace its own input"),
        (["--file", "{source}", "--out", "{folder}/x.pdf"], "cannot be written as '.pdf'"),
        (["--file", "{source}", "--out", "{folder}/x.csv", "--text", "body"], "no column 'body'"),
        (["--file", "{source}", "{source}2", "--out", "{folder}/out"], "There is no file"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], message: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "in.csv")
    code = main(["predict", run.id, *(argument.format(folder=tmp_path, source=source) for argument in arguments)])
    printed = capsys.readouterr()
    assert code == 2
    assert message in printed.err
    assert [line for line in printed.err.splitlines() if line.startswith("error:")] == [printed.err.splitlines()[-1]]


def test_the_same_command_continues_after_it_was_killed(run: Run, tmp_path: Path) -> None:
    source, output = write_csv(tmp_path / "in.csv", 4_000), tmp_path / "out.csv"
    arguments = ["predict", str(run.folder), "--file", str(source), "--out"]
    child = subprocess.Popen([sys.executable, "-m", "core", *arguments, str(output)], stderr=subprocess.DEVNULL)
    while not list((tmp_path / PROGRESS).rglob("000000.json")):
        time.sleep(0.005)
        assert child.poll() is None, "it was faster than this test"
    child.kill()
    child.wait()
    assert not output.exists()
    assert main([*arguments, str(output)]) == 0
    assert main([*arguments, str(tmp_path / "once.csv")]) == 0
    assert output.read_bytes() == (tmp_path / "once.csv").read_bytes()
    assert not (tmp_path / PROGRESS).exists()


def test_a_job_runs_in_a_process_of_its_own(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    batch = create_batch(workspace, run.folder, write_csv(tmp_path / "in.csv"), "text", "jsonl")
    batch.job.start()
    deadline = time.monotonic() + 120
    while process.read_status(batch.folder).active and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.read_status(batch.folder).state == "finished", process.log_tail(batch.folder)
    while process.has_argument(process.read_status(batch.folder).pid, batch.folder.name):
        time.sleep(0.05)
    summary = batch.summary()
    assert summary is not None
    assert (summary.rows, summary.engine) == (5, "onnx-fp32")
