"""What a model reads of a text: how many of its tokens, and its words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from tokenizers import Encoding

from core.models.truncation import Truncation, read_ranges

# The first character and the one after the last.
Span = tuple[int, int]


class TextReader(Protocol):
    """A model that can tell the tokens of a text: a classifier, or a loaded model with any engine."""

    @property
    def max_length(self) -> int:
        """The largest number of tokens that it reads, special tokens included."""
        ...

    @property
    def truncation(self) -> Truncation:
        """What it reads of a longer text."""
        ...

    def encode(self, text: str) -> Encoding:
        """All tokens of a text, also those that are not read."""
        ...


@dataclass(frozen=True)
class TokensRead:
    """The number of tokens of a text, without special tokens, and how many a model reads: the first and the last ones."""

    total: int
    head: int
    tail: int = 0

    @property
    def truncated(self) -> bool:
        """Whether a part of the text is not read."""
        return self.head + self.tail < self.total


@dataclass(frozen=True)
class ReadText:
    """The part of a text that a model reads, as a text of its own with a space between the head and the tail.

    Attributes:
        text: the head and the tail.
        head: the spans in ``text`` of the words of the head.
        tail: those of the tail, empty where there is none.
        unread: the span of the whole text that is not read; empty where all is.
    """

    text: str
    head: list[Span]
    tail: list[Span]
    unread: Span

    @property
    def words(self) -> list[Span]:
        """The spans of all words in ``text``."""
        return self.head + self.tail

    def whole_span(self, span: Span) -> Span:
        """The span of the whole text that corresponds to a span of the head or of the tail."""
        start, end = self.unread
        shift = end - start - 1 if self.tail and span[0] > start else 0
        return span[0] + shift, span[1] + shift


def count_tokens_read(model: TextReader, text: str) -> TokensRead:
    """How many tokens of a text the model reads."""
    encoding = model.encode(text)
    special = encoding.special_tokens_mask
    head, tail = read_ranges(encoding, model.max_length, model.truncation)
    return TokensRead(special.count(0), *(sum(not special[i] for i in positions) for positions in (head, tail)))


def read_text(model: TextReader, text: str) -> ReadText:
    """The part of a text that the model reads, with word pieces merged to words and special tokens left out."""
    encoding = model.encode(text)
    positions = read_ranges(encoding, model.max_length, model.truncation)
    head, tail = (_word_spans(encoding, part) for part in positions)
    head_end = head[-1][1] if head else 0
    # The tokens of one character can be on both sides.
    tail = [(max(start, head_end), end) for start, end in tail if end > head_end]
    if not tail:
        return ReadText(text[:head_end], head, [], (head_end, len(text)))
    tail_start, tail_end = tail[0][0], tail[-1][1]
    shift = head_end + 1 - tail_start
    return ReadText(
        f"{text[:head_end]} {text[tail_start:tail_end]}",
        head,
        [(start + shift, end + shift) for start, end in tail],
        (head_end, tail_start),
    )


def read_tokens(model: TextReader, text: str) -> tuple[list[int], list[Span]]:
    """The ids of the tokens that the model reads, special tokens included, and their spans in the text."""
    encoding = model.encode(text)
    head, tail = read_ranges(encoding, model.max_length, model.truncation)
    ids, offsets = encoding.ids, encoding.offsets
    return [ids[i] for i in (*head, *tail)], [offsets[i] for i in (*head, *tail)]


def _word_spans(encoding: Encoding, positions: Iterable[int]) -> list[Span]:
    words, offsets = encoding.word_ids, encoding.offsets
    spans: dict[int, Span] = {}
    for i in positions:
        word, (start, end) = words[i], offsets[i]
        if word is not None and end > start:
            spans[word] = (spans[word][0], end) if word in spans else (start, end)
    return list(spans.values())
