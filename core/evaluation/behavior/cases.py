"""The cases of a behavioral test: pairs of a text before and after its change, from a bounded number of seed texts."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.behavior.changes import apply_change
from core.evaluation.behavior.definitions import BehaviorTest, Change
from core.evaluation.behavior.templates import fill_templates
from core.evaluation.statistics.units import Units
from core.types import IndexArray

MAX_CASES = 500
# With few seed texts, each is changed in up to this many ways.
_VARIANTS = 3
# Random changes of a text are sometimes the same; so many more are tried.
_TRIES = 9
# Of more texts only so many are searched for something to change, and of longer ones so many characters are used.
_MAX_SEARCHED = 20_000
MAX_CHARACTERS = 10_000


@dataclass(frozen=True)
class Cases:
    """Texts before and after the change, which are equal in a minimum functionality test, and the unit of each case (n,).

    Cases of the same seed text, or of the same template, are one unit.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    units: IndexArray

    def __len__(self) -> int:
        return len(self.after)


def make_cases(test: BehaviorTest, texts: Sequence[str], units: Units = None, seed: int = 0) -> Cases:
    """Up to ``MAX_CASES`` cases of a test. The same texts give the same cases.

    Args:
        test: the test.
        texts: the validation texts; unused where the test has templates.
        units: the unit of each text (n,); None where each is its own.
        seed: the seed of all random choices.

    Raises:
        ConfigError: a template names a list that does not exist, or a brace is alone.
    """
    if test.templates is not None:
        seeds: Iterable[tuple[int, str]] = fill_templates(test.templates, MAX_CASES, seed)
    else:
        seeds = _sample(texts, units, seed)
    if test.change is None:
        return _collect([(unit, text, text) for unit, text in seeds])
    changed = list(_change_texts(seeds, test.change, seed))
    variants = max(1, min(_VARIANTS, MAX_CASES // max(1, len(changed))))
    return _collect([case for of_text in changed for case in of_text[:variants]])


def _sample(texts: Sequence[str], units: Units, seed: int) -> Iterator[tuple[int, str]]:
    """The unit and the text of rows in an order that depends on the seed."""
    order = np.random.default_rng(seed).permutation(len(texts))[:_MAX_SEARCHED].tolist()
    seen: set[str] = set()
    for row in order:
        text = texts[row][:MAX_CHARACTERS]
        if text.strip() and text not in seen:
            seen.add(text)
            yield (row if units is None else int(units[row])), text


def _change_texts(seeds: Iterable[tuple[int, str]], change: Change, seed: int) -> Iterator[list[tuple[int, str, str]]]:
    """The different changes of each of the first ``MAX_CASES`` seed texts in which there is something to change."""
    count = 0
    for unit, text in seeds:
        rng = random.Random(f"{seed}|{change.kind}|{text}")
        if (first := apply_change(change, text, rng)) == text:
            continue
        changed = dict.fromkeys([first, *(apply_change(change, text, rng) for _ in range(_TRIES))])
        variants = [variant for variant in changed if variant.strip() and variant != text]
        if variants:
            yield [(unit, text, variant) for variant in variants]
            count += 1
        if count == MAX_CASES:
            return


def _collect(cases: Sequence[tuple[int, str, str]]) -> Cases:
    units = np.asarray([unit for unit, _, _ in cases], dtype=np.intp)
    return Cases(tuple(before for _, before, _ in cases), tuple(after for _, _, after in cases), units)
