"""Explanations: which words of a text a prediction depends on, and whether they really matter.

Occlusion leaves out one word at a time and measures how much the score of a label falls (Zeiler and Fergus 2014; Li et al.
2016). Integrated gradients (Sundararajan et al. 2017) come from captum. Each explanation is checked by deletion: leaving out
the highest-scoring words must lower the score more than leaving out random words (DeYoung et al. 2020, comprehensiveness).
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from core.errors import ConfigError, DataError
from core.prediction.deletion import DeletionCheck, check_by_deletion, highest_words, without
from core.prediction.predict import TextModel
from core.prediction.read_text import ReadText, Span, TextReader, read_text, read_tokens
from core.task import Floats, Task

Method = Literal["occlusion", "integrated gradients"]
# Longer texts are explained in groups of neighboring words, so that the number of predictions stays bounded.
MAX_UNITS = 100


class ExplainedModel(TextModel, TextReader, Protocol):
    """A model that can be explained: a classifier, or a loaded model with any engine."""


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
class Explanation:
    """The words of a text with their scores for one label; ``label`` is empty for a regression.

    The model does not read the characters of the span ``unread``.
    """

    text: str
    label: str
    method: Method
    words: tuple[WordScore, ...]
    check: DeletionCheck
    unread: Span

    @property
    def highest_words(self) -> list[int]:
        """The positions in ``words`` of the highest-scoring words, which the deletion check leaves out."""
        return highest_words([word.score for word in self.words], self.check.deleted)


def explain(
    model: ExplainedModel, text: str, label: str = "", method: Method = "occlusion", seed: int = 0
) -> Explanation:
    """Which words of a text raise or lower the score of a label; the predicted label if none is given.

    Raises:
        ConfigError: integrated gradients of a model that is not a classifier in torch.
        DataError: the text has no word, or the task has no such label.
    """
    # Only what the model reads is explained: without a word, unread text must not move into its place.
    read = read_text(model, text)
    if not read.words:
        raise DataError("There is no word to explain.", "Type a text of at least one word.")
    output = _output_index(model, read.text, label)
    units = _grouped(read)
    if method == "occlusion":
        variants = [without(read.text, [unit]) for unit in units]
        scores = _label_scores(model, output, [read.text, *variants])
        attributions = scores[0] - scores[1:]
    else:
        attributions = _integrated_gradients(model, read.text, units, output)
    words = tuple(
        WordScore(read.text[slice(*unit)], *read.whole_span(unit), float(score))
        for unit, score in zip(units, attributions, strict=True)
    )
    check = check_by_deletion(read.text, units, attributions, partial(_label_scores, model, output), seed)
    name = model.task.labels[output] if model.task.labels else ""
    return Explanation(text, name, method, words, check, read.unread)


def _grouped(read: ReadText) -> list[Span]:
    """The spans of the words, joined with their neighbors of the same part until there are about ``MAX_UNITS``."""
    size = -(-len(read.words) // MAX_UNITS)
    parts = (read.head, read.tail)
    groups = [part[first : first + size] for part in parts for first in range(0, len(part), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _output_index(model: ExplainedModel, text: str, label: str) -> int:
    """The model's output for a label, or for the predicted label if none is given."""
    labels = model.task.labels
    if not labels:
        return 0
    if not label:
        return int(model.logits([text])[0].argmax())
    if label not in labels:
        raise DataError(f"There is no label {label!r}.", f"The labels are: {', '.join(labels[:20])}.")
    return labels.index(label)


def _label_scores(model: ExplainedModel, output: int, texts: list[str]) -> npt.NDArray[np.float64]:
    return label_scores(model.task, model.logits(texts), output)


def label_scores(task: Task, logits: Floats, output: int) -> npt.NDArray[np.float64]:
    """The log-odds of a label for each text, (n,), from logits (n, outputs); the predicted value in a regression."""
    values = logits.astype(np.float64)
    if task.one_label:
        others = np.delete(values, output, axis=1)
        return np.asarray(values[:, output] - logsumexp(others, axis=1))
    return values[:, output]


def _integrated_gradients(model: ExplainedModel, text: str, units: list[Span], output: int) -> npt.NDArray[np.float64]:
    from core.models.classifier import Classifier
    from core.models.gradients import integrated_gradients

    if not isinstance(model, Classifier):
        raise ConfigError("Integrated gradients need the model in torch.", "Choose the engine torch, or occlusion.")
    ids, offsets = read_tokens(model, text)
    token_scores = integrated_gradients(model, ids, output)
    scores = np.zeros(len(units))
    for score, (start, end) in zip(token_scores, offsets, strict=True):
        unit = next((i for i, (first, last) in enumerate(units) if first <= start and end <= last), None)
        if unit is not None and end > start:
            scores[unit] += score
    return scores
