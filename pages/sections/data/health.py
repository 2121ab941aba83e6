"""The health of labeled texts in one line and a few figures, above everything else on Data."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.data.checks.findings import Finding, Severity
from core.data.columns import LabeledTexts
from core.data.splitting import Splits
from core.data.token_counts import DEFAULT_MAX_LENGTH
from core.formatting import pluralize
from pages.shared.widgets import escape_markdown

_NOUNS: dict[Severity, str] = {"blocks": "problem", "warning": "warning", "note": "note"}


def show_health(labeled: LabeledTexts, findings: Sequence[Finding], splits: Splits) -> None:
    """A verdict in one line, then rows, labels, long texts, duplicates and language."""
    _show_verdict(findings)
    rows = {finding.check: len(finding.rows) for finding in findings}
    with st.grid(min_column_width=120, key="health"):
        st.metric("Rows", f"{len(labeled):,}", help="Rows with a text and a label.")
        if labeled.task.labels:
            st.metric("Labels", f"{len(labeled.task.labels):,}")
        st.metric(
            "Long texts",
            f"{rows.get('truncation', 0):,}",
            help=f"Texts of more than {DEFAULT_MAX_LENGTH} tokens. A model reads only a part of them.",
        )
        st.metric(
            "Duplicates",
            f"{rows.get('duplicates', 0) + rows.get('near_duplicates', 0):,}",
            help="Texts that occur again, word for word or nearly. Copies stay in one split.",
        )
        st.metric(
            "Language",
            "Unknown" if "language" in rows else "Known",
            help="Whether the built-in encoder knows the words: at most 5% of the tokens are unknown, and a word has at most "
            "2.5 tokens on average.",
        )
    sizes = ", ".join(f"{size:,} {name}" for name, size in splits.sizes().items())
    st.caption(f":material/call_split: Split: {sizes}.")


def count_findings(findings: Sequence[Finding]) -> str:
    """How many findings there are of each severity: "2 warnings, 1 note"."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(pluralize(counts[severity], noun) for severity, noun in _NOUNS.items() if counts[severity])


def _show_verdict(findings: Sequence[Finding]) -> None:
    blocking = [finding for finding in findings if finding.severity == "blocks"]
    counts = count_findings(findings)
    if blocking:
        st.error(f"Not ready to train. {escape_markdown(blocking[0].message)}", icon=":material/block:")
    elif any(finding.severity == "warning" for finding in findings):
        st.warning(f"Ready to train, but look at the findings first: {counts}.", icon=":material/warning:")
    else:
        st.success(f"Ready to train. {counts or 'No problems found'}.", icon=":material/check_circle:")
