"""Many files into one folder: each is predicted, those that are done are skipped, and one that cannot be stops no other."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from core.errors import DataError
from core.jobs.events import ignore_event
from core.prediction import batch_file
from core.prediction.batch_file import BatchRequest
from core.prediction.batch_files import FolderResult, file_request, output_paths, predict_files
from core.prediction.batch_rows import Predictor
from tests.prediction.batch_cases import MadeEngine, loader, make_model, write_texts


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_file, "SHARD_ROWS", 10)


@pytest.fixture
def inputs(tmp_path: Path) -> list[Path]:
    (tmp_path / "in").mkdir()
    pd.read_csv(write_texts(tmp_path / "in" / "a.csv", 25)).to_parquet(tmp_path / "in" / "b.parquet")
    return [tmp_path / "in" / "a.csv", tmp_path / "in" / "b.parquet"]


def requests(model: Path) -> Callable[[Path, Path], BatchRequest]:
    return partial(file_request, column="text", model_folder=model)


def test_outputs_keep_the_name_and_the_format(tmp_path: Path) -> None:
    names = ["a.csv", "b.PARQUET", "c.jsonl", "d.xlsx", "e.json", "f.csv.gz", "g"]
    outputs = output_paths([tmp_path / name for name in names], tmp_path / "out")
    assert [path.name for path in outputs.values()] == [
        *["a.csv", "b.parquet", "c.jsonl", "d.xlsx", "e.csv", "f.csv", "g.csv"]
    ]


def test_an_output_must_not_replace_its_input_or_another_output(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="would replace its own input"):
        output_paths([tmp_path / "a.csv"], tmp_path)
    with pytest.raises(DataError, match="Two inputs would be written to"):
        output_paths([tmp_path / "a.csv", tmp_path / "a.json"], tmp_path / "out")


def test_files_are_predicted_once_with_one_model(inputs: list[Path], tmp_path: Path) -> None:
    outputs = output_paths(inputs, tmp_path / "out")
    model = make_model(tmp_path / "model")
    engine, loads = MadeEngine(), list[Path]()

    def load(folder: Path, name: str | None) -> Predictor:
        loads.append(folder)
        return Predictor(engine)

    result = predict_files(outputs, requests(model), ignore_event, load)
    assert {path.name: summary.rows for path, summary in result.done.items()} == {"a.csv": 25, "b.parquet": 25}
    assert (result.failed, result.elsewhere, loads) == ({}, [], [model])
    assert len(engine.texts) == 50
    labels = [pd.read_csv(outputs[inputs[0]])["label"].tolist(), pd.read_parquet(outputs[inputs[1]])["label"].tolist()]
    assert labels[0] == labels[1]
    assert predict_files(outputs, requests(model), ignore_event, load).done == result.done
    assert len(engine.texts) == 50


def test_a_file_that_cannot_be_predicted_stops_no_other(inputs: list[Path], tmp_path: Path) -> None:
    bad = [tmp_path / "in" / name for name in ("empty.csv", "other.csv", "missing.csv")]
    bad[0].write_text("")
    bad[1].write_text("body\na\n")
    outputs = output_paths([*bad, *inputs], tmp_path / "out")
    model = make_model(tmp_path / "model")
    result = predict_files(outputs, requests(model), ignore_event, loader(MadeEngine()))
    assert list(result.done) == inputs
    assert [error.message for error in result.failed.values()] == [
        "empty.csv is empty.",
        "other.csv has no column 'text'.",
        f"There is no file {str(bad[2])!r}.",
    ]


def test_files_that_others_compute_are_reported(inputs: list[Path], tmp_path: Path) -> None:
    outputs = output_paths(inputs, tmp_path / "out")
    model = make_model(tmp_path / "model")

    others: list[FolderResult] = []

    def start_another() -> None:
        """Another process comes by while this one computes the first shard; it computes all the others."""
        if not others:
            others.append(predict_files(outputs, requests(model), ignore_event, loader(MadeEngine())))

    engine = MadeEngine(before=start_another)
    result = predict_files(outputs, requests(model), ignore_event, loader(engine))
    assert list(result.done) == inputs
    assert len(engine.texts) == 10
    assert others[0].elsewhere == [inputs[0]]
    assert list(others[0].done) == [inputs[1]]
