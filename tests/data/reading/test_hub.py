"""Datasets from the hub, loaded with the real library from a local server that imitates the hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.reading.hub import HubDataset, load_hub_dataset
from core.data.reading.sandbox import read_hub_dataset
from core.data.table import Table
from core.errors import DataError
from tests.hub_server import Hub, serve

TRAIN = b"text,label\nthe parcel never came,shipping\nI was charged twice,billing\n"
TEST = b"text,label\nwhere is my parcel,shipping\n"
REPOSITORIES = {
    "datasets/someone/tickets": {"train.csv": TRAIN, "test.csv": TEST},
    "datasets/someone/secret": {"train.csv": TRAIN},
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve(Hub(REPOSITORIES, gated={"datasets/someone/secret"})) as running:
        yield running


def load(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Table:
    """The table in a dataset, which a process with the environment of this one loads."""
    for name, value in hub.environment(cache).items():
        monkeypatch.setenv(name, value)
    return read_hub_dataset(HubDataset(*arguments))


def test_all_splits_are_loaded_with_their_names(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = load(hub, tmp_path, monkeypatch, "someone/tickets")
    assert table.frame.to_numpy().tolist() == [
        ["the parcel never came", "shipping", "train"],
        ["I was charged twice", "billing", "train"],
        ["where is my parcel", "shipping", "test"],
    ]
    assert table.format == "Hugging Face hub"


def test_a_part_of_a_split_is_loaded(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = load(hub, tmp_path, monkeypatch, "someone/tickets", "", "train[:1]")
    assert table.frame.to_dict("records") == [{"text": "the parcel never came", "label": "shipping"}]


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
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message) as raised:
        load(hub, tmp_path, monkeypatch, *arguments)
    assert raised.value.hint


def test_an_unreachable_hub_gets_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="could not be reached"):
        load(Hub({}, address="http://127.0.0.1:9"), tmp_path, monkeypatch, "someone/tickets")


@pytest.mark.parametrize("name", ["csv", "../secrets", "/etc/passwd", "core/data", "a/b/c", ""])
def test_local_paths_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="Expected a dataset as owner/name"):
        load_hub_dataset(HubDataset(name))
