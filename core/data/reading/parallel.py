"""Texts and labels in parallel files: line 7 of one file is the text, line 7 of another one its label."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data.labels import parse_label_names
from core.data.reading.encodings import decode_texts
from core.data.split_column import split_in_name
from core.data.table import SPLIT_COLUMN, ReadOptions, Table, frame_from_strings
from core.errors import DataError
from core.formatting import pluralize

_SUFFIXES = {".txt", ".text", ".labels", ".label", ".lbl", ""}
_TEXT = re.compile(
    r"(?P<rest>.*?)[_. -]?(?:texts?|sentences?|inputs?|tweets?|reviews?)|x[_. -](?P<after>.+)", re.IGNORECASE
)
_LABEL = re.compile(r"(?P<rest>.*?)[_. -]?(?:labels?|targets?|classes|lbl)|y[_. -](?P<after>.+)", re.IGNORECASE)
_OTHER = re.compile(r"mapping|classes|label_?names|readme.*|license.*", re.IGNORECASE)
_NAMES = re.compile(r"mapping|classes|label_?names", re.IGNORECASE)


@dataclass(frozen=True)
class ParallelFiles:
    """The name of a file of texts and of the file of their labels, and their split (empty if the names say none)."""

    text: str
    label: str
    split: str


def find_parallel_files(names: Iterable[str]) -> list[ParallelFiles]:
    """The pairs among files with these names; empty if not every file belongs to a pair.

    Raises:
        DataError: there are pairs, but one file has no partner, or several pairs do not say their split.
    """
    texts, labels, others = {}, {}, []
    for name in names:
        stem = _stem(name)
        if stem is None or _OTHER.fullmatch(PurePosixPath(name).stem):
            others += [] if stem is not None or _OTHER.fullmatch(PurePosixPath(name).stem) else [name]
        elif match := _LABEL.fullmatch(stem):
            labels[(match["rest"] or match["after"] or "").lower()] = name
        elif match := _TEXT.fullmatch(stem):
            texts[(match["rest"] or match["after"] or "").lower()] = name
        else:
            others.append(name)
    if not (texts.keys() & labels.keys()) or others:
        return []
    for key in texts.keys() ^ labels.keys():
        name, missing = (texts[key], "labels") if key in texts else (labels[key], "texts")
        raise DataError(
            f"{name} has no file with its {missing}.", "Upload both files, with one text or label in each line."
        )
    pairs = [ParallelFiles(texts[key], labels[key], split_in_name(texts[key]) or "") for key in texts]
    if len(pairs) > 1 and not all(pair.split for pair in pairs):
        unnamed = next(pair.text for pair in pairs if not pair.split)
        raise DataError(
            f"The name of {unnamed} does not say which split the file contains.",
            "Name the files like train_text.txt and train_labels.txt, or choose only one pair.",
        )
    return pairs


def read_parallel_files(files: Mapping[str, bytes], pairs: list[ParallelFiles], options: ReadOptions) -> Table:
    """The table with the texts, the labels and the splits of parallel files. A file of label names replaces the ids by names.

    Raises:
        DataError: a file of texts has another number of lines than its file of labels.
    """
    names = list(dict.fromkeys([*(pair.text for pair in pairs), *(pair.label for pair in pairs)]))
    mapping = [name for name in files if _NAMES.fullmatch(PurePosixPath(name).stem)]
    contents, encoding = decode_texts([files[name] for name in [*names, *mapping]], names[0], options.encoding)
    lines = {name: _lines(content) for name, content in zip([*names, *mapping], contents, strict=True)}
    label_names = dict(parse_label_names("\n".join(lines[mapping[0]]))) if mapping else {}
    columns: dict[str, list[str]] = {"text": [], "label": [], SPLIT_COLUMN: []}
    for pair in pairs:
        texts, labels = lines[pair.text], lines[pair.label]
        if len(texts) != len(labels):
            raise DataError(
                f"{pair.text} has {pluralize(len(texts), 'line')}, but {pair.label} has {pluralize(len(labels), 'line')}.",
                "Each line of one file must belong to the same line of the other.",
            )
        columns["text"] += texts
        columns["label"] += [label_names.get(label.strip(), label.strip()) for label in labels]
        columns[SPLIT_COLUMN] += [pair.split] * len(texts)
    if not all(columns[SPLIT_COLUMN]):
        del columns[SPLIT_COLUMN]
    frame = frame_from_strings(list(columns.values()), list(columns))
    return Table(frame, " and ".join(names[:2]), encoding=encoding, format="Parallel files")


def _stem(name: str) -> str | None:
    """The file's name without its ending; None for files with another ending than those of lists."""
    path = PurePosixPath(name)
    if path.suffix.lower() not in _SUFFIXES:
        return None
    return path.name if path.suffix.lower() in (".labels", ".label", ".lbl", ".text") else path.stem


def _lines(content: str) -> list[str]:
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines
