"""What differs between two texts, word by word, as HTML with the differences highlighted."""

import re
from difflib import SequenceMatcher
from html import escape
from typing import Final

# A word keeps the space after it: single spaces, which are all alike, would make the comparison of long texts slow.
_WORD = re.compile(r"\w+\s*|[^\w\s]+\s*|\s+")
# Longer texts are marked as a whole.
_MAX_WORDS = 2_000
_STYLE: Final = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;line-height:1.7"
# Mixed with the background of the page, so that the text stays legible in the light and in the dark theme.
_REMOVED: Final = "background:rgba(209,73,91,0.25);border-radius:3px;text-decoration:line-through"
_ADDED: Final = "background:rgba(42,157,111,0.3);border-radius:3px;text-decoration:underline"


def difference_html(before: str, after: str) -> str:
    """Both texts as one, escaped: removed words are struck through, added words are underlined."""
    first, second = _WORD.findall(before), _WORD.findall(after)
    if max(len(first), len(second)) > _MAX_WORDS:
        first, second = [before], [after]
    parts: list[str] = []
    for kind, i, j, k, m in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(escape("".join(first[i:j])))
        else:
            parts += [_marked("del", _REMOVED, "".join(first[i:j])), _marked("ins", _ADDED, "".join(second[k:m]))]
    return f'<div dir="auto" style="{_STYLE}">{"".join(parts)}</div>'


def _marked(tag: str, style: str, text: str) -> str:
    return f'<{tag} style="{style}">{escape(text)}</{tag}>' if text else ""
