"""Prediction of a file in shards: the same file after any interruption, by one process or by several, from every format."""

import csv
import gzip
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import DataError, LimitError, ModelError
from core.jobs.events import Event, Phase, Progress, ignore_event
from core.prediction import batch_file
from core.prediction.batch_file import predict_in_shards
from core.prediction.batch_rows import Predictor
from core.prediction.batch_shards import BatchSummary, Shards
from tests.data.reading.cases import excel_bytes, parquet_bytes, zip_bytes
from tests.prediction.batch_cases import TASKS, MadeEngine, loader, make_model, make_request, write_texts

FRAME = pd.DataFrame({"id": ["1", "2", "3"], "text": ["a", "b, c", "x" * 20], "label": ["p", "q", "r"]})
CSV = FRAME.to_csv(index=False).encode()
INPUTS = {
    "x.csv": CSV,
    "x.tsv": FRAME.to_csv(index=False, sep="\t").encode(),
    "x.csv.gz": gzip.compress(CSV, mtime=0),
    "x.parquet": parquet_bytes(FRAME),
    "x.jsonl": FRAME.to_json(orient="records", lines=True).encode(),
    "x.json": FRAME.to_json(orient="records").encode(),
    "x.xlsx": excel_bytes(sheet=FRAME),
    "x.zip": zip_bytes({"x.csv": CSV}),
}


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_file, "SHARD_ROWS", 10)


def read_output(path: Path) -> pd.DataFrame:
    readers: dict[str, Any] = {
        ".csv": lambda file: pd.read_csv(file, dtype=str, keep_default_na=False),
        ".parquet": pd.read_parquet,
        ".jsonl": lambda file: pd.read_json(file, lines=True),
        ".xlsx": pd.read_excel,
    }
    frame: pd.DataFrame = readers[path.suffix](path)
    return frame


@pytest.mark.parametrize("output", ["out.csv", "out.parquet", "out.jsonl", "out.xlsx"])
@pytest.mark.parametrize("name", INPUTS)
def test_every_format_goes_in_and_out_with_columns_and_order_kept(name: str, output: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(INPUTS[name])
    summary = predict_in_shards(make_request(tmp_path, tmp_path / name, output), loader(MadeEngine()), ignore_event)
    assert summary is not None
    assert (summary.rows, summary.problems, summary.unsure, summary.engine) == (3, 0, 0, "made up")
    frame = read_output(tmp_path / output)
    predicted = ["predicted label", "confidence", "p(a)", "p(b)", "p(c)"]
    assert frame.columns.tolist() == ["id", "text", "label", *predicted]
    assert frame["text"].tolist() == FRAME["text"].tolist()
    assert set(frame["predicted label"]) <= {"a", "b", "c"}


def predict_at_once(folder: Path, source: Path, output: str = "out.csv") -> bytes:
    """The output without an interruption."""
    folder.mkdir()
    request = make_request(folder, source, output)
    predict_in_shards(request, loader(MadeEngine()), ignore_event)
    return request.output.read_bytes()


class Interruption(BaseException):
    """Stands in for Ctrl-C."""


@pytest.mark.parametrize("after", [1, 17, 25, 57, 95])
def test_an_interrupted_prediction_continues_and_gives_the_same_file(after: int, tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.csv", 95)
    expected = predict_at_once(tmp_path / "once", source)
    request = make_request(tmp_path, source)

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.total == 95 and event.done >= after:
            raise Interruption

    with pytest.raises(Interruption):
        predict_in_shards(request, loader(MadeEngine()), interrupt)
    assert not request.output.exists()
    engine, events = MadeEngine(), list[Event]()
    predict_in_shards(request, loader(engine), events.append)
    assert request.output.read_bytes() == expected
    assert len(engine.texts) == 95 - (after - 1) // 10 * 10 or after == 95
    done = [event.done for event in events if isinstance(event, Progress) and event.total == 95]
    assert done == sorted(done)


SCRIPT = """
import sys
from pathlib import Path
from core.jobs.events import ignore_event
from core.prediction import batch_file
from tests.prediction.batch_cases import MadeEngine, loader, make_request
batch_file.SHARD_ROWS = 10
folder, source, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
batch_file.predict_in_shards(make_request(folder, source), loader(MadeEngine(seconds=seconds)), ignore_event)
"""


def start(folder: Path, source: Path, seconds: float) -> subprocess.Popen[str]:
    """A process that has imported everything and waits for a line before it predicts."""
    command = [sys.executable, "-c", SCRIPT, str(folder), str(source), str(seconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=120)
    return process.returncode


def test_a_killed_prediction_continues_and_gives_the_same_file(tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.csv", 200)
    expected = predict_at_once(tmp_path / "once", source)
    process = start(tmp_path, source, 0.005)
    go(process)
    while len(list((tmp_path / "progress").rglob("0*.json"))) < 5:
        time.sleep(0.01)
        assert process.poll() is None
    process.kill()
    assert finish(process) == -signal.SIGKILL
    complete = len(list((tmp_path / "progress").rglob("0*.json")))
    assert 5 <= complete < 20
    engine = MadeEngine()
    request = make_request(tmp_path, source)
    predict_in_shards(request, loader(engine), ignore_event)
    assert request.output.read_bytes() == expected
    assert len(engine.texts) == 200 - 10 * complete


@pytest.mark.slow
def test_several_processes_share_a_file(tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.csv", 300)
    expected = predict_at_once(tmp_path / "once", source)
    processes = [start(tmp_path, source, 0.002) for _ in range(2)]
    for process in processes:
        go(process)
    assert [finish(process) for process in processes] == [0, 0]
    assert (tmp_path / "out.csv").read_bytes() == expected


def test_what_others_compute_is_left_to_them(tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.csv", 30)
    request = make_request(tmp_path, source)
    folders: list[Path] = []

    def first(event: Event) -> None:
        # While the second shard is computed, another process comes by.
        if isinstance(event, Progress) and event.total == 30 and event.done == 15 and not folders:
            folders.extend((tmp_path / "progress").iterdir())
            engine = MadeEngine()
            assert predict_in_shards(request, loader(engine), ignore_event) is None
            assert len(engine.texts) == 10

    engine = MadeEngine()
    summary = predict_in_shards(request, loader(engine), first)
    assert summary is not None
    assert summary.rows == 30
    assert len(engine.texts) == 20
    assert len(folders) == 1


def test_a_finished_prediction_is_not_repeated_unless_its_output_is_gone(tmp_path: Path) -> None:
    request = make_request(tmp_path, write_texts(tmp_path / "in.csv", 30))
    first = predict_in_shards(request, loader(MadeEngine()), ignore_event)
    engine = MadeEngine()
    assert predict_in_shards(request, loader(engine), ignore_event) == first
    assert not engine.texts
    request.output.unlink()
    assert predict_in_shards(request, loader(engine), ignore_event) == first
    assert len(engine.texts) == 30
    assert request.output.exists()


@pytest.mark.parametrize("change", ["input", "column", "rule", "weights", "engine"])
def test_shards_of_another_input_or_model_are_not_used(change: str, tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.csv", 30)
    request = make_request(tmp_path, source)
    predict_in_shards(request, loader(MadeEngine()), ignore_event)
    if change == "input":
        source.write_text(source.read_text().replace("text 7", "test 7"))
    elif change == "column":
        request = replace(request, column="id")
    elif change == "rule":
        decision_rule.save(DecisionRule(abstain_below=0.9), request.model_folder)
    elif change == "weights":
        (request.model_folder / "model.safetensors").write_bytes(b"other")
    else:
        request = replace(request, engine="another")
    engine = MadeEngine()
    predict_in_shards(request, loader(engine), ignore_event)
    assert len(engine.texts) == 30


def test_a_damaged_shard_is_computed_again(tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.csv", 40)
    expected = predict_at_once(tmp_path / "once", source)
    request = make_request(tmp_path, source)

    def interrupt(event: Event) -> None:
        if event == Phase("writing", event.time):
            raise Interruption

    with pytest.raises(Interruption):
        predict_in_shards(request, loader(MadeEngine()), interrupt)
    [folder] = (tmp_path / "progress").iterdir()
    shards = Shards(folder)
    shards.path(0).write_bytes(b"short")
    shards.path(1).unlink()
    shards.path(2).with_suffix(".json").write_text("{")
    (tmp_path / ".out.csv.123.0123abcd").write_text("half of an output")
    engine = MadeEngine()
    predict_in_shards(request, loader(engine), ignore_event)
    assert len(engine.texts) == 30
    assert request.output.read_bytes() == expected
    assert not list(tmp_path.glob(".out*"))


def test_the_engine_of_the_first_shard_computes_all(tmp_path: Path) -> None:
    request = make_request(tmp_path, write_texts(tmp_path / "in.csv", 30))
    asked: list[str | None] = []

    def load(folder: Path, engine: str | None) -> Predictor:
        asked.append(engine)
        return Predictor(MadeEngine(name="first"))

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.total == 30 and event.done >= 20:
            raise Interruption

    with pytest.raises(Interruption):
        predict_in_shards(request, load, interrupt)
    predict_in_shards(request, load, ignore_event)
    assert asked == [None, "first"]


def test_bad_rows_are_marked_and_a_file_without_any_has_no_column_for_them(tmp_path: Path) -> None:
    lines = [f"{i},some text" for i in range(40)]
    lines[7], lines[21] = "7,", "21,one,two,three"
    source = tmp_path / "in.csv"
    source.write_text("\n".join(["id,text", *lines]))
    summary = predict_in_shards(make_request(tmp_path, source), loader(MadeEngine()), ignore_event)
    assert summary is not None
    assert (summary.rows, summary.problems, sum(summary.labels.values())) == (40, 2, 38)
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["id"] for row in rows] == [str(i) for i in range(40)]
    assert {row["id"]: row["problem"] for row in rows if row["problem"]} == {
        "7": "no text",
        "21": "line 23: 4 columns instead of 2",
    }
    assert [row["id"] for row in rows if not row["label"]] == ["7", "21"]
    source.write_text("\n".join(["id,text", *lines[:7]]))
    predict_in_shards(make_request(tmp_path, source), loader(MadeEngine()), ignore_event)
    assert "problem" not in read_output(tmp_path / "out.csv").columns


def test_parquet_to_parquet_keeps_the_types_of_the_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": range(25), "when": pd.Timestamp("2020-01-01"), "text": ["a text"] * 25})
    frame.to_parquet(tmp_path / "in.parquet")
    predict_in_shards(
        make_request(tmp_path, tmp_path / "in.parquet", "out.parquet"), loader(MadeEngine()), ignore_event
    )
    before, after = (pq.read_schema(tmp_path / f"{name}.parquet") for name in ("in", "out"))
    assert [after.field(name).type for name in before.names] == [field.type for field in before]
    assert pd.read_parquet(tmp_path / "out.parquet")["id"].tolist() == list(range(25))


def test_the_summary_has_counts_of_labels_or_a_histogram(tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.csv", 50)
    for kind, task in TASKS.items():
        request = replace(make_request(tmp_path, source, f"{kind}.csv"), model_folder=make_model(tmp_path / kind, task))
        summary = predict_in_shards(request, loader(MadeEngine(task), DecisionRule(abstain_below=0.99)), ignore_event)
        assert isinstance(summary, BatchSummary)
        frame = read_output(request.output)
        if kind == "regression":
            scores = frame["score"].astype(float)
            assert sum(part.rows for part in summary.bins) == 50
            assert (summary.bins[0].low, summary.bins[-1].high) == pytest.approx((scores.min(), scores.max()))
            assert summary.labels == {}
        else:
            names = [name for cell in frame["label"] for name in cell.split("|") if name]
            assert summary.labels == pd.Series(names).value_counts().to_dict()
            assert summary.unsure == (frame["sure"] == "not sure").sum() > 0
            assert not summary.bins


def test_phases_and_the_time_left_are_reported(tmp_path: Path) -> None:
    events: list[Event] = []
    request = make_request(tmp_path, write_texts(tmp_path / "in.csv", 50))
    predict_in_shards(request, loader(MadeEngine(seconds=0.001)), events.append)
    assert [event.name for event in events if isinstance(event, Phase)] == [
        "reading",
        "loading",
        "predicting",
        "writing",
    ]
    rows = [event for event in events if isinstance(event, Progress) and event.total == 50]
    seconds = [event.seconds_left for event in rows if event.seconds_left is not None]
    assert len(seconds) == len(rows) > 50
    assert seconds[0] > 0.049
    assert (rows[-1].done, seconds[-1]) == (50, 0)


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        ("", "text", "in.csv is empty"),
        ("id,text\n", "text", "a header line but no rows"),
        ("id,text\n1,a\n", "body", "has no column 'body'"),
    ],
)
def test_files_that_cannot_be_predicted_get_a_sentence(content: str, column: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        predict_in_shards(
            make_request(tmp_path, tmp_path / "in.csv", column=column), loader(MadeEngine()), ignore_event
        )


def test_a_folder_without_a_model_and_too_many_rows_for_excel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = make_request(tmp_path, write_texts(tmp_path / "in.csv", 30), "out.xlsx")
    with pytest.raises(ModelError, match="has no model"):
        predict_in_shards(replace(request, model_folder=tmp_path / "nothing"), loader(MadeEngine()), ignore_event)
    monkeypatch.setattr("core.prediction.batch_output._EXCEL_ROWS", 20)
    engine = MadeEngine()
    with pytest.raises(LimitError, match="up to 19 rows"):
        predict_in_shards(request, loader(engine), ignore_event)
    assert not engine.texts


def test_a_number_in_json_lines_stays_text_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 7, "text": "a"}\n{"text": "b", "tags": ["x", "y"]}\n')
    predict_in_shards(make_request(tmp_path, tmp_path / "in.jsonl", "out.jsonl"), loader(MadeEngine()), ignore_event)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["7", ""]
    assert rows[1]["tags"] == '["x", "y"]'
