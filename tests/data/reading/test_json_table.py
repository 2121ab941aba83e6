"""JSON and JSON Lines files."""

import json

from core.data.reading.files import read_bytes


def test_json_with_one_list_per_split() -> None:
    document = {"train": [["some text", "a"], ["other", "b"]], "val": [["more", "a"]], "test": [["last", "b"]]}
    table = read_bytes(json.dumps(document).encode(), "x.json")
    assert table.frame.to_numpy().tolist() == [
        ["some text", "a", "train"],
        ["other", "b", "train"],
        ["more", "a", "validation"],
        ["last", "b", "test"],
    ]


def test_json_values_become_cell_text() -> None:
    rows = [{"text": "a", "label": 1}, {"text": None, "label": 2.5}, {"text": True, "label": ["p", "q"]}]
    table = read_bytes(json.dumps(rows).encode(), "x.json")
    assert table.frame.to_numpy().tolist() == [["a", "1"], ["", "2.5"], ["true", '["p", "q"]']]


def test_invalid_json_lines_are_set_aside() -> None:
    table = read_bytes(b'{"text": "a", "label": "x"}\n{"text": \n{"text": "b", "label": "y"}\n', "x.jsonl")
    assert table.frame["text"].tolist() == ["a", "b"]
    assert [row.line for row in table.unreadable] == [2]
