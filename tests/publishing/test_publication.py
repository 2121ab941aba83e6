"""Publications: links, their texts, and what happens when a file of theirs is missing or damaged."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from core.errors import ConfigError, RunError, StorageError
from core.publishing.publication import (
    PublicTexts,
    find_publication,
    index_folder,
    join_examples,
    open_link,
    publication_folder,
    publish,
    split_examples,
    unpublish,
)
from core.runs import Run
from core.workspace import delete

TEXTS = PublicTexts("Colors & <b>fruit</b>", "What it is.\nTwo lines.", "Not for medicine.", ("a plum", "the sky"))


def assert_not_published(home: Path, identifier: str) -> None:
    with pytest.raises(RunError, match="no longer published"):
        open_link(home, identifier)


def test_a_link_leads_to_the_run_and_its_texts(run: Run, tmp_path: Path) -> None:
    publication = publish(run, TEXTS)
    assert open_link(tmp_path, publication.id) == (run, publication)
    assert publication.texts == TEXTS
    assert len(publication.id) == 22


def test_texts_change_under_the_same_link(run: Run, tmp_path: Path) -> None:
    first = publish(run, TEXTS)
    changed = publish(run, PublicTexts("Another title"))
    assert (changed.id, changed.created) == (first.id, first.created)
    assert open_link(tmp_path, first.id)[1].texts == PublicTexts("Another title")


def test_each_publication_has_another_link(run: Run, tmp_path: Path) -> None:
    first = publish(run, TEXTS)
    unpublish(run)
    assert find_publication(run) is None
    assert_not_published(tmp_path, first.id)
    assert publish(run, TEXTS).id != first.id
    assert_not_published(tmp_path, first.id)


def test_unpublishing_leaves_no_file(run: Run, tmp_path: Path) -> None:
    before = set(run.folder.rglob("*"))
    publish(run, TEXTS)
    unpublish(run)
    unpublish(run)
    assert set(run.folder.rglob("*")) == before
    assert list(index_folder(tmp_path).iterdir()) == []


def test_deleting_the_run_ends_the_link(run: Run, tmp_path: Path) -> None:
    publication = publish(run, TEXTS)
    delete(run.folder)
    assert_not_published(tmp_path, publication.id)


def test_a_copied_record_does_not_take_over_the_link(run: Run, tmp_path: Path) -> None:
    publication = publish(run, TEXTS)
    thief = tmp_path / "workspaces" / "thief" / "runs" / run.id
    copytree(run.folder, thief)
    assert open_link(tmp_path, publication.id)[0].folder == run.folder


@pytest.mark.parametrize("identifier", ["", "..", "../../secret", "a" * 21, "a" * 22, "é" * 22, "%00", "a" * 5_000])
def test_wrong_links_are_refused(run: Run, tmp_path: Path, identifier: str) -> None:
    publish(run, TEXTS)
    assert_not_published(tmp_path, identifier)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format_version": 99}', b'{"format_version": 2, "id": 3}'])
@pytest.mark.parametrize("damaged", ["publication", "index", "run"])
def test_damage_is_told_without_naming_the_owners_files(run: Run, tmp_path: Path, damaged: str, content: bytes) -> None:
    publication = publish(run, TEXTS)
    paths = {
        "publication": publication_folder(run) / "publication.json",
        "index": index_folder(tmp_path) / f"{publication.id}.json",
        "run": run.folder / "run.json",
    }
    paths[damaged].write_bytes(content)
    with pytest.raises(StorageError, match="its record is damaged") as caught:
        open_link(tmp_path, publication.id)
    assert run.id not in str(caught.value)


@pytest.mark.parametrize("workspace", ["../workspaces/owner", "/", "nobody"])
def test_an_index_entry_cannot_lead_elsewhere(run: Run, tmp_path: Path, workspace: str) -> None:
    publication = publish(run, TEXTS)
    path = index_folder(tmp_path) / f"{publication.id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"workspace": workspace}))
    assert_not_published(tmp_path, publication.id)


def test_a_damaged_publication_can_be_removed(run: Run) -> None:
    publish(run, TEXTS)
    (publication_folder(run) / "publication.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        publish(run, TEXTS)
    unpublish(run)
    assert find_publication(run) is None


def test_an_unfinished_run_is_not_published(run: Run) -> None:
    (run.folder / "evaluation" / "result.json").unlink()
    with pytest.raises(RunError, match="no model yet"):
        publish(run, TEXTS)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"title": " "}, "needs a title"),
        ({"title": "x" * 81}, "up to 80 characters, found 81"),
        ({"title": "x", "limits": "x" * 2_001}, "about limits can have up to 2,000"),
        ({"title": "x", "examples": ("a",) * 6}, "up to 5 examples, found 6"),
        ({"title": "x", "examples": ("a" * 1_001,)}, "example can have up to 1,000"),
    ],
)
def test_texts_that_are_missing_or_too_long_are_refused(texts: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PublicTexts(**texts)  # type: ignore[arg-type]


def test_examples_are_one_a_line() -> None:
    assert split_examples(" a plum \n\n the sky\r\n") == ("a plum", "the sky")
    assert split_examples(join_examples(TEXTS.examples)) == TEXTS.examples
