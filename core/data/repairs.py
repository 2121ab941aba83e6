"""Steps that mend labelled texts. Each depends on contents alone, so the same steps can be replayed on a new file of the kind."""

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
from core.data.columns import LabeledTexts, task_of
from core.data.pii import mask
from core.data.table import STRINGS, codes
from core.errors import DataError

TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|<!--.*?-->", re.DOTALL)
URL = re.compile(r"(?:https?://|www\.)\S+")
LINK = "[link]"


@dataclass(frozen=True)
class Repair:
    """One step: what to do, and with what; the detail is JSON."""

    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in _STEPS:
            raise DataError(f"Unknown repair {self.kind!r}.", f"Known: {', '.join(_STEPS)}.")

    @property
    def title(self) -> str:
        """What the step does, in a few words."""
        return TITLES[self.kind]

    def to_json(self) -> dict[str, Any]:
        """A JSON object that :meth:`from_json` reads."""
        return {"kind": self.kind, "detail": dict(self.detail)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Repair":
        """The step that :meth:`to_json` wrote."""
        return cls(record["kind"], record["detail"])


def apply_repairs(labeled: LabeledTexts, steps: Sequence[Repair]) -> LabeledTexts:
    """The labelled texts after each step in turn.

    Raises:
        DataError: too little is left.
    """
    for step in steps:
        frame = _STEPS[step.kind](labeled, step.detail)
        if frame.empty:
            raise DataError(f"No row is left after: {step.title.lower()}.", "Undo this step.")
        frame = frame.reset_index(drop=True)
        labeled = replace(labeled, frame=frame, task=task_of(frame["label"], labeled.task.kind))
    return labeled


def _map_labels(frame: pd.DataFrame, change: Callable[[str], str | None]) -> pd.DataFrame:
    """Each label changed; a label that becomes None goes, with its row where the row has no other form of label."""
    if isinstance(frame["label"].iloc[0], list):
        changed = [sorted({new for name in names if (new := change(name)) is not None}) for names in frame["label"]]
        return frame.assign(label=pd.Series(changed, index=frame.index, dtype=object))
    mapped = frame["label"].map({name: change(name) for name in frame["label"].unique()})
    kept = mapped.notna()
    return frame[kept].assign(label=mapped[kept].astype(STRINGS))


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
    unit = near_duplicates.group_ids(frame["text"], near=True)
    return frame[~pd.DataFrame({"unit": unit, "label": frame["label"].astype(str)}).duplicated().to_numpy()]


def _drop_conflicts(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    return labeled.frame[~conflicting(labeled.frame)]


def conflicting(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which rows have a text that stands elsewhere with another label; shape (rows,)."""
    text = codes(frame["text"])
    pairs = np.unique(np.stack([text, codes(frame["label"])], axis=1), axis=0)
    return np.asarray(np.bincount(pairs[:, 0])[text] > 1)


def _drop_leaks(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    frame = labeled.frame
    return frame[~(leaking(frame) & (frame["given"] != "test").to_numpy(dtype=bool))]


def leaking(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which rows have a text that stands, the same or nearly, in another of the splits that the file names; shape (rows,)."""
    if frame["given"].nunique() < 2:
        return np.zeros(len(frame), dtype=bool)
    unit = near_duplicates.group_ids(frame["text"], near=True)
    return np.asarray(frame["given"].groupby(unit).transform("nunique") > 1)


def _text_step(change: Callable[[str], str]) -> Callable[[LabeledTexts, Mapping[str, Any]], pd.DataFrame]:
    def step(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
        texts = pd.Series([change(text).strip() for text in labeled.frame["text"]], dtype=STRINGS)
        frame = labeled.frame.assign(text=texts.array)
        return frame[(frame["text"] != "").to_numpy(dtype=bool)]

    return step


def without_markup(text: str) -> str:
    """The text without tags, entities spelled out, web addresses as one word."""
    return " ".join(URL.sub(LINK, html.unescape(TAG.sub(" ", text))).split())


def _relabel(labeled: LabeledTexts, detail: Mapping[str, Any]) -> pd.DataFrame:
    """Changes are objects with text, was and now; now is null for a row to be left out. The old label stays in "was"."""
    frame = labeled.frame
    changes = {(change["text"], change["was"]): change["now"] for change in detail["changes"]}
    pairs = list(zip(frame["text"], frame["label"], strict=True))
    changed = np.asarray([pair in changes for pair in pairs], dtype=bool)
    now = [changes.get(pair, pair[1]) for pair in pairs]
    before = frame["was"] if "was" in frame else pd.Series([None] * len(frame), index=frame.index, dtype=object)
    kept = np.asarray([label is not None for label in now], dtype=bool)
    labels = pd.Series(now, index=frame.index, dtype=object)
    frame = frame.assign(was=before.where(~changed, frame["label"].astype(object)))[kept]
    return frame.assign(label=labels[kept].astype(labeled.frame["label"].dtype))


_STEPS: dict[str, Callable[[LabeledTexts, Mapping[str, Any]], pd.DataFrame]] = {
    "merge_labels": _merge_labels,
    "drop_labels": _drop_labels,
    "drop_duplicates": _drop_duplicates,
    "drop_near_duplicates": _drop_near_duplicates,
    "drop_conflicts": _drop_conflicts,
    "drop_leaks": _drop_leaks,
    "mend_encoding": _text_step(ftfy.fix_text),
    "strip_markup": _text_step(without_markup),
    "mask_personal": _text_step(mask),
    "relabel": _relabel,
}
TITLES = {
    "merge_labels": "Write each label one way",
    "drop_labels": "Leave out the small classes",
    "drop_duplicates": "Keep each text once",
    "drop_near_duplicates": "Keep one of the texts that are nearly the same",
    "drop_conflicts": "Leave out texts with different labels",
    "drop_leaks": "Take leaking texts out of training and validation",
    "mend_encoding": "Mend the characters",
    "strip_markup": "Remove tags, shorten web addresses",
    "mask_personal": "Mask personal data",
    "relabel": "Correct labels",
}
