"""Explanations as people read them: HTML with the words highlighted, a table, and a sentence about the deletion check."""

from html import escape

import pandas as pd

from core.formatting import pluralize
from core.prediction.explain import Explanation

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
            _between(explanation, position, word.start),
            f'<span title="{word.score:+.2f}" style="border-radius:3px;padding:1px 0;{style}">{escape(word.word)}</span>',
        ]
        position = word.end
    parts.append(_between(explanation, position, len(text)))
    return f'<div dir="auto" style="{_STYLE}">{"".join(parts)}</div>'


def _between(explanation: Explanation, start: int, end: int) -> str:
    """The characters between two words as HTML, gray where they are not read."""
    text, (first, last) = explanation.text, explanation.unread
    if not start <= first < last <= end:
        return escape(text[start:end])
    unread = text[first:last]
    if len(unread) > _MAX_UNREAD_CHARACTERS:
        unread = unread[:_MAX_UNREAD_CHARACTERS] + " … "
    return f'{escape(text[start:first])}<span style="opacity:0.5">{escape(unread)}</span>{escape(text[last:end])}'


def describe_check(explanation: Explanation) -> str:
    """What the deletion check found, in one sentence."""
    check = explanation.check
    if not check.tries:
        return "The text is too short to check this explanation."
    unit = "group of words" if is_grouped(explanation) else "word"
    units = "groups of words" if is_grouped(explanation) else "words"
    one = check.deleted == 1
    bold = f"Removing the bold {unit}" if one else f"Removing the {check.deleted} bold {units}"
    score = "the score" if explanation.label else "the predicted value"
    if check.drop <= 0:
        return f"{bold} does not lower {score}: do not rely on this explanation."
    others = f"another {unit}" if one else f"{check.deleted} random {units}"
    comparison = f"{bold} lowers {score} more than removing {others}"
    beaten = round(check.beats_random * check.tries)
    if not check.passed:
        return f"{comparison} in only {beaten} of {pluralize(check.tries, 'try', 'tries')}: do not rely on this explanation."
    return f"{comparison} in {beaten} of {pluralize(check.tries, 'try', 'tries')}."


def is_grouped(explanation: Explanation) -> bool:
    """Whether the text is long, so that neighboring words share a score."""
    return any(len(word.word.split()) > 1 for word in explanation.words)


def words_table(explanation: Explanation) -> pd.DataFrame:
    """The words and their scores, the highest first. Columns: word, score."""
    frame = pd.DataFrame([(word.word, word.score) for word in explanation.words], columns=["word", "score"])
    return frame.sort_values("score", ascending=False, kind="stable").reset_index(drop=True)
