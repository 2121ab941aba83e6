"""WordEffects: what leaving out words of texts does to the logits, and the mean effect of each word on a label."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.prediction.explain import label_scores
from core.task import Floats, Task

# A word in fewer texts may be important by chance.
MIN_TEXTS = 3
# The word of the line of a whole text.
WHOLE = ""


@dataclass(frozen=True)
class WordEffects:
    """The logits of texts, and those of the same texts without each of their words.

    ``table`` has a line for each text with the word ``WHOLE``, and one for each word: row (the position in the split),
    sampled (false for texts that were added because they are mistakes), word, and the logits "0", "1", …
    """

    task: Task
    table: pd.DataFrame

    @property
    def sampled_texts(self) -> int:
        """The number of texts that were drawn at random."""
        return int(self._whole["sampled"].sum())

    @property
    def rows(self) -> set[int]:
        """The positions of all texts in the split."""
        return set(self._whole["row"].astype(int))

    def for_label(self, label: str = "", min_texts: int = MIN_TEXTS) -> pd.DataFrame:
        """The mean effect of each word on a label's score over the sampled texts, the highest first.

        The score is the log-odds of the label, or the predicted value where the task has no labels.

        Returns:
            A line for each word in at least ``min_texts`` sampled texts: word, score, texts.
        """
        output = self.task.labels.index(label) if label else 0
        effects = self._effects(lambda logits: label_scores(self.task, logits, output))
        return _mean_by_word(effects[effects["sampled"]], min_texts)

    def for_confusion(
        self, rows: Collection[int], actual: str, predicted: str, min_texts: int = MIN_TEXTS
    ) -> pd.DataFrame:
        """The mean effect of each word on the logit of ``predicted`` minus that of ``actual`` over the texts at ``rows``.

        Returns:
            A line for each word in at least ``min_texts`` of these texts, the highest first: word, score, texts.
        """
        toward, away = (self.task.labels.index(name) for name in (predicted, actual))
        effects = self._effects(lambda logits: np.asarray(logits[:, toward] - logits[:, away], dtype=np.float64))
        return _mean_by_word(effects[effects["row"].isin(rows)], min_texts)

    def rows_with(self, word: str) -> list[int]:
        """The positions in the split of the texts in which a word was left out."""
        return [int(row) for row in self._words.loc[self._words["word"] == word, "row"].drop_duplicates()]

    @cached_property
    def _whole(self) -> pd.DataFrame:
        return self.table[self.table["word"] == WHOLE]

    @cached_property
    def _words(self) -> pd.DataFrame:
        return self.table[self.table["word"] != WHOLE]

    def _effects(self, score: Callable[[Floats], npt.NDArray[np.float64]]) -> pd.DataFrame:
        """A line for each word: row, sampled, word, and the score of the whole text minus that of the text without it."""
        before = pd.Series(score(self._logits(self._whole)), index=self._whole["row"].to_numpy())
        effects = self._words[["row", "sampled", "word"]]
        return effects.assign(score=before.loc[effects["row"]].to_numpy() - score(self._logits(self._words)))

    def _logits(self, lines: pd.DataFrame) -> Floats:
        return lines[logit_columns(self.task)].to_numpy(dtype=np.float32)


def logit_columns(task: Task) -> list[str]:
    """The names of the columns with logits."""
    return [str(i) for i in range(task.outputs)]


def _mean_by_word(effects: pd.DataFrame, min_texts: int) -> pd.DataFrame:
    words = effects.groupby("word").agg(score=("score", "mean"), texts=("row", "nunique")).reset_index()
    enough = words[words["texts"] >= min_texts]
    return enough.sort_values("score", ascending=False, kind="stable", ignore_index=True)
