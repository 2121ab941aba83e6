"""Repairs of labeled texts. Each depends on the contents alone, so the same repairs can be applied to a new file."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ftfy
import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data import near_duplicates
from core.data.columns import LabeledTexts, infer_task
from core.data.pii import mask
from core.data.table import STRING_DTYPE, category_codes
from core.errors import DataError

# A comment ends before the next one begins: otherwise each of a thousand that never end would be searched to the end.
TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|<!--(?:(?!<!--).)*?-->", re.DOTALL)
_LONG_REFERENCE = re.compile(r"&#\d{20,}")
URL = re.compile(r"(?:https?://|www\.)\S+")
LINK = "[link]"
_MAX_TRIED_ROWS = 5_000


@dataclass(frozen=True)
class Repair:
    """One repair: its kind, and its arguments as JSON values."""

    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in _REPAIRS:
            raise DataError(f"Unknown repair {self.kind!r}.", f"Choose one of {', '.join(_REPAIRS)}.")
        key, kind = _DETAILS.get(self.kind, (None, object))
        if key is not None and not isinstance(self.detail.get(key), kind):
            raise DataError(
                f"The repair {self.kind!r} needs {key!r} of type {kind.__name__}, found {dict(self.detail)}."
            )

    @property
    def title(self) -> str:
        """What the repair does, in a few words."""
        return TITLES[self.kind]

    def to_json(self) -> dict[str, Any]:
        """A JSON object that :meth:`from_json` reads."""
        return {"kind": self.kind, "detail": dict(self.detail)}


def apply_repairs(labeled: LabeledTexts, repairs: Sequence[Repair]) -> LabeledTexts:
    """The labeled texts after all repairs, in order.

    Raises:
        DataError: too few rows or classes are left.
    """
    for repair in repairs:
        frame = _REPAIRS[repair.kind](labeled, repair.detail)
        if frame.empty:
            raise DataError(f"The repair “{repair.title}” leaves no rows.", "Undo this repair.")
        frame = frame.reset_index(drop=True)
        labeled = replace(labeled, frame=frame, task=infer_task(frame["label"], labeled.task.kind))
    return labeled


def would_change(labeled: LabeledTexts, repair: Repair, rows: npt.NDArray[np.int64]) -> bool:
    """Whether a repair changes the rows with these positions in the table. Of many rows it is assumed that it does."""
    if not 0 < len(rows) <= _MAX_TRIED_ROWS:
        return True
    frame = labeled.frame[labeled.frame["row"].isin(rows)].reset_index(drop=True)
    repaired = _REPAIRS[repair.kind](replace(labeled, frame=frame), repair.detail)
    return len(repaired) != len(frame) or not repaired[["text", "label"]].equals(frame[["text", "label"]])


def _map_labels(frame: pd.DataFrame, change: Callable[[str], str | None]) -> pd.DataFrame:
    """The rows with each label changed. A label that becomes None is removed; in a single-label task its row is removed too."""
    if isinstance(frame["label"].iloc[0], list):
        changed = [sorted({new for name in names if (new := change(name)) is not None}) for names in frame["label"]]
        return frame.assign(label=pd.Series(changed, index=frame.index, dtype=object))
    mapped = frame["label"].map({name: change(name) for name in frame["label"].unique()})
    has_label = mapped.notna()
    return frame[has_label].assign(label=mapped[has_label].astype(STRING_DTYPE))


def _merge_labels(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    mapping = detail["mapping"]
    return _map_labels(labeled.frame, lambda name: mapping.get(name, name))


def _drop_labels(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    dropped = set(detail["labels"])
    return _map_labels(labeled.frame, lambda name: None if name in dropped else name)


def _drop_duplicates(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    frame = labeled.frame
    return frame[~pd.DataFrame({"text": frame["text"], "label": frame["label"].astype(str)}).duplicated()]


def _drop_near_duplicates(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    frame = labeled.frame
    group = near_duplicates.group_ids(frame["text"], near=True)
    return frame[~pd.DataFrame({"group": group, "label": frame["label"].astype(str)}).duplicated().to_numpy()]


def _drop_conflicts(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    return labeled.frame[~conflicting_rows(labeled.frame)]


def conflicting_rows(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """A mask of the rows whose text also occurs with another label; shape (rows,)."""
    text = category_codes(frame["text"])
    pairs = np.unique(np.stack([text, category_codes(frame["label"])], axis=1), axis=0)
    return np.asarray(np.bincount(pairs[:, 0])[text] > 1)


def _drop_leaks(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    frame = labeled.frame
    return frame[~(leaking_rows(frame) & (frame["file_split"] != "test").to_numpy(dtype=bool))]


def leaking_rows(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """A mask of the rows whose text, or a near-duplicate of it, occurs in another split of the file; shape (rows,)."""
    if frame["file_split"].nunique() < 2:
        return np.zeros(len(frame), dtype=bool)
    group = near_duplicates.group_ids(frame["text"], near=True)
    return np.asarray(frame["file_split"].groupby(group).transform("nunique") > 1)


def _change_texts(change: Callable[[str], str]) -> Callable[[LabeledTexts, Mapping[str, Any]], pd.DataFrame]:
    def repair(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
        texts = pd.Series([change(text).strip() for text in labeled.frame["text"]], dtype=STRING_DTYPE)
        frame = labeled.frame.assign(text=texts.array)
        return frame[(frame["text"] != "").to_numpy(dtype=bool)]

    return repair


def remove_markup(text: str) -> str:
    """The text without HTML tags, with entities decoded and each URL replaced by "[link]"."""
    return " ".join(URL.sub(LINK, html.unescape(_LONG_REFERENCE.sub(" ", TAG.sub(" ", text)))).split())


def _relabel(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    """The rows after label changes. A change has the keys text, was and now; a row whose ``now`` is null is removed.

    The old labels are kept in the column "was".
    """
    frame = labeled.frame
    changes = {(change["text"], change["was"]): change["now"] for change in detail["changes"]}
    pairs = list(zip(frame["text"], frame["label"], strict=True))
    changed = np.asarray([pair in changes for pair in pairs], dtype=bool)
    labels = [changes.get(pair, pair[1]) for pair in pairs]
    has_label = np.asarray([label is not None for label in labels], dtype=bool)
    old = frame["was"] if "was" in frame else pd.Series([None] * len(frame), index=frame.index, dtype=object)
    new = pd.Series(labels, index=frame.index, dtype=object)
    frame = frame.assign(was=old.where(~changed, frame["label"].astype(object)))[has_label]
    return frame.assign(label=new[has_label].astype(labeled.frame["label"].dtype))


_REPAIRS: dict[str, Callable[[LabeledTexts, Mapping[str, Any]], pd.DataFrame]] = {
    "merge_labels": _merge_labels,
    "drop_labels": _drop_labels,
    "drop_duplicates": _drop_duplicates,
    "drop_near_duplicates": _drop_near_duplicates,
    "drop_conflicts": _drop_conflicts,
    "drop_leaks": _drop_leaks,
    "mend_encoding": _change_texts(ftfy.fix_text),
    "strip_markup": _change_texts(remove_markup),
    "mask_personal": _change_texts(mask),
    "relabel": _relabel,
}
_DETAILS: dict[str, tuple[str, type]] = {
    "merge_labels": ("mapping", dict),
    "drop_labels": ("labels", list),
    "relabel": ("changes", list),
}
TITLES = {
    "merge_labels": "Merge label variants",
    "drop_labels": "Remove small classes",
    "drop_duplicates": "Remove duplicates",
    "drop_near_duplicates": "Remove near-duplicates",
    "drop_conflicts": "Remove texts with conflicting labels",
    "drop_leaks": "Remove leaked texts from training and validation",
    "mend_encoding": "Fix damaged characters",
    "strip_markup": "Remove HTML tags and shorten links",
    "mask_personal": "Mask personal data",
    "relabel": "Correct labels",
}
