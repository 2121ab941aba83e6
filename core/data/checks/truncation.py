"""Check which texts the encoder truncates."""

from collections.abc import Iterator

import pandas as pd

from core.data.checks.findings import Finding, Severity
from core.data.columns import LabeledTexts
from core.data.token_counts import TokenCounts
from core.formatting import format_percent, pluralize

# The share of truncated texts from which a class is named in the message.
_MIN_TRUNCATED_SHARE = 0.05
_MAX_LOST_SHARE = 0.05


def check_truncation(labeled: LabeledTexts, tokens: TokenCounts, max_length: int) -> Iterator[Finding]:
    """A finding about texts that are truncated at ``max_length`` tokens."""
    frame = labeled.frame
    truncated = tokens.pieces > max_length
    if truncated.any():
        lost = float((tokens.pieces[truncated] - max_length).sum() / tokens.pieces.sum())
        message = (
            f"Truncated at {max_length} tokens: {pluralize(int(truncated.sum()), 'text')}. "
            f"{format_percent(lost) if lost >= 0.001 else 'Less than 0.1%'} of all tokens are lost."
        )
        if labeled.task.one_label:
            shares = pd.Series(truncated).groupby(frame["label"].to_numpy()).mean().sort_values(ascending=False)
            if shares.iloc[0] >= _MIN_TRUNCATED_SHARE:
                message += (
                    f" The class {shares.index[0]} is affected most ({format_percent(shares.iloc[0], 0)} of its texts)."
                )
        severity: Severity = "warning" if lost > _MAX_LOST_SHARE else "note"
        yield Finding("truncation", severity, message, frame["row"].to_numpy()[truncated])
