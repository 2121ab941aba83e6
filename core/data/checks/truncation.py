"""What an encoder will make of texts: cut where they are long, in pieces where it does not know the language."""

from collections.abc import Iterator

import pandas as pd

from core.data.checks.findings import Finding
from core.data.columns import LabeledTexts
from core.data.token_counts import TokenCounts
from core.formatting import pluralize

_NOTABLE_CUT = 0.05  # share of the texts of a class from which it is worth naming
_UNKNOWN_SHARE, _PIECES_A_WORD = 0.05, 2.5


def check_tokens(labeled: LabeledTexts, tokens: TokenCounts, max_length: int) -> Iterator[Finding]:
    """What will be cut at ``max_length`` word pieces, and whether the encoder knows the language."""
    frame = labeled.frame
    cut = tokens.pieces > max_length
    if cut.any():
        lost = float((tokens.pieces[cut] - max_length).sum() / tokens.pieces.sum())
        worst = ""
        if labeled.task.one_label:
            shares = pd.Series(cut).groupby(frame["label"].to_numpy()).mean().sort_values(ascending=False)
            if shares.iloc[0] >= _NOTABLE_CUT:
                worst = f" Most in {shares.index[0]}: {shares.iloc[0]:.0%} of its texts."
        share = f"{lost:.1%}" if lost >= 0.001 else "less than 0.1%"
        texts = pluralize(int(cut.sum()), "text")
        message = f"Cut at {max_length} word pieces: {texts}, and {share} of all pieces are lost.{worst}"
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
