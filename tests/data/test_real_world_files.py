"""Files as people and tools write them are read correctly or refused, from the bytes to the labels."""

import json
from collections import Counter

import pytest

from core.data.columns import apply_columns, label_counts
from core.data.guessing import resolve_columns
from core.data.reading.files import read_bytes
from core.data.table import Table
from core.errors import DataError
from tests.data.reading.cases import zip_bytes

TEXTS = [f"number {i} came late, and it was {'good' if i % 2 else 'bad'}" for i in range(40)]
LABELS = ["pos" if i % 2 else "neg" for i in range(40)]
PAIRS = list(zip(TEXTS, LABELS, strict=True))
OBJECTS = [{"text": text, "label": label} for text, label in PAIRS]


def lines(*rows: str, end: str = "\n") -> bytes:
    return end.join(rows).encode()


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


FILES = {
    "fasttext.txt": lines(*(f"__label__{label} {text}" for text, label in PAIRS)),
    "old_mac.csv": lines("text,label", *(f'"{text}",{label}' for text, label in PAIRS), end="\r"),
    "backslashes.csv": lines("text,label", *(f'"\\"{text}\\"",{label}' for text, label in PAIRS)),
    "tabs_and_commas.tsv": lines(*(f"gj04\t{label}\t{'*' if label == 'neg' else ''}\t{text}" for text, label in PAIRS)),
    "comments.csv": lines("# made by a tool, version 2", "# 2024", "text,label", *(f'"{t}",{x}' for t, x in PAIRS)),
    "title.csv": lines("Answers of May,", "text,label", *(f'"{text}",{label}' for text, label in PAIRS)),
    "empty_column.csv": lines("text,label,", *(f'"{text}",{label},' for text, label in PAIRS)),
    "by_label.json": as_json({name: [t for t, label in PAIRS if label == name] for name in ("pos", "neg")}),
    "columns.json": as_json({"text": TEXTS, "label": LABELS}),
    "pandas.json": as_json({"text": dict(enumerate(TEXTS)), "label": dict(enumerate(LABELS))}),
    "wrapped.json": as_json({"version": "1", "data": OBJECTS}),
    "nested.jsonl": b"\n".join(as_json({"review": {"body": t, "lang": "en"}, "label": x}) for t, x in PAIRS),
    "doccano.jsonl": b"\n".join(as_json({"id": i, "text": t, "label": [x]}) for i, (t, x) in enumerate(PAIRS)),
    "label_studio.json": as_json(
        [{"id": 1, "data": {"text": t}, "annotations": [{"result": [{"value": {"choices": [x]}}]}]} for t, x in PAIRS]
    ),
    "intents.json": as_json(
        {"intents": [{"tag": n, "patterns": [t for t, x in PAIRS if x == n], "responses": []} for n in ("pos", "neg")]}
    ),
}


def counts(table: Table) -> Counter[str]:
    return label_counts(apply_columns(table, resolve_columns(table)).frame["label"])


@pytest.mark.parametrize("name", FILES)
def test_texts_and_labels_are_read(name: str) -> None:
    table = read_bytes(FILES[name], name)
    labeled = apply_columns(table, resolve_columns(table))
    assert sorted(text.strip('"') for text in labeled.frame["text"]) == sorted(TEXTS)
    assert counts(table) == {"pos": 20, "neg": 20}
    assert labeled.task.kind == "binary"


def test_lines_above_a_table_are_set_aside() -> None:
    assert [row.reason for row in read_bytes(FILES["comments.csv"], "x.csv").unreadable] == ["above the table"] * 2


@pytest.mark.parametrize(
    "data",
    [
        lines("text", *(f'"{text}"' for text in TEXTS)),  # one quoted column with commas in it
        lines(*TEXTS),  # prose
        lines(*(f"DESC:manner {text}" for text in TEXTS)),
        b"<html><body><p>no table</p></body></html>",
    ],
)
def test_prose_is_not_a_table(data: bytes) -> None:
    with pytest.raises(DataError, match="only one column"):
        read_bytes(data, "x.csv")


def test_split_names_in_json_keys_may_have_a_prefix() -> None:
    document = {"val": PAIRS[:4], "train": PAIRS[4:30], "oos_test": [["who knows", "oos"]], "test": PAIRS[30:]}
    table = read_bytes(as_json(document), "x.json")
    labeled = apply_columns(table, resolve_columns(table))
    assert labeled.frame["file_split"].value_counts().to_dict() == {"train": 26, "test": 11, "validation": 4}


def test_a_rating_with_decimal_commas_is_a_number() -> None:
    rows = [f'"{text}";{1 + i % 9 // 2},{5 * (i % 2)}' for i, text in enumerate(TEXTS)]
    table = read_bytes(lines("review;stars", *rows), "x.csv")
    assert resolve_columns(table).kind == "regression"
    assert apply_columns(table, resolve_columns(table)).frame["label"].iloc[1] == 1.5


def test_class_folders_next_to_a_readme() -> None:
    folders = [f"imdb/{split}/{label}" for split in ("train", "test") for label in ("pos", "neg")]
    files = {f"{folder}/{i}.txt": f"film {i}".encode() for folder in folders for i in range(5)}
    files |= {"imdb/README": b"hello", "imdb/train/unsup/0.txt": b"unknown"}
    table = read_bytes(zip_bytes(files), "x.zip")
    labeled = apply_columns(table, resolve_columns(table))
    assert counts(table) == {"pos": 10, "neg": 10}
    assert labeled.frame["file_split"].value_counts().to_dict() == {"train": 10, "test": 10}
    assert len(labeled.unlabeled) == 1
    assert [row.reason for row in table.unreadable] == ["not in a class folder"]


def test_the_test_file_of_a_competition_has_rows_to_predict() -> None:
    train = lines("id,text,label", *(f'{i},"{t}",{x}' for i, (t, x) in enumerate(PAIRS)))
    test = lines("id,text", *(f'{i},"{t}"' for i, t in enumerate(TEXTS[:7])))
    files = {"train.csv": train, "test.csv": test, "sample_submission.csv": b"id,label\n1,pos\n"}
    table = read_bytes(zip_bytes(files), "x.zip")
    labeled = apply_columns(table, resolve_columns(table))
    assert (len(labeled), len(labeled.unlabeled)) == (40, 7)
