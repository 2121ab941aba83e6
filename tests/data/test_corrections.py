"""Corrections are appended, survive damage, and make a table that Data can use."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from core.data.columns import apply_columns
from core.data.corrections import (
    Correction,
    append_correction,
    correction_columns,
    corrections_table,
    list_corrections,
)
from core.data.table import MAX_CELL_CHARACTERS
from core.errors import DataError, StudioError
from core.workspace import Workspace

TIME = "2026-11-24T10:00:00+00:00"
SKY = Correction("a blue sky", "apple", "sky", "multiclass", "run-1", "Fruit", TIME)
TAGS = Correction("red and cold", ["red"], ["red", "a|b, c"], "multilabel", "run-2", "Tags", TIME)
SCORE = Correction("so so", 7.25, 5.0, "regression", "", "Scores", TIME)


def test_corrections_are_read_as_they_were_appended(workspace: Workspace) -> None:
    assert list_corrections(workspace) == []
    hostile = replace(SKY, text="<script>alert(1)</script>\n![x](http://e.org/x.png) 😀 שלום\u2028\x85end")
    for correction in (SKY, TAGS, SCORE, hostile):
        append_correction(workspace, correction)
    assert list_corrections(workspace) == [SKY, TAGS, SCORE, hostile]
    assert workspace.corrections.read_bytes().count(b"\n") == 4
    if os.name == "posix":
        assert workspace.corrections.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\x00garbage",
        b"[1, 2]",
        b'{"format_version": 99, "text": "newer"}',
        b"[" * 100_000,
        json.dumps({"format_version": 2, "text": "no label"}).encode(),
        json.dumps({"format_version": 2} | vars(SKY) | {"correct": ["sky"]}).encode(),
        json.dumps({"format_version": 2} | vars(SKY) | {"text": " "}).encode(),
        json.dumps({"format_version": 2} | vars(SKY) | {"kind": "poem"}).encode(),
    ],
)
def test_a_damaged_line_is_skipped(line: bytes, workspace: Workspace) -> None:
    append_correction(workspace, SKY)
    with workspace.corrections.open("ab") as file:
        file.write(line + b"\n")
    append_correction(workspace, SCORE)
    assert list_corrections(workspace) == [SKY, SCORE]


def test_a_line_that_was_cut_off_does_not_damage_the_next(workspace: Workspace) -> None:
    append_correction(workspace, SKY)
    append_correction(workspace, TAGS)
    workspace.corrections.write_bytes(workspace.corrections.read_bytes()[:-20])
    append_correction(workspace, SCORE)
    assert list_corrections(workspace) == [SKY, SCORE]


def test_corrections_of_several_visitors_at_once_are_all_kept(workspace: Workspace) -> None:
    many = [replace(SKY, text=f"text {i} " + "x" * 5_000) for i in range(100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda correction: append_correction(workspace, correction), many))
    assert {item.text for item in list_corrections(workspace)} == {item.text for item in many}


def test_a_file_that_cannot_be_written_gets_an_error_message(workspace: Workspace) -> None:
    workspace.corrections.mkdir(parents=True)
    with pytest.raises(StudioError, match="could not be stored"):
        append_correction(workspace, SKY)
    assert list_corrections(workspace) == []


@pytest.mark.parametrize(
    "changes",
    [{"text": ""}, {"text": "x" * (MAX_CELL_CHARACTERS + 1)}, {"correct": 3.0}, {"kind": "regression"}],
)
def test_an_impossible_correction_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        replace(SKY, **changes)


@pytest.mark.parametrize(("correction", "label"), [(TAGS, ["a|b, c", "red"]), (SCORE, 5.0)])
def test_the_table_gives_the_correct_labels(correction: Correction, label: object) -> None:
    table = corrections_table([correction])
    labeled = apply_columns(table, correction_columns(correction.kind))
    assert labeled.frame["label"].tolist() == [label]
    assert table.frame["time"].tolist() == [TIME]


def test_the_last_correction_counts_and_replaces_the_row_of_the_dataset() -> None:
    rows = pd.DataFrame({"text": ["a blue sky", "an apple"], "label": ["apple", "apple"]})
    table = corrections_table([replace(SKY, correct="plum"), SKY], rows)
    labeled = apply_columns(table, correction_columns("multiclass"))
    assert dict(zip(labeled.frame["text"], labeled.frame["label"], strict=True)) == {
        "an apple": "apple",
        "a blue sky": "sky",
    }


def test_labels_of_a_dataset_keep_their_form() -> None:
    rows = pd.DataFrame({"text": ["both", "none"], "label": [["red", "cold"], []]})
    labeled = apply_columns(corrections_table([TAGS], rows), correction_columns("multilabel"))
    assert labeled.frame["label"].tolist() == [["a|b, c", "red"], ["cold", "red"], []]
