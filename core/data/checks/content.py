"""Checks of the texts themselves: damaged characters, markup and personal data."""

import re
from collections.abc import Iterator

import ftfy.badness
import numpy as np

from core.data import pii
from core.data.checks.findings import Finding, Rows, sample_rows
from core.data.checks.language import check_language
from core.data.columns import LabeledTexts
from core.data.repairs import TAG, URL, Repair
from core.formatting import pluralize

_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,5});")


def check_content(labeled: LabeledTexts) -> Iterator[Finding]:
    """Findings about the contents of the texts. Large data is sampled, which the message states."""
    sample, note = sample_rows(labeled.frame)
    texts, rows = sample["text"].tolist(), sample["row"].to_numpy()
    yield from check_language(labeled)
    damaged = _positions(ftfy.badness.is_bad(text) or "\ufffd" in text for text in texts)
    if len(damaged):
        yield Finding(
            "encoding_damage",
            "warning",
            f"Damaged characters{note}: {pluralize(len(damaged), 'text')}. "
            "This happens when UTF-8 text is read in another encoding.",
            rows[damaged],
            Repair("mend_encoding"),
        )
    marked = _positions(_has_markup(text) for text in texts)
    if len(marked):
        yield Finding(
            "markup",
            "note",
            f"HTML tags, HTML entities or web addresses{note}: {pluralize(len(marked), 'text')}.",
            rows[marked],
            Repair("strip_markup"),
        )
    personal = _positions(bool(pii.count(text)) for text in texts)
    if len(personal):
        yield Finding(
            "personal_data",
            "warning",
            f"Possible email addresses or phone, card or account numbers{note}: {pluralize(len(personal), 'text')}. "
            "Anyone who gets the model or the data may see them.",
            rows[personal],
            Repair("mask_personal"),
        )


def _has_markup(text: str) -> bool:
    has_tag = "<" in text and TAG.search(text)
    return bool(has_tag or ("&" in text and _ENTITY.search(text)) or URL.search(text))


def _positions(flags: Iterator[bool]) -> Rows:
    return np.flatnonzero(np.fromiter(flags, dtype=bool))
