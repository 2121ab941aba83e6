"""What is wrong inside texts: damaged characters, markup, personal data."""

import re
from collections.abc import Iterator

import ftfy.badness
import numpy as np

from core.data import pii
from core.data.checks.findings import Finding, Rows, sample_rows
from core.data.columns import LabeledTexts
from core.data.repairs import TAG, URL, Repair
from core.formatting import pluralize

_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,5});")


def check_contents(labeled: LabeledTexts) -> Iterator[Finding]:
    """Looks at a sample of large data, and says so."""
    sample, said = sample_rows(labeled.frame)
    texts, rows = sample["text"].tolist(), sample["row"].to_numpy()
    damaged = _where(ftfy.badness.is_bad(text) or "\ufffd" in text for text in texts)
    if len(damaged):
        yield Finding(
            "encoding_damage",
            "warning",
            f"Damaged characters, as when UTF-8 was read as something else: {pluralize(len(damaged), 'text')}{said}.",
            rows[damaged],
            Repair("mend_encoding"),
        )
    marked = _where(_has_markup(text) for text in texts)
    if len(marked):
        yield Finding(
            "markup",
            "note",
            f"HTML tags, entities or web addresses: {pluralize(len(marked), 'text')}{said}.",
            rows[marked],
            Repair("strip_markup"),
        )
    private = _where(bool(pii.find(text)) for text in texts)
    if len(private):
        yield Finding(
            "personal_data",
            "warning",
            f"What looks like e-mail addresses, phone, card or account numbers: {pluralize(len(private), 'text')}{said}. "
            "Whoever gets the model or this data may see them.",
            rows[private],
            Repair("mask_personal"),
        )


def _has_markup(text: str) -> bool:
    angled = "<" in text and TAG.search(text)
    return bool(angled or ("&" in text and _ENTITY.search(text)) or URL.search(text))


def _where(held: Iterator[bool]) -> Rows:
    return np.flatnonzero(np.fromiter(held, dtype=bool))
