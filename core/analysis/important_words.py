"""Important words of a run: how much each word of its validation texts raises or lowers the score of each label.

Each word of a text is left out once (occlusion, as in :mod:`core.prediction.explain`); the logits show its effect on every
label. The job ``python -m core important-words`` writes words.parquet to the folder ``important-words`` of the run.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.analysis.word_effects import WHOLE, WordEffects, logit_columns
from core.jobs.events import OnEvent, Phase, Progress
from core.jobs.folder import JobFolder
from core.jobs.runner import StopSignal, run_job
from core.prediction.deletion import without
from core.prediction.read_text import read_text
from core.run_evaluation import load_predictions
from core.runs import Run
from core.storage import damaged, read_parquet
from core.workspace import workspace_containing, write_atomically

if TYPE_CHECKING:
    from core.models.classifier import Classifier

_RESULT = "words.parquet"
MAX_SAMPLE, _MAX_MISTAKES = 1_000, 300
MAX_SECONDS = 180
# More words of one long text would take the time of many other texts.
_MAX_WORDS = 40
_TEXTS_AT_ONCE = 8
_SEED = 0


@dataclass(frozen=True)
class _Text:
    """A text to explain, its position in the validation split, and whether it was drawn at random."""

    row: int
    text: str
    sampled: bool


def important_words_job(run: Run) -> JobFolder:
    """The important words of a run."""
    return JobFolder(run.folder / "important-words", "important-words", _RESULT)


def read_important_words(job: JobFolder, run: Run) -> WordEffects | None:
    """The effects of the words of validation texts. None while there is no readable result."""

    return job.load_result(lambda path: _read_effects(path, run))


def _read_effects(path: Path, run: Run) -> WordEffects:
    columns = logit_columns(run.task)
    table = read_parquet(path, ("row", "sampled", "word", *columns))
    try:
        table = table.astype({"row": np.int64, "sampled": np.bool_, "word": str} | dict.fromkeys(columns, np.float32))
    except (TypeError, ValueError) as error:
        raise damaged(path, "a column has the wrong type") from error
    whole = table.loc[table["word"] == WHOLE, "row"]
    if whole.duplicated().any() or not table["row"].isin(whole).all():
        raise damaged(path, "lines are missing or repeated")
    if not table["row"].between(0, run.sizes["validation"] - 1).all():
        raise damaged(path, "it does not fit the validation rows")
    return WordEffects(run.task, table)


def run_important_words(folder: Path) -> None:
    """Compute the important words for a folder of :func:`important_words_job` in this process.

    When it is stopped or runs out of time, the texts that were explained until then are the result.
    """

    def compute(on_event: OnEvent, stop: StopSignal) -> None:
        run = Run.open(folder.parent)
        on_event(Phase("loading"))
        from core.models.classifier import load_classifier

        classifier = load_classifier(run.model_folder)
        texts = _choose_texts(run)
        deadline = time.monotonic() + MAX_SECONDS
        with stop.deferred():
            on_event(Phase("explaining"))
            table = _explain(classifier, texts, on_event, lambda: stop.requested or time.monotonic() > deadline)
            if len(table):
                write_atomically(folder / _RESULT, lambda path: table.to_parquet(path, index=False))

    run_job(folder, workspace_containing(folder).home, compute)


def _choose_texts(run: Run) -> list[_Text]:
    """The validation texts to explain, in random order: a sample, and mistakes that are not in it."""
    predictions = load_predictions(run, "validation")
    random = np.random.default_rng(_SEED)
    order = random.permutation(len(predictions.frame))
    sample, rest = order[:MAX_SAMPLE], order[MAX_SAMPLE:]
    mistakes = rest[~predictions.correct[rest]][:_MAX_MISTAKES] if run.task.labels else rest[:0]
    texts = predictions.frame["text"].tolist()
    chosen = [(row, True) for row in sample.tolist()] + [(row, False) for row in mistakes.tolist()]
    return [_Text(row, texts[row], sampled) for row, sampled in (chosen[i] for i in random.permutation(len(chosen)))]


def _explain(
    classifier: "Classifier", texts: Sequence[_Text], on_event: OnEvent, should_stop: Callable[[], bool]
) -> pd.DataFrame:
    """The table of :class:`WordEffects` for texts; only for the first ones if ``should_stop`` returns true."""
    random = np.random.default_rng(_SEED)
    parts: list[pd.DataFrame] = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        if should_stop():
            break
        some = texts[start : start + _TEXTS_AT_ONCE]
        parts.append(_explain_some(classifier, some, random))
        on_event(Progress(start + len(some), len(texts)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _explain_some(classifier: "Classifier", texts: Sequence[_Text], random: np.random.Generator) -> pd.DataFrame:
    lines: list[tuple[int, bool, str]] = []
    variants: list[str] = []
    for text in texts:
        # Only what the model reads: without a word, unread text must not move into its place.
        read = read_text(classifier, text.text)
        if not read.words:
            continue
        lines.append((text.row, text.sampled, WHOLE))
        variants.append(read.text)
        for i in random.permutation(len(read.words))[:_MAX_WORDS].tolist():
            span = read.words[i]
            lines.append((text.row, text.sampled, read.text[slice(*span)].casefold()))
            variants.append(without(read.text, [span]))
    table = pd.DataFrame(lines, columns=["row", "sampled", "word"])
    logits = pd.DataFrame(classifier.logits(variants), columns=logit_columns(classifier.task))
    return pd.concat([table, logits], axis=1)
