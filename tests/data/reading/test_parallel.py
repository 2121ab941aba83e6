"""Parallel files of texts and labels are understood, or refused for what is wrong with them."""

from collections.abc import Mapping

import pytest

from core.data.reading.files import read_bytes, read_files
from core.errors import DataError
from tests.data.reading.cases import zip_bytes

TEXTS = [f'so "good, and number {i} was späte\tHilfe' for i in range(9)]
LABELS = [str(i % 3) for i in range(9)]
TEXT, LABEL = "\n".join(TEXTS).encode(), "\n".join(LABELS).encode()
SETS: dict[str, dict[str, bytes]] = {
    "four files": {"train_text.txt": TEXT, "train_labels.txt": LABEL, "test_text.txt": TEXT, "test_labels.txt": LABEL},
    "six files": {f"{split}_{kind}.txt": data for split in ("train", "val", "test")
                  for kind, data in (("text", TEXT), ("labels", LABEL))},
    "one pair": {"texts.txt": TEXT + b"\n", "labels.txt": LABEL},
    "x and y": {"X_train.txt": TEXT, "y_train.txt": LABEL, "X_test.txt": TEXT, "y_test.txt": LABEL},
    "endings": {"train.text": TEXT, "train.labels": LABEL, "test.text": TEXT, "test.labels": LABEL},
    "windows": {"sentences.txt": TEXT.decode().replace("\n", "\r\n").encode("cp1252"), "labels.txt": LABEL},
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True], ids=["files", "zip"])
@pytest.mark.parametrize("kind", SETS)
def test_lines_belong_together(kind: str, packed: bool) -> None:
    files = SETS[kind]
    table = read_bytes(zip_bytes({f"set/{n}": d for n, d in files.items()}), "x.zip") if packed else read_files(files)
    copies = len(files) // 2
    assert table.frame["text"].tolist() == TEXTS * copies
    assert table.frame["label"].tolist() == LABELS * copies
    assert ("split" in table.frame) == (copies > 1)


def test_a_mapping_gives_names() -> None:
    table = read_files({**SETS["four files"], "mapping.txt": b"0\tanger\n1\tjoy\n2\tfear\n"})
    assert table.frame["label"].tolist()[:3] == ["anger", "joy", "fear"]


BAD: dict[str, tuple[Mapping[str, bytes], str]] = {
    "lines": ({"train_text.txt": TEXT, "train_labels.txt": LABEL[:-2]}, "has 9 lines, but train_labels.txt has 8 lines"),
    "no labels": ({**SETS["four files"], "val_text.txt": TEXT}, "val_text.txt has no file with its labels"),
    "no texts": ({**SETS["four files"], "val_labels.txt": LABEL}, "val_labels.txt has no file with its texts"),
    "no split": (
        {"a_text.txt": TEXT, "a_labels.txt": LABEL, "b_text.txt": TEXT, "b_labels.txt": LABEL}, "does not say which split"
    ),
    "only texts": ({"a_text.txt": TEXT, "b_text.txt": TEXT}, "does not say which split"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_named(kind: str) -> None:
    files, message = BAD[kind]
    with pytest.raises(DataError, match=message):
        read_files(files)


FOLDERS = {
    "cp1252": "schön und größer als über Nacht",
    "cp1251": "посылка пришла слишком поздно и я недоволен этим",
    "utf-16": "schön und größer",
    "utf-8-sig": "schön und größer",
    "cp932": "荷物がとても遅く届きましたので困っています",
    "latin-1": "où est passée la commande que nous avons faite lundi dernier",
}


@pytest.mark.parametrize("encoding", FOLDERS)
def test_class_folders_are_decoded_like_any_file(encoding: str) -> None:
    texts = [f"{FOLDERS[encoding]} {i}" for i in range(12)]
    files = {f"{'ab'[i % 2]}/{i:02}.txt": text.encode(encoding) for i, text in enumerate(texts)}
    files["a/99.txt"] = "Grüße auf UTF-8".encode()
    table = read_bytes(zip_bytes(files), "x.zip")
    assert sorted(table.frame["text"]) == sorted([*texts, "Grüße auf UTF-8"])
