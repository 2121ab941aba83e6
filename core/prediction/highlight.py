"""Explanations as people read them: HTML with the words highlighted, a table, and a sentence about the deletion check."""

from html import escape

import pandas as pd

from core.prediction.explain import RANDOM_DRAWS, Explanation

# Mixed with the background of the page, so that its text stays legible in the light and in the dark theme.
_POSITIVE, _NEGATIVE = "42,157,111", "209,73,91"
_STRONGEST = 0.5
_WEAKEST_SHOWN = 0.03
_MAX_UNREAD_CHARACTERS = 300
_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;line-height:1.9"


def highlight(explanation: Explanation) -> str:
    """The text as HTML: green words raise the score, red words with a dashed line lower it; the highest-scoring are bold.

    The text is escaped. What the model does not read is gray, and shortened.
    """
    text, words = explanation.text, explanation.words
    strongest = max(abs(word.score) for word in words) or 1.0
    highest = set(explanation.highest_words)
    parts: list[str] = []
    position = 0
    for index, word in enumerate(words):
        opacity = _STRONGEST * abs(word.score) / strongest
        color, line = (_POSITIVE, "") if word.score > 0 else (_NEGATIVE, ";border-bottom:2px dashed currentColor")
        style = f"background:rgba({color},{opacity:.2f}){line}" if opacity >= _WEAKEST_SHOWN else ""
        if index in highest:
            style += ";font-weight:700"
        parts += [
            escape(text[position : word.start]),
            f'<span title="{word.score:+.2f}" style="border-radius:3px;padding:1px 0;{style}">{escape(word.word)}</span>',
        ]
        position = word.end
    unread = text[position:]
    if len(unread) > _MAX_UNREAD_CHARACTERS:
        unread = unread[:_MAX_UNREAD_CHARACTERS] + " …"
    return f'<div dir="auto" style="{_STYLE}">{"".join(parts)}<span style="opacity:0.5">{escape(unread)}</span></div>'


def describe_check(explanation: Explanation) -> str:
    """What the deletion check found, in one sentence."""
    check = explanation.check
    if check.deleted == len(explanation.words):
        return "The text is too short to check this explanation."
    unit, units = ("group of words", "groups of words") if is_grouped(explanation) else ("word", "words")
    if not check.passed:
        return f"The {units} in bold matter no more than random {units}: do not rely on this explanation."
    bold = f"bold {unit}" if check.deleted == 1 else f"{check.deleted} bold {units}"
    return (
        f"Removing the {bold} lowers the score more than removing random {units} "
        f"in {round(check.beats_random * RANDOM_DRAWS)} of {RANDOM_DRAWS} tries."
    )


def is_grouped(explanation: Explanation) -> bool:
    """Whether the text is long, so that neighboring words share a score."""
    return any(len(word.word.split()) > 1 for word in explanation.words)


def words_table(explanation: Explanation) -> pd.DataFrame:
    """The words and their scores, the highest first. Columns: word, score."""
    frame = pd.DataFrame([(word.word, word.score) for word in explanation.words], columns=["word", "score"])
    return frame.sort_values("score", ascending=False, kind="stable").reset_index(drop=True)
