"""Findings about columns and tasks that were guessed with a low confidence; each leads to the control that changes the guess."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from core.data.checks.findings import Finding
from core.data.columns import ColumnChoice
from core.data.dates import DateOrder, guess_date_order
from core.data.guessing import is_identifier, label_candidates, label_score, resolve_columns, sample_columns, text_score
from core.data.split_column import is_flag_name
from core.data.table import Table
from core.data.task_guess import DOUBTFUL, guess_task
from core.task import TITLES

# Another column that scores this share of the guessed one could be meant as well.
_MAX_RIVAL_SHARE = 0.85
_MIN_WORDS = 2


def check_guesses(table: Table, choice: ColumnChoice) -> Iterator[Finding]:
    """Findings about the chosen columns where the cells speak for another choice as well.

    A choice that differs from the guess was made by a person: it has no finding.
    """
    yield from _check_task(table, choice)
    yield from _check_label(table, choice)
    yield from _check_text(table, choice)
    yield from _check_dates(table, choice)
    if choice.split and is_flag_name(choice.split):
        yield Finding(
            "guessed_split",
            "note",
            f"The column “{choice.split}” is read as a flag that assigns each row to train or test.",
            control="Split column",
            choice=replace(choice, split=None),
        )


def _check_dates(table: Table, choice: ColumnChoice) -> Iterator[Finding]:
    """A finding about dates that can be read in two ways."""
    if not choice.time or choice.date_order:
        return
    reading = guess_date_order(table.frame[choice.time])
    if reading and not reading.is_sure:
        other: DateOrder = "month first" if reading.order == "day first" else "day first"
        yield Finding(
            "guessed_dates",
            "warning",
            f"The dates in “{choice.time}” can be read in two ways; now with the {reading.order}: {reading.describe()}.",
            control="Date order",
            choice=replace(choice, date_order=other),
        )


def _check_task(table: Table, choice: ColumnChoice) -> Iterator[Finding]:
    if choice.label_columns:
        if not _holds_only_flags(table, choice):
            yield Finding(
                "guessed_task",
                "note",
                f"{len(choice.label_columns)} columns with numbers from 0 to 1 are read as labels: a text has a label where the "
                f"number is at least {choice.threshold:g}.",
                control="Label threshold",
            )
        return
    guess = guess_task(table.frame[choice.label], choice.label)
    if guess.confidence > DOUBTFUL or guess.kind != choice.kind or not guess.reason:
        return
    if guess.other is None:
        yield Finding("guessed_label", "warning", f"“{choice.label}”: {guess.reason}.", control="Label column")
        return
    yield Finding(
        "guessed_task",
        "note",
        f"“{choice.label}”: {guess.reason}. It is read as {TITLES[guess.kind].lower()}.",
        control="Task",
        choice=replace(choice, kind=guess.other, form="plain", names=()),
    )


def _holds_only_flags(table: Table, choice: ColumnChoice) -> bool:
    flags = {"0", "1", "0.0", "1.0", "true", "false", "yes", "no", ""}
    return all(set(table.frame[name].str.strip().str.lower().unique()) <= flags for name in choice.label_columns)


def _check_label(table: Table, choice: ColumnChoice) -> Iterator[Finding]:
    columns = sample_columns(table)
    if choice.label_columns:
        return
    if is_identifier(choice.label, columns[choice.label]):
        message = (
            f"The column “{choice.label}” numbers the rows; it is hardly a label. Choose the column with the labels."
        )
        yield Finding("guessed_label", "warning", message, control="Label column")
        return
    candidates = label_candidates(columns, choice.text, choice.split)
    scores = {name: label_score(name, cells) for name, cells in candidates.items()}
    rivals = [name for name in scores if name != choice.label and name not in (choice.group, choice.time)]
    if choice.label not in scores or not rivals:
        return
    rival = max(rivals, key=scores.__getitem__)
    if _MAX_RIVAL_SHARE * scores[choice.label] <= scores[rival] <= scores[choice.label] and not _same_labels(
        columns, choice.label, rival
    ):
        yield Finding(
            "guessed_label",
            "note",
            f"The labels are read from the column “{choice.label}”; “{rival}” could hold them as well.",
            control="Label column",
            choice=resolve_columns(table, choice.text, rival),
        )


def _same_labels(columns: Mapping[str, pd.Series], label: str, rival: str) -> bool:
    """Whether two columns name the same classes, such as ids and their names."""
    pairs = set(zip(columns[label], columns[rival], strict=True))
    return len(pairs) == columns[label].nunique() == columns[rival].nunique()


def _check_text(table: Table, choice: ColumnChoice) -> Iterator[Finding]:
    columns = sample_columns(table)
    cells = columns[choice.text]
    if float(cells.str.count(" ").mean()) < _MIN_WORDS - 1 and float(cells.str.isascii().mean()) > 0.5:
        yield Finding(
            "guessed_text",
            "warning",
            f"The texts in the column “{choice.text}” mostly have a single word. Check that it is the column with the texts.",
            control="Text column",
        )
        return
    scores = {name: text_score(name, column) for name, column in columns.items() if name not in choice.used_columns[1:]}
    rivals = [name for name in scores if name != choice.text]
    if not rivals:
        return
    rival = max(rivals, key=scores.__getitem__)
    if _MAX_RIVAL_SHARE * scores[choice.text] <= scores[rival] <= scores[choice.text]:
        yield Finding(
            "guessed_text",
            "note",
            f"The texts are read from the column “{choice.text}”; “{rival}” has texts as well.",
            control="Text column",
            choice=resolve_columns(table, rival, choice.label),
        )
