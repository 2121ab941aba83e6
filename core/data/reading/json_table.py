"""JSON, JSON Lines and fastText lines -> :class:`~core.data.table.Table`, in the shapes that people and tools write them."""

import json
import re
from collections.abc import Sequence
from typing import Any

from core.data.reading.dialects import names_a_column
from core.data.table import (
    SPLIT_COLUMN,
    SPLIT_FOLDERS,
    Table,
    UnreadableRow,
    as_cell,
    check_cell,
    check_width,
    column_names,
    frame_of,
)
from core.errors import DataError

_EXAMPLES = {"patterns", "examples", "utterances", "texts", "sentences", "questions"}
_FASTTEXT = re.compile(r"((?:__label__\S+\s+)+)(.*)", re.DOTALL)


def read_json(text: str, name: str) -> Table:
    """A JSON document: a list of objects or lists, an object of columns, or an object of splits that hold such lists.

    Raises:
        DataError: it is no valid JSON, or no table can be seen in it.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is not valid JSON: {error}.", "Mend it, or save the table as CSV.") from error
    if isinstance(document, dict):
        document = _unwrapped(document)
    if isinstance(document, list):
        return _from_items(document, name, "JSON")
    raise DataError(
        f"{name} holds JSON, but no table can be seen in it.",
        'Expected a list of objects such as [{"text": "…", "label": "…"}].',
    )


def read_json_lines(text: str, name: str) -> Table:
    """One JSON object or list a line; lines that are neither are set aside.

    Raises:
        DataError: no line could be read.
    """
    items: list[Any] = []
    unreadable: list[UnreadableRow] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            item = None
        if isinstance(item, dict | list):
            items.append(item)
        else:
            unreadable.append(UnreadableRow.of(number, "not a JSON object", line))
    if not items:
        raise DataError(
            f"{name} has no line that is a JSON object.", 'Expected lines such as {"text": "…", "label": "…"}.'
        )
    return _from_items(items, name, "JSON Lines", unreadable)


def read_fasttext(text: str, name: str) -> Table:
    """Lines such as ``__label__spam __label__urgent the text``; others are set aside.

    Raises:
        DataError: no line is such a one.
    """
    items: list[Any] = []
    unreadable = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _FASTTEXT.fullmatch(line.strip())
        if match:
            labels = [label.removeprefix("__label__") for label in match[1].split()]
            items.append({"text": match[2], "label": labels})
        elif line.strip():
            unreadable.append(UnreadableRow.of(number, "does not begin with __label__", line))
    return _from_items(items, name, "fastText", unreadable)


def _unwrapped(document: dict[str, Any]) -> Any:
    """The list of rows inside an object: splits, columns, texts by label, or the one list it holds."""
    values = list(document.values())
    splits = [_split_of(key) for key in document]
    if document and all(splits) and all(isinstance(value, list | dict) for value in values):
        parts = [_unwrapped(value) if isinstance(value, dict) else value for value in values]
        return [_with_split(item, split) for split, items in zip(splits, parts, strict=True) for item in items or ()]
    if len(values) >= 2 and all(isinstance(value, list) for value in values):
        return _from_lists(document)
    if len(values) >= 2 and all(isinstance(value, dict) for value in values):
        if len({tuple(value) for value in values}) == 1:  # {"text": {"0": …}, "label": {"0": …}}, as pandas writes it
            return [{key: document[key][row] for key in document} for row in values[0]]
        return None
    lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict | list)]
    return lists[0] if len(lists) == 1 else None


def _from_lists(document: dict[str, list[Any]]) -> Any:
    """Columns; or texts by label, where the keys name no columns and the lists are texts."""
    by_label = all(map(_are_texts, document.values())) and not any(map(names_a_column, document))
    if by_label:
        return [{"text": text, "label": label} for label, texts in document.items() for text in texts]
    if len({len(cells) for cells in document.values()}) == 1:
        return [dict(zip(document, cells, strict=True)) for cells in zip(*document.values(), strict=True)]
    return None


def _are_texts(cells: list[Any]) -> bool:
    return all(isinstance(cell, str) for cell in cells) and len(set(cells)) > len(cells) / 2


def _split_of(key: str) -> str:
    """The split that a key names, as in "train", "val" and "oos_test"; empty if none."""
    return SPLIT_FOLDERS.get(re.split(r"[_\W]", key.lower())[-1], "")


def _with_split(item: Any, split: str) -> Any:
    if isinstance(item, dict):
        return item | {SPLIT_COLUMN: split}
    return [*item, split] if isinstance(item, list) else item


def _from_items(items: list[Any], name: str, form: str, unreadable: Sequence[UnreadableRow] = ()) -> Table:
    set_aside = list(unreadable)
    rows: list[dict[str, str]] = []
    names: dict[str, None] = {}
    for number, item in enumerate(_plain(items), start=1):
        if not isinstance(item, dict):
            set_aside.append(UnreadableRow.of(number, "not an object", as_cell(item)))
            continue
        row = {key: as_cell(value) for key, value in item.items()}
        names.update(dict.fromkeys(row))
        check_width(name, len(names))
        rows.append(row)
    if not rows:
        raise DataError(f"{name} holds no rows.", 'Expected a list of objects such as [{"text": "…", "label": "…"}].')
    columns = [[row.get(key, "") for row in rows] for key in names]
    check_cell(name, max((len(cell) for column in columns for cell in column), default=0))
    frame = frame_of(columns, column_names(names, len(names)))
    return Table(frame, name, form=form, header=isinstance(items[0], dict), unreadable=tuple(set_aside))


def _plain(items: list[Any]) -> list[Any]:
    """Items as flat objects: cells of lists numbered, objects inside spelled out, lists of single labels as the labels."""
    flat = [row for item in items for row in _flat(item)]
    keys = {key for row in flat if isinstance(row, dict) for key in row}
    for key in keys:
        held = [row for row in flat if isinstance(row, dict) and row.get(key) not in (None, "")]
        if all(isinstance(row[key], list) and len(row[key]) == 1 for row in held):
            for row in held:
                row[key] = row[key][0]
    return flat


def _flat(item: Any) -> list[Any]:
    """The rows that an item stands for."""
    if isinstance(item, list):
        return [{f"column {i}": cell for i, cell in enumerate(item, start=1)}]
    if not isinstance(item, dict):
        return [item]
    if isinstance(item.get("data"), dict) and isinstance(item.get("annotations"), list):
        return [item["data"] | {"label": _chosen(item["annotations"])}]  # as Label Studio exports
    examples = next((key for key in item if key.lower() in _EXAMPLES and isinstance(item[key], list)), None)
    if examples:  # an intent with what people say, as chat bots are described
        rest = {key: value for key, value in item.items() if isinstance(value, str)}
        return [rest | {"text": text} for text in item[examples]]
    return [{key: value for name, cell in item.items() for key, value in _spelled_out(str(name), cell).items()}]


def _spelled_out(name: str, cell: Any, depth: int = 0) -> dict[str, Any]:
    if not isinstance(cell, dict) or depth > 3:
        return {name: cell}
    return {key: v for inner, c in cell.items() for key, v in _spelled_out(f"{name}.{inner}", c, depth + 1).items()}


def _chosen(annotations: list[Any]) -> list[str]:
    return [
        choice
        for annotation in annotations[:1]
        for result in annotation.get("result", ())
        for choice in result.get("value", {}).get("choices", ())
    ]
