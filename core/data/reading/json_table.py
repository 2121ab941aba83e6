"""JSON, JSON Lines and fastText files as tables, in the structures that people and tools write."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from core.data.reading.annotations import document_rows, item_rows, read_rasa_yaml
from core.data.reading.headers import is_column_name
from core.data.table import (
    SPLIT_ALIASES,
    SPLIT_COLUMN,
    Table,
    UnreadableRow,
    cell_text,
    check_cell_length,
    check_column_count,
    column_names,
    frame_from_strings,
    free_name,
)
from core.errors import DataError

_EXAMPLE_KEYS = {"patterns", "examples", "utterances", "texts", "sentences", "questions"}
_FASTTEXT = re.compile(r"((?:__label__\S+\s+)+)(.*)", re.DOTALL)


def read_json(text: str, name: str) -> Table:
    """The table in a JSON document: a list of objects or lists, an object of columns, or an object of splits.

    Raises:
        DataError: the document is not valid JSON, or has none of these structures.
    """
    document = parse_document(text, name)
    if isinstance(document, dict):
        document = document_rows(document) or _find_rows(document)
    if isinstance(document, list):
        return _from_items(document, name, "JSON")
    raise DataError(
        f"{name} is valid JSON, but contains no table.",
        'Expected a list of objects such as [{"text": "…", "label": "…"}].',
    )


def parse_document(text: str, name: str) -> Any:
    """The value in a JSON document.

    Raises:
        DataError: it is not valid JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is not valid JSON: {error}.", "Correct the file, or save the table as CSV.") from error


def read_rasa(text: str, name: str) -> Table:
    """The examples and intents in the ``nlu.yml`` of a Rasa project; raises the errors of :func:`read_rasa_yaml`."""
    return table_of_rows(read_rasa_yaml(text, name), name, "Rasa")


def table_of_rows(rows: list[dict[str, Any]], name: str, file_format: str) -> Table:
    """The table with these rows, which are flat objects.

    Raises:
        DataError: there are none.
    """
    return _from_items(rows, name, file_format)


def read_json_lines(text: str, name: str) -> Table:
    """The table in a file with one JSON object or list per line; other lines are set aside.

    Raises:
        DataError: no line can be read.
    """
    items: list[Any] = []
    unreadable: list[UnreadableRow] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        item = parse_line(line)
        if item is None:
            unreadable.append(UnreadableRow.truncated(number, "not a JSON object", line))
        else:
            items.append(item)
    if not items:
        raise DataError(f"No line of {name} is a JSON object.", 'Expected lines such as {"text": "…", "label": "…"}.')
    return _from_items(items, name, "JSON Lines", unreadable)


def parse_line(line: str) -> dict[str, Any] | list[Any] | None:
    """The object or list in a line of JSON Lines; None if there is none."""
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return item if isinstance(item, dict | list) else None


def read_fasttext(text: str, name: str) -> Table:
    """The table in a file with lines such as ``__label__spam __label__urgent the text``; other lines are set aside.

    Raises:
        DataError: no line can be read.
    """
    items: list[Any] = []
    unreadable = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _FASTTEXT.fullmatch(line.strip())
        if match:
            labels = [label.removeprefix("__label__") for label in match[1].split()]
            items.append({"text": match[2], "label": labels})
        elif line.strip():
            unreadable.append(UnreadableRow.truncated(number, "does not start with __label__", line))
    return _from_items(items, name, "fastText", unreadable)


def _find_rows(document: dict[str, Any]) -> Any:
    """The rows in an object: by split, by column, by label, or in the only list that the object has; None if there are none."""
    values = list(document.values())
    splits = [_parse_split(key) for key in document]
    if document and all(splits) and all(isinstance(value, list | dict) for value in values):
        parts = [_find_rows(value) if isinstance(value, dict) else value for value in values]
        return [_with_split(item, split) for split, items in zip(splits, parts, strict=True) for item in items or ()]
    if len(values) >= 2 and all(isinstance(value, list) for value in values):
        return _from_lists(document)
    if len(values) >= 2 and all(isinstance(value, dict) for value in values):
        if len({tuple(value) for value in values}) == 1:  # {"text": {"0": …}, "label": {"0": …}}, the default of pandas
            return [{key: document[key][row] for key in document} for row in values[0]]
        return None
    lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict | list)]
    return lists[0] if len(lists) == 1 else None


def _from_lists(document: dict[str, list[Any]]) -> Any:
    """The rows in an object of lists: lists of texts by label if no key is a typical column name, otherwise columns."""
    by_label = all(map(_are_texts, document.values())) and not any(map(is_column_name, document))
    if by_label:
        return [{"text": text, "label": label} for label, texts in document.items() for text in texts]
    if len({len(cells) for cells in document.values()}) == 1:
        return [dict(zip(document, cells, strict=True)) for cells in zip(*document.values(), strict=True)]
    return None


def _are_texts(cells: list[Any]) -> bool:
    return all(isinstance(cell, str) for cell in cells) and len(set(cells)) > len(cells) / 2


def _parse_split(key: str) -> str:
    """The split in a key such as "train", "val" or "oos_test"; otherwise empty."""
    return SPLIT_ALIASES.get(re.split(r"[_\W]", key.lower())[-1], "")


def _with_split(item: Any, split: str) -> Any:
    if isinstance(item, dict):
        return {(free_name(key, item) if key == SPLIT_COLUMN else key): cell for key, cell in item.items()} | {
            SPLIT_COLUMN: split
        }
    return [*item, split] if isinstance(item, list) else item


def _from_items(items: list[Any], name: str, file_format: str, unreadable: Sequence[UnreadableRow] = ()) -> Table:
    all_unreadable = list(unreadable)
    rows: list[dict[str, str]] = []
    names: dict[str, None] = {}
    for number, item in enumerate(_flatten(items), start=1):
        if not isinstance(item, dict):
            all_unreadable.append(UnreadableRow.truncated(number, "not an object", cell_text(item)))
            continue
        row = {key: cell_text(value) for key, value in item.items()}
        names.update(dict.fromkeys(row))
        check_column_count(name, len(names))
        rows.append(row)
    if not rows:
        raise DataError(
            f"{name} contains no rows.", 'Expected a list of objects such as [{"text": "…", "label": "…"}].'
        )
    columns = [[row.get(key, "") for row in rows] for key in names]
    check_cell_length(name, max((len(cell) for column in columns for cell in column), default=0))
    frame = frame_from_strings(columns, column_names(names, len(names)))
    return Table(frame, name, format=file_format, header=isinstance(items[0], dict), unreadable=tuple(all_unreadable))


def _flatten(items: list[Any]) -> list[Any]:
    """The rows in the items, as flat objects. A column of lists with one element each becomes a column of these elements."""
    rows = [row for item in items for row in flatten_item(item)]
    keys = single_element_columns(row for row in rows if isinstance(row, dict))
    return [unwrap_elements(row, keys) if isinstance(row, dict) else row for row in rows]


def single_element_columns(rows: Iterable[dict[str, Any]]) -> set[str]:
    """The columns in which each filled cell is a list of one element."""
    is_single: dict[str, bool] = {}
    for row in rows:
        for key, value in row.items():
            if value not in (None, ""):
                is_single[key] = is_single.get(key, True) and isinstance(value, list) and len(value) == 1
    return {key for key, single in is_single.items() if single}


def unwrap_elements(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    """The row with the only element of each list in these columns instead of the list."""
    return {key: value[0] if key in columns and value not in (None, "") else value for key, value in row.items()}


def flatten_item(item: Any) -> list[Any]:
    """The rows in one item. List elements and nested objects become columns."""
    if (annotated := item_rows(item)) is not None:
        return annotated
    if isinstance(item, list):
        return [{f"column {i}": cell for i, cell in enumerate(item, start=1)}]
    if not isinstance(item, dict):
        return [item]
    examples = next((key for key in item if key.lower() in _EXAMPLE_KEYS and isinstance(item[key], list)), None)
    if examples:  # an intent of a chatbot with its example texts
        rest = {key: value for key, value in item.items() if isinstance(value, str)}
        return [rest | {"text": text} for text in item[examples]]
    return [{key: value for name, cell in item.items() for key, value in _flatten_object(str(name), cell).items()}]


def _flatten_object(name: str, cell: Any, depth: int = 0) -> dict[str, Any]:
    if not isinstance(cell, dict) or depth > 3:
        return {name: cell}
    return {key: v for inner, c in cell.items() for key, v in _flatten_object(f"{name}.{inner}", c, depth + 1).items()}
