"""Runs without a training, a model that is made of the letters of a text, and tests for each task."""

import hashlib
from collections.abc import Sequence

import numpy as np

from core.evaluation.behavior.definitions import BehaviorTest, Change, Direction, Expectation, Templates, WordList
from core.runs import Run
from core.task import Floats, Task

TYPOS = BehaviorTest("Typos", "invariance", Change("typos"))
TEMPLATES = Templates(("I {verb} it.", "We {verb} this <b>place</b>."), (WordList("verb", ("love", "like", "hate")),))


class LetterModel:
    """Logits that depend on the letters of a text by chance, and little on their order. Counts the texts that it computes."""

    def __init__(self, task: Task, change: float = 0.8) -> None:
        self._task, self._change = task, change
        self.computed = 0

    def logits(self, texts: Sequence[str]) -> Floats:
        self.computed += len(texts)
        rows = [self._noise("".join(sorted(text.lower()))) + self._change * self._noise(text) for text in texts]
        return np.asarray(rows, dtype=np.float32)

    def _noise(self, text: str) -> np.ndarray:
        """Numbers between -4 and 4."""
        digest = hashlib.sha256(text.encode()).digest()
        return np.frombuffer(digest, dtype=np.uint16)[: self._task.outputs] / 2**13 - 4


def make_tests(run: Run) -> tuple[BehaviorTest, ...]:
    """Tests of all kinds and directions that fit the task of a run."""
    regression = run.task.kind == "regression"
    label = "" if regression else run.task.labels[0]
    sentence = Change("sentence", ("This is new.",))
    ways: dict[Direction, float] = {"rises": 0.0, "falls": 0.05, "does not rise": 0.0, "does not fall": 0.05}
    moves = [
        BehaviorTest(f"It {way}", "direction", sentence, None, Expectation(label, way, margin))
        for way, margin in ways.items()
    ]
    minimum = Expectation(label, low=-1.0, high=1.0) if regression else Expectation(label)
    return (
        BehaviorTest("Typos", "invariance", Change("typos"), None, Expectation(margin=0.4)),
        BehaviorTest("Numbers", "invariance", Change("numbers"), None, Expectation(margin=1.0 if regression else 0.0)),
        *moves,
        BehaviorTest("Templates", "minimum_functionality", None, TEMPLATES, minimum),
    )
