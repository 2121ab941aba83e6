"""What is wrong with labelled texts: each finding says what it means, which rows, and the repair where one is right."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ftfy.badness
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from core.data import duplicates, personal
from core.data.columns import ColumnChoice, LabelledTexts, label_counts
from core.data.repairs import TAG, URL, Repair, conflicting, leaking
from core.data.table import Table, codes, where
from core.data.tokens import Tokens

Severity = Literal["blocks", "warning", "note"]
Rows = npt.NDArray[np.int64]

SAMPLED_ROWS = 100_000
_SMALLEST_CLASS = 3
_IMBALANCE = 10
_MAJORITY = 0.8
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,5});")
_GIVEAWAY_ROWS = 20_000
_GIVEAWAY_CLASS = 20
_GIVEAWAY_WITHIN, _GIVEAWAY_OUTSIDE = 0.95, 0.01
_NOTABLE_CUT = 0.05  # share of the texts of a class from which it is worth naming
_UNKNOWN_SHARE, _PIECES_A_WORD = 0.05, 2.5
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Finding:
    """One thing a check found. ``rows`` are positions in the table, from 0."""

    check: str
    severity: Severity
    message: str
    rows: Rows = field(default_factory=lambda: _NO_ROWS)
    repair: Repair | None = None

    def to_json(self) -> dict[str, Any]:
        """As ``core check`` prints it; rows are counted from 1 there."""
        repair = self.repair.to_json() if self.repair else None
        rows = [int(row) + 1 for row in self.rows]
        return {"check": self.check, "severity": self.severity, "rows": rows, "message": self.message, "repair": repair}


def check(table: Table, choice: ColumnChoice, labelled: LabelledTexts) -> list[Finding]:
    """All checks that need no encoder, the gravest first."""
    findings = [
        *_reading(table, labelled),
        *_labels(labelled),
        *_repetition(labelled),
        *_giveaways(table, choice, labelled),
        *_contents(labelled),
    ]
    return by_gravity(findings)


def by_gravity(findings: Sequence[Finding]) -> list[Finding]:
    """The gravest first; otherwise in their order."""
    return sorted(findings, key=lambda finding: ("blocks", "warning", "note").index(finding.severity))


def check_tokens(labelled: LabelledTexts, tokens: Tokens, max_length: int) -> Iterator[Finding]:
    """What will be cut at ``max_length`` word pieces, and whether the encoder knows the language."""
    frame = labelled.frame
    cut = tokens.pieces > max_length
    if cut.any():
        lost = float((tokens.pieces[cut] - max_length).sum() / tokens.pieces.sum())
        worst = ""
        if labelled.task.one_label:
            shares = pd.Series(cut).groupby(frame["label"].to_numpy()).mean().sort_values(ascending=False)
            if shares.iloc[0] >= _NOTABLE_CUT:
                worst = f" Most in {shares.index[0]}: {shares.iloc[0]:.0%} of its texts."
        share = f"{lost:.1%}" if lost >= 0.001 else "less than 0.1%"
        message = (
            f"Cut at {max_length} word pieces: {_texts(int(cut.sum()))}, and {share} of all pieces are lost.{worst}"
        )
        yield Finding("truncation", "warning" if lost > 0.05 else "note", message, frame["row"].to_numpy()[cut])
    unknown = tokens.unknown.sum() / max(1, tokens.pieces.sum())
    pieces = (tokens.pieces - 2).sum() / max(1, tokens.words.sum())
    if unknown > _UNKNOWN_SHARE or pieces > _PIECES_A_WORD:
        yield Finding(
            "language",
            "warning",
            f"{tokens.encoder} knows this language badly: {unknown:.0%} unknown pieces, {pieces:.1f} pieces a word. "
            "Choose an encoder made for it, such as a multilingual one.",
            frame["row"].to_numpy()[tokens.unknown > _UNKNOWN_SHARE * tokens.pieces],
        )


def _texts(count: int) -> str:
    return f"{count:,} text{'' if count == 1 else 's'}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _reading(table: Table, labelled: LabelledTexts) -> Iterator[Finding]:
    if table.unreadable:
        yield Finding(
            "unreadable_rows",
            "warning",
            f"Could not be read, and left out: {_rows(len(table.unreadable))}.",
        )
    if labelled.skipped:
        yield Finding("missing_texts", "note", f"Without a text, and left out: {_rows(labelled.skipped)}.")
    if len(labelled.unlabelled):
        yield Finding(
            "unlabelled",
            "note",
            f"Without a label, and set aside to be predicted: {_rows(len(labelled.unlabelled))}.",
            labelled.unlabelled["row"].to_numpy(),
        )


def _labels(labelled: LabelledTexts) -> Iterator[Finding]:
    if labelled.task.kind == "regression":
        return
    frame, counts = labelled.frame, label_counts(labelled.frame["label"])
    variants: dict[str, list[str]] = defaultdict(list)
    for name in labelled.task.labels:
        variants[plain_label(name)].append(name)
    mapping = {
        name: max(names, key=lambda name: (counts[name], name))
        for names in variants.values()
        for name in names
        if len(names) > 1
    }
    mapping = {name: target for name, target in mapping.items() if name != target}
    if mapping:
        listed = ", ".join(f"“{name}” and “{target}”" for name, target in list(mapping.items())[:3])
        yield Finding(
            "label_variants",
            "warning",
            f"Some labels differ only in case, blanks or the form of a letter: {listed}.",
            _rows_with(frame, set(mapping)),
            Repair("merge_labels", {"mapping": mapping}),
        )
    small = [name for name in labelled.task.labels if counts[name] < _SMALLEST_CLASS]
    if small:
        yield Finding(
            "small_classes",
            "warning",
            f"Fewer than {_SMALLEST_CLASS} rows, too few to split: {_listed(small)}.",
            _rows_with(frame, set(small)),
            Repair("drop_labels", {"labels": small}) if len(labelled.task.labels) - len(small) >= 2 else None,
        )
    sizes = sorted((counts[name] for name in labelled.task.labels), reverse=True)
    largest = sizes[0] / max(1, len(frame))
    if labelled.task.one_label and (largest > _MAJORITY or sizes[0] >= _IMBALANCE * max(1, sizes[-1])):
        yield Finding(
            "imbalance",
            "note",
            f"The largest class has {sizes[0]:,} rows ({largest:.0%}), the smallest {sizes[-1]:,}. Judge by F1 (macro): "
            f"always answering the largest class would be right {largest:.0%} of the time.",
        )


def plain_label(name: str) -> str:
    """A label without what people vary by mistake: case, blanks, Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())


def _rows_with(frame: pd.DataFrame, names: set[str]) -> Rows:
    if len(frame) and isinstance(frame["label"].iloc[0], list):
        held = np.asarray([bool(names & set(cell)) for cell in frame["label"]])
    else:
        held = frame["label"].isin(names).to_numpy(dtype=bool)
    return np.asarray(frame["row"].to_numpy()[held], dtype=np.int64)


def _repetition(labelled: LabelledTexts) -> Iterator[Finding]:
    frame = labelled.frame
    rows = frame["row"].to_numpy()
    conflicts = conflicting(frame)
    if conflicts.any():
        yield Finding(
            "conflicts",
            "warning",
            f"The same text with different labels: {_rows(int(conflicts.sum()))}.",
            rows[conflicts],
            Repair("drop_conflicts"),
        )
    text = codes(frame["text"])
    repeated = np.bincount(text)[text] > 1
    first = np.sort(np.unique(text, return_index=True)[1])
    if repeated.any():
        yield Finding(
            "duplicates",
            "note",
            f"Texts repeated word for word: {_rows(len(frame) - len(first))}. They stay in one split.",
            rows[repeated],
            Repair("drop_duplicates"),
        )
    sample, said = _sample(frame, among=first)
    pairs = duplicates.near_duplicate_pairs(sample["text"].tolist())
    if len(pairs):
        near = np.unique(pairs)
        yield Finding(
            "near_duplicates",
            "note",
            f"Nearly the same as another (word 3-shingles, Jaccard above {duplicates.NEAR:g}): {_texts(len(near))}{said}. "
            "They stay in one split.",
            sample["row"].to_numpy()[near],
            Repair("drop_near_duplicates"),
        )
    leaks = leaking(frame)
    if leaks.any():
        yield Finding(
            "leaks",
            "warning",
            f"In two of the file's own splits, the same or nearly: {_rows(int(leaks.sum()))}; "
            "the test would flatter the model.",
            rows[leaks],
            Repair("drop_leaks"),
        )


def _sample(frame: pd.DataFrame, size: int = SAMPLED_ROWS, among: Rows | None = None) -> tuple[pd.DataFrame, str]:
    """At most so many rows (of those at the positions ``among``), and the words to say that it is a sample."""
    positions = np.arange(len(frame)) if among is None else among
    if len(positions) == len(frame) <= size:
        return frame, ""
    said = ""
    if len(positions) > size:
        positions = np.random.default_rng(0).choice(positions, size, replace=False)
        said = f", among a sample of {size:,}"
    return where(frame, np.isin(np.arange(len(frame)), positions)), said


def _giveaways(table: Table, choice: ColumnChoice, labelled: LabelledTexts) -> Iterator[Finding]:
    if not labelled.task.one_label:
        return
    sample, said = _sample(labelled.frame, _GIVEAWAY_ROWS)
    sampled = np.isin(np.arange(len(table)), sample["row"])
    for column in table.frame.columns:
        if column in choice.used:
            continue
        cells = pd.Series(table.frame[column].array[sampled])
        distinct = cells.nunique()
        if not 2 <= distinct <= len(cells) / 3:
            continue
        if (sample["label"].groupby(cells).nunique() == 1).all():
            yield Finding(
                "giveaway",
                "note",
                f"The column “{column}” alone tells the label of every row{said}. The model does not read it; "
                "make sure its contents are not part of the texts.",
            )
    yield from _telling_words(sample, said)


def _telling_words(sample: pd.DataFrame, said: str) -> Iterator[Finding]:
    """A word that stands in nearly all texts of a class and in hardly any other: more often an artefact than meaning."""
    counts = sample["label"].value_counts()
    large = [
        name
        for name in counts.index
        if counts[name] >= _GIVEAWAY_CLASS and counts[name] <= len(sample) - _GIVEAWAY_CLASS
    ]
    if not large:
        return
    vectorizer = CountVectorizer(binary=True, min_df=_GIVEAWAY_CLASS // 2, token_pattern=r"\b\w\w+\b")
    try:
        words = vectorizer.fit_transform(sample["text"]).tocsc()
    except ValueError:  # no word is frequent enough
        return
    names = vectorizer.get_feature_names_out()
    total = np.asarray(words.sum(axis=0)).ravel()
    for name in large:
        member = (sample["label"] == name).to_numpy(dtype=bool)
        within = np.asarray(words[member].sum(axis=0)).ravel()
        outside = (total - within) / max(1, len(sample) - member.sum())
        telling = (within >= _GIVEAWAY_WITHIN * member.sum()) & (outside <= _GIVEAWAY_OUTSIDE)
        if telling.any():
            yield Finding(
                "giveaway",
                "warning",
                f"The word “{names[np.flatnonzero(telling)[0]]}” stands in nearly all texts of {name} and in hardly any other"
                f"{said}. If it was added by whoever labelled them, the model will learn nothing else.",
                sample["row"].to_numpy()[member],
            )


def _contents(labelled: LabelledTexts) -> Iterator[Finding]:
    sample, said = _sample(labelled.frame)
    texts, rows = sample["text"].tolist(), sample["row"].to_numpy()
    damaged = _where(ftfy.badness.is_bad(text) or "\ufffd" in text for text in texts)
    if len(damaged):
        yield Finding(
            "encoding_damage",
            "warning",
            f"Damaged characters, as when UTF-8 was read as something else: {_texts(len(damaged))}{said}.",
            rows[damaged],
            Repair("mend_encoding"),
        )
    marked = _where(_has_markup(text) for text in texts)
    if len(marked):
        yield Finding(
            "markup",
            "note",
            f"HTML tags, entities or web addresses: {_texts(len(marked))}{said}.",
            rows[marked],
            Repair("strip_markup"),
        )
    private = _where(bool(personal.find(text)) for text in texts)
    if len(private):
        yield Finding(
            "personal_data",
            "warning",
            f"What looks like e-mail addresses, phone, card or account numbers: {_texts(len(private))}{said}. "
            "Whoever gets the model or this data may see them.",
            rows[private],
            Repair("mask_personal"),
        )


def _has_markup(text: str) -> bool:
    angled = "<" in text and TAG.search(text)
    return bool(angled or ("&" in text and _ENTITY.search(text)) or URL.search(text))


def _where(held: Iterator[bool]) -> Rows:
    return np.flatnonzero(np.fromiter(held, dtype=bool))
