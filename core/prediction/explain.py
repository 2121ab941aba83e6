"""Explanations: which words of a text a prediction depends on, and whether they really matter.

Occlusion leaves out one word at a time and measures how much the score of a label falls (Zeiler and Fergus 2014; Li et al.
2016). Integrated gradients (Sundararajan et al. 2017) come from captum. Each explanation is checked by deletion: leaving out
the highest-scoring words must lower the score more than leaving out random words (DeYoung et al. 2020, comprehensiveness).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from core.errors import DataError
from core.task import Floats, Task

if TYPE_CHECKING:
    from core.models.classifier import Classifier

Method = Literal["occlusion", "integrated gradients"]
# Longer texts are explained in groups of neighboring words, so that the number of predictions stays bounded.
MAX_UNITS = 100
RANDOM_DRAWS = 20
_DELETED_SHARE = 0.2
_PASSING_SHARE = 0.9


@dataclass(frozen=True)
class WordScore:
    """A word (or a group of neighboring words) with its character span, and how much it raises the label's score.

    The score is a difference of log-odds, or of predicted values in a regression; negative where the word speaks against it.
    """

    word: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class DeletionCheck:
    """What leaving out the ``deleted`` highest-scoring words does, compared with leaving out as many random words.

    ``drop`` and ``random_drop`` (the mean of the random draws) are falls of the label's score; ``beats_random`` is the share
    of random draws with a smaller fall.
    """

    deleted: int
    drop: float
    random_drop: float
    beats_random: float

    @property
    def passed(self) -> bool:
        """Whether the highest-scoring words matter more than nearly all random words."""
        return self.drop > 0 and self.beats_random >= _PASSING_SHARE


@dataclass(frozen=True)
class Explanation:
    """The words of a text with their scores for one label; ``label`` is empty for a regression.

    ``explained_characters`` is less than the length of the text where the model cuts it off.
    """

    text: str
    label: str
    method: Method
    words: tuple[WordScore, ...]
    check: DeletionCheck
    explained_characters: int

    @property
    def highest_words(self) -> list[int]:
        """The positions in ``words`` of the highest-scoring words, which the deletion check leaves out."""
        return _highest([word.score for word in self.words], self.check.deleted)


def explain(
    classifier: "Classifier", text: str, label: str = "", method: Method = "occlusion", seed: int = 0
) -> Explanation:
    """Which words of a text raise or lower the score of a label; the predicted label if none is given.

    Raises:
        DataError: the text has no word, or the task has no such label.
    """
    spans = word_spans(classifier, text)
    if not spans:
        raise DataError("There is no word to explain.", "Type a text of at least one word.")
    # Only what the model reads is explained: without a word, unread text must not move into its place.
    read = text[: spans[-1][1]]
    output = _output_index(classifier, read, label)
    units = _grouped(spans)
    if method == "occlusion":
        without = [read[:start] + read[end:] for start, end in units]
        scores = _label_scores(classifier, [read, *without], output)
        attributions = scores[0] - scores[1:]
    else:
        attributions = _integrated_gradients(classifier, read, units, output)
    words = tuple(
        WordScore(text[start:end], start, end, float(score))
        for (start, end), score in zip(units, attributions, strict=True)
    )
    check = _check_by_deletion(classifier, read, units, attributions, output, seed)
    name = classifier.task.labels[output] if classifier.task.labels else ""
    return Explanation(text, name, method, words, check, len(read))


def word_spans(classifier: "Classifier", text: str) -> list[tuple[int, int]]:
    """The character spans of the words that the model reads, with word pieces merged and special tokens left out."""
    encoding = classifier.tokenizer(
        text, truncation=True, max_length=classifier.max_length, return_offsets_mapping=True
    )
    spans: dict[int, tuple[int, int]] = {}
    for word, (start, end) in zip(encoding.word_ids(), encoding["offset_mapping"], strict=True):
        if word is not None and end > start:
            spans[word] = (spans[word][0], end) if word in spans else (start, end)
    return list(spans.values())


def _grouped(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, joined with their neighbors until there are at most ``MAX_UNITS``."""
    size = -(-len(spans) // MAX_UNITS)
    groups = [spans[first : first + size] for first in range(0, len(spans), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _output_index(classifier: "Classifier", text: str, label: str) -> int:
    """The model's output for a label, or for the predicted label if none is given."""
    labels = classifier.task.labels
    if not labels:
        return 0
    if not label:
        return int(classifier.logits([text])[0].argmax())
    if label not in labels:
        raise DataError(f"There is no label {label!r}.", f"The labels are: {', '.join(labels[:20])}.")
    return labels.index(label)


def _label_scores(classifier: "Classifier", texts: list[str], output: int) -> npt.NDArray[np.float64]:
    return label_scores(classifier.task, classifier.logits(texts), output)


def label_scores(task: Task, logits: Floats, output: int) -> npt.NDArray[np.float64]:
    """The log-odds of a label for each text, (n,), from logits (n, outputs); the predicted value in a regression."""
    values = logits.astype(np.float64)
    if task.one_label:
        others = np.delete(values, output, axis=1)
        return np.asarray(values[:, output] - logsumexp(others, axis=1))
    return values[:, output]


def _integrated_gradients(
    classifier: "Classifier", text: str, units: list[tuple[int, int]], output: int
) -> npt.NDArray[np.float64]:
    from core.models.gradients import integrated_gradients

    encoding: Any = classifier.tokenizer(
        text, truncation=True, max_length=classifier.max_length, return_offsets_mapping=True
    )
    token_scores = integrated_gradients(classifier, encoding["input_ids"], output)
    scores = np.zeros(len(units))
    for score, (start, end) in zip(token_scores, encoding["offset_mapping"], strict=True):
        unit = next((i for i, (first, last) in enumerate(units) if first <= start and end <= last), None)
        if unit is not None and end > start:
            scores[unit] += score
    return scores


def _check_by_deletion(
    classifier: "Classifier",
    text: str,
    units: list[tuple[int, int]],
    attributions: npt.NDArray[np.float64],
    output: int,
    seed: int,
) -> DeletionCheck:
    count = max(1, round(_DELETED_SHARE * len(units)))
    random = np.random.default_rng(seed)
    draws = [random.choice(len(units), count, replace=False) for _ in range(RANDOM_DRAWS)]
    chosen = [_highest(attributions, count), *(draw.tolist() for draw in draws)]
    variants = [_without(text, [units[i] for i in indices]) for indices in chosen]
    scores = _label_scores(classifier, [text, *variants], output)
    drops = scores[0] - scores[1:]
    return DeletionCheck(count, float(drops[0]), float(drops[1:].mean()), float((drops[1:] < drops[0]).mean()))


def _highest(scores: npt.ArrayLike, count: int) -> list[int]:
    return [int(i) for i in np.argsort(-np.asarray(scores), kind="stable")[:count]]


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text
