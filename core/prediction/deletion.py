"""The deletion check of an explanation: leaving out its highest-scoring words must lower the score more than other words do.

This is the comprehensiveness of DeYoung et al. 2020, compared with random words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

# The scores of a label for texts, (n,).
ScoreTexts = Callable[[list[str]], npt.NDArray[np.float64]]
RANDOM_DRAWS = 20
_DELETED_SHARE = 0.2
_PASSING_SHARE = 0.9


@dataclass(frozen=True)
class DeletionCheck:
    """What leaving out the ``deleted`` highest-scoring words does, compared with leaving out as many other words.

    ``drop`` and ``random_drop`` (the mean of ``tries`` random choices of words) are falls of the label's score;
    ``beats_random`` is the share of the tries with a smaller fall. A text with no other choice of words has no tries.
    """

    deleted: int
    drop: float
    random_drop: float
    beats_random: float
    tries: int

    @property
    def passed(self) -> bool:
        """Whether the highest-scoring words matter more than nearly all random words."""
        return self.drop > 0 and self.beats_random >= _PASSING_SHARE


def check_by_deletion(
    text: str, spans: Sequence[tuple[int, int]], scores: npt.NDArray[np.float64], score_texts: ScoreTexts, seed: int
) -> DeletionCheck:
    """The check of the scores (n,) of the words of a text, whose character spans are ``spans``."""
    count = max(1, round(_DELETED_SHARE * len(spans)))
    highest = highest_words(scores, count)
    others = _other_choices(len(spans), highest, np.random.default_rng(seed))
    variants = [without(text, [spans[i] for i in words]) for words in (highest, *others)]
    before, drop_score, *other_scores = score_texts([text, *variants])
    drop, drops = float(before - drop_score), before - np.asarray(other_scores)
    if not others:
        return DeletionCheck(count, drop, 0.0, 0.0, 0)
    return DeletionCheck(count, drop, float(drops.mean()), float((drops < drop).mean()), len(others))


def highest_words(scores: npt.ArrayLike, count: int) -> list[int]:
    """The positions of the ``count`` highest scores, the highest first."""
    return [int(i) for i in np.argsort(-np.asarray(scores), kind="stable")[:count]]


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without the characters of some spans."""
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def _other_choices(words: int, highest: list[int], random: np.random.Generator) -> list[tuple[int, ...]]:
    """Different choices of as many words, none of them the highest-scoring ones themselves; all there are if they are few.

    A short text has few choices: drawn with repetition, the highest-scoring words would be compared with themselves.
    """
    excluded = tuple(sorted(highest))
    if comb(words, len(highest)) <= RANDOM_DRAWS + 1:
        return [choice for choice in combinations(range(words), len(highest)) if choice != excluded]
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < RANDOM_DRAWS:
        choice = tuple(sorted(random.choice(words, len(highest), replace=False).tolist()))
        if choice != excluded:
            drawn[choice] = None
    return list(drawn)
