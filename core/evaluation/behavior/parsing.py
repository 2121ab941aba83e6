"""Lists of words as people type them: one sentence a line, ``verb: love, like`` for a list, ``good = bad`` for a pair."""

from collections.abc import Sequence

from core.errors import ConfigError
from core.evaluation.behavior.definitions import Change, WordList


def parse_lines(text: str) -> tuple[str, ...]:
    """The lines that are not blank, without spaces around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def parse_words(text: str) -> tuple[str, ...]:
    """Words separated by commas or line breaks."""
    return tuple(word.strip() for line in text.splitlines() for word in line.split(",") if word.strip())


def parse_lists(text: str) -> tuple[WordList, ...]:
    """The lists of words of lines such as ``verb: love, like``.

    Raises:
        ConfigError: a line has no colon, or a list is not usable.
    """
    lists = []
    for line in parse_lines(text):
        name, colon, words = line.partition(":")
        if not colon:
            raise ConfigError(f"Expected a name, a colon and words, found {line[:60]!r}.", "Write: verb: love, like")
        lists.append(WordList(name.strip().strip("{}"), parse_words(words)))
    return tuple(lists)


def parse_replacements(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of lines such as ``good = bad, poor``, one for each word on the right.

    Raises:
        ConfigError: a line has no equals sign, or a side of it is empty.
    """
    pairs = []
    for line in parse_lines(text):
        old, equals, new = line.partition("=")
        words = parse_words(new)
        if not equals or not old.strip() or not words:
            raise ConfigError(f"Expected a word, an equals sign and a word, found {line[:60]!r}.", "Write: good = bad")
        pairs += [(old.strip(), word) for word in words]
    return tuple(pairs)


def format_lists(lists: Sequence[WordList]) -> str:
    """The lists as text that :func:`parse_lists` reads."""
    return "\n".join(f"{words.name}: {', '.join(words.words)}" for words in lists)


def format_replacements(change: Change) -> str:
    """The pairs as text that :func:`parse_replacements` reads."""
    return "\n".join(f"{old} = {new}" for old, new in change.replacements)
