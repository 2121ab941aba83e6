"""Datasets from the hub, loaded with the real library from a local server that imitates the hub."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.data.reading.hub import load_hub_dataset
from core.errors import DataError
from tests.hub_server import Hub, serve

TRAIN = b"text,label\nthe parcel never came,shipping\nI was charged twice,billing\n"
TEST = b"text,label\nwhere is my parcel,shipping\n"
REPOSITORIES = {
    "datasets/someone/tickets": {"train.csv": TRAIN, "test.csv": TEST},
    "datasets/someone/secret": {"train.csv": TRAIN},
}
# The libraries read their environment when they are imported, so each call runs in its own process.
LOAD = """
import json, sys
from core.data.reading.hub import load_hub_dataset
from core.errors import StudioError
try:
    table = load_hub_dataset(*sys.argv[1:])
    print(json.dumps({"rows": table.frame.to_dict("records")}))
except StudioError as error:
    print(json.dumps({"error": error.message, "hint": error.hint}))
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve(Hub(REPOSITORIES, gated={"datasets/someone/secret"})) as running:
        yield running


def load(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-c", LOAD, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    return result


def test_all_splits_are_loaded_with_their_names(hub: Hub, tmp_path: Path) -> None:
    rows = load(hub.environment(tmp_path), "someone/tickets")["rows"]
    assert [(row["text"], row["label"], row["split"]) for row in rows] == [
        ("the parcel never came", "shipping", "train"),
        ("I was charged twice", "billing", "train"),
        ("where is my parcel", "shipping", "test"),
    ]


def test_a_part_of_a_split_is_loaded(hub: Hub, tmp_path: Path) -> None:
    rows = load(hub.environment(tmp_path), "someone/tickets", "", "train[:1]")["rows"]
    assert rows == [{"text": "the parcel never came", "label": "shipping"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("someone/nothing",), "has no dataset someone/nothing"),
        (("someone/secret",), "private or gated"),
        (("someone/tickets", "", "winter"), "winter"),
        (("someone/tickets", "german"), "german"),
    ],
)
def test_what_cannot_be_loaded_gets_a_message_and_a_hint(
    hub: Hub, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = load(hub.environment(tmp_path), *arguments)
    assert message in result["error"]
    assert result["hint"]


def test_an_unreachable_hub_gets_a_message(tmp_path: Path) -> None:
    result = load(Hub({}, address="http://127.0.0.1:9").environment(tmp_path), "someone/tickets")
    assert "could not be reached" in result["error"]


@pytest.mark.parametrize("name", ["csv", "../secrets", "/etc/passwd", "core/data", "a/b/c", ""])
def test_local_paths_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="Expected a dataset as owner/name"):
        load_hub_dataset(name)
