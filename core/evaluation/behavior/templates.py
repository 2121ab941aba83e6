"""Texts made of templates: each ``{name}`` is replaced by a word of the list of that name. ``{{`` and ``}}`` are braces.

All combinations are used where they are few; else a sample is drawn without ever making the others, so that ten lists of a
hundred words cost no more than one.
"""

import math
import random
import re
from collections.abc import Mapping, Sequence

from core.errors import ConfigError
from core.evaluation.behavior.definitions import Templates

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
# Up to this number the combinations are numbered and sampled; above it, numbers are drawn until enough differ.
_FEW = 100_000


def fill_templates(templates: Templates, limit: int, seed: int = 0) -> list[tuple[int, str]]:
    """Up to ``limit`` different texts, each with the number of its template; the templates share the limit.

    Raises:
        ConfigError: a template names a list that does not exist, or a brace is alone.
    """
    lists = {words.name: words.words for words in templates.lists}
    parsed = [parse_template(text, lists) for text in templates.texts]
    sizes = [_combinations(parts, lists) for parts in parsed]
    filled: dict[str, int] = {}
    for number, (parts, share) in enumerate(zip(parsed, _shares(sizes, limit), strict=True)):
        rng = random.Random(f"{seed}|{templates.texts[number]}")
        for combination in _draw(sizes[number], share, rng):
            filled.setdefault(_fill(parts, lists, combination), number)
    return [(number, text) for text, number in filled.items()]


def parse_template(text: str, lists: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The parts of a template in order: ("text", characters) or ("list", name).

    Raises:
        ConfigError: a list does not exist, or a brace is alone.
    """
    parts: list[tuple[str, str]] = []
    position = 0
    for match in _PART.finditer(text):
        parts.append(("text", text[position : match.start()]))
        position = match.end()
        found, name = match.group(), match.group(1)
        if found in ("{{", "}}"):
            parts.append(("text", found[0]))
        elif name is None:
            raise ConfigError(
                f"A brace is alone in the template {text[:60]!r}.",
                "Write {{ or }} for a brace that is part of the text.",
            )
        elif name.strip() not in lists:
            raise ConfigError(
                f"The template {text[:60]!r} names the list {name.strip()[:60]!r}, which does not exist.",
                f"Add a line such as: {name.strip()[:60] or 'verb'}: first word, second word",
            )
        else:
            parts.append(("list", name.strip()))
    return [part for part in [*parts, ("text", text[position:])] if part[1]]


def _names(parts: Sequence[tuple[str, str]]) -> list[str]:
    """The lists of a template, each once: a list that is named twice gives the same word."""
    return list(dict.fromkeys(name for kind, name in parts if kind == "list"))


def _combinations(parts: Sequence[tuple[str, str]], lists: Mapping[str, Sequence[str]]) -> int:
    return math.prod(len(lists[name]) for name in _names(parts))


def _shares(sizes: Sequence[int], limit: int) -> list[int]:
    """How many texts each template makes: the small ones all, the others the rest in equal parts."""
    shares, left = [0] * len(sizes), limit
    for position, number in enumerate(sorted(range(len(sizes)), key=lambda number: sizes[number])):
        shares[number] = min(sizes[number], left // (len(sizes) - position))
        left -= shares[number]
    return shares


def _draw(size: int, count: int, rng: random.Random) -> list[int]:
    """``count`` different numbers below ``size``, in random order."""
    if size <= _FEW:
        return rng.sample(range(size), count)
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        drawn[rng.randrange(size)] = None
    return list(drawn)


def _fill(parts: Sequence[tuple[str, str]], lists: Mapping[str, Sequence[str]], combination: int) -> str:
    """The text of a combination: a number whose digits, in the bases of the lists' sizes, name the words."""
    words: dict[str, str] = {}
    for name in _names(parts):
        combination, digit = divmod(combination, len(lists[name]))
        words[name] = lists[name][digit]
    return "".join(words[part] if kind == "list" else part for kind, part in parts)
