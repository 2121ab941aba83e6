"""The changes of a text. Each depends on the text and a seeded generator alone, and returns the same text if nothing fits."""

import random
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from core.evaluation.behavior.definitions import Change, ChangeKind
from core.evaluation.behavior.word_lists import CONTRACTIONS, EMOJI, NAMES, NEGATABLE, PLACES, SENTENCES

_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_LAST_MARKS = re.compile(r"[.!?…,;:。！？，]+\s*$")
_NUMBER = re.compile(r"(?<![\w.,])\d{1,9}(?![\w]|[.,]\d)")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]\s*$")
_NOT = re.compile(rf"\b(?:({'|'.join(NEGATABLE)})(?: not|n['’]t)|(can)(?:['’]t|not)|(wo)n['’]t)\b", re.IGNORECASE)
_NEGATABLE = re.compile(rf"\b({'|'.join(NEGATABLE)})\b(?!['’])", re.IGNORECASE)
# In messages "2" and "4" are words.
_DIGIT_WORDS = {"2", "4"}


def apply_change(change: Change, text: str, rng: random.Random) -> str:
    """The changed text; the text itself where there is nothing to change."""
    return _CHANGES[change.kind](text, change, rng)


def _typos(text: str, change: Change, rng: random.Random) -> str:
    """Two neighboring letters that differ are swapped in ``amount`` words of four letters or more."""
    places = [
        [i for i in range(match.start(), match.end() - 1) if text[i] != text[i + 1]]
        for match in _LONG_WORD.finditer(text)
    ]
    words = [word for word in places if word]
    letters = list(text)
    for word in rng.sample(words, min(change.amount, len(words))):
        i = rng.choice(word)
        letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def _punctuation(text: str, change: Change, rng: random.Random) -> str:
    without = _LAST_MARKS.sub("", text)
    if without != text:
        return without if without.strip() else text
    return text.rstrip() + ("。" if _IDEOGRAPH.search(text) else ".")


def _case(text: str, change: Change, rng: random.Random) -> str:
    lower = text.lower()
    return lower if lower != text else text.upper()


def _contractions(text: str, change: Change, rng: random.Random) -> str:
    """All contractions are written out; a text without any is contracted."""
    straight = text.replace("’", "'")
    expanded = _replace_words(straight, {short: (long,) for short, long in CONTRACTIONS.items()}, rng)
    if expanded != straight:
        return expanded
    return _replace_words(text, {long: (short,) for short, long in CONTRACTIONS.items()}, rng)


def _emoji(text: str, change: Change, rng: random.Random) -> str:
    return f"{text.rstrip()} {rng.choice(change.values or EMOJI)}"


def _sentence(text: str, change: Change, rng: random.Random) -> str:
    """A sentence before or after the text: of a long text the model may not read the end."""
    sentence = rng.choice(change.values or SENTENCES)
    if rng.random() < 0.5:
        return f"{sentence} {text.lstrip()}"
    return f"{text.rstrip()}{'' if _LAST_MARKS.search(text) else '.'} {sentence}"


def _names(text: str, change: Change, rng: random.Random) -> str:
    return _swap_one(text, change.values or NAMES, rng)


def _places(text: str, change: Change, rng: random.Random) -> str:
    return _swap_one(text, change.values or PLACES, rng)


def _swap(text: str, change: Change, rng: random.Random) -> str:
    return _swap_one(text, change.values, rng)


def _swap_one(text: str, words: tuple[str, ...], rng: random.Random) -> str:
    """One of the words that occur is replaced by another one, wherever it stands. Upper and lower case count."""
    found = sorted({match.group() for match in _pattern(words, False).finditer(text)})
    if not found:
        return text
    old = rng.choice(found)
    others = [word for word in words if word not in found]
    new = rng.choice(others or [word for word in words if word != old])
    return _pattern((old,), False).sub(lambda match: new, text)


def _numbers(text: str, change: Change, rng: random.Random) -> str:
    """Each whole number becomes another one that is up to 20% smaller or larger."""

    def another(match: re.Match[str]) -> str:
        if match.group() in _DIGIT_WORDS:
            return match.group()
        number = int(match.group())
        step = rng.randint(1, max(1, number // 5))
        changed = number - step if number > step and rng.random() < 0.5 else number + step
        return str(changed).zfill(len(match.group()))

    return _NUMBER.sub(another, text)


def _words(text: str, change: Change, rng: random.Random) -> str:
    choices: dict[str, tuple[str, ...]] = {}
    for old, new in change.replacements:
        choices[old.casefold()] = (*choices.get(old.casefold(), ()), new)
    return _replace_words(text, choices, rng)


def _negation(text: str, change: Change, rng: random.Random) -> str:
    """The first "not" after a form of "be" or a modal verb is removed; without one, "not" is added after the first."""
    without = _NOT.sub(lambda match: match.group(1) or match.group(2) or f"{match.group(3)[0]}ill", text, count=1)
    if without != text:
        return without
    return _NEGATABLE.sub(lambda match: f"{match.group(1)} not", text, count=1)


def _replace_words(text: str, choices: Mapping[str, tuple[str, ...]], rng: random.Random) -> str:
    """Each word that is a key in any case becomes one of its values, with the capital letter that it had."""

    def replacement(match: re.Match[str]) -> str:
        # Two spellings that differ in case alone may still differ after folding, as the Turkish I does.
        new = rng.choice(choices.get(match.group().casefold(), (match.group(),)))
        return new[:1].upper() + new[1:] if match.group()[:1].isupper() else new

    return _pattern(tuple(choices), True).sub(replacement, text)


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...], any_case: bool) -> re.Pattern[str]:
    """A pattern for whole words, the longest first, none of which is read as a pattern itself."""
    alternatives = "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE if any_case else 0)


_CHANGES: dict[ChangeKind, Callable[[str, Change, random.Random], str]] = {
    "typos": _typos,
    "punctuation": _punctuation,
    "case": _case,
    "contractions": _contractions,
    "emoji": _emoji,
    "sentence": _sentence,
    "names": _names,
    "places": _places,
    "numbers": _numbers,
    "swap": _swap,
    "words": _words,
    "negation": _negation,
}
