"""What ``python -m core run`` does: wait for its turn, train, evaluate, leave everything in the run folder."""

import os
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from core import host
from core.errors import StudioError
from core.jobs import events, process, queue
from core.jobs.events import Event, Phase
from core.runs import MODEL, Result, Run
from core.training.config import TrainingConfig

if TYPE_CHECKING:
    from core.data.splitting import Splits
    from core.models.classifier import Classifier

_NICENESS = 10


class _Stopped(BaseException):
    """Somebody asked the job to end before there was anything to keep."""


class _StopSwitch:
    """SIGTERM: an orderly end while training, which keeps its best checkpoint; the end of the job before and after."""

    def __init__(self) -> None:
        self.requested = False
        self._training = False

    def listen(self) -> None:
        """Take over the signal, where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._on_signal)

    @contextmanager
    def training(self) -> Iterator[None]:
        """While this lasts a signal only sets ``requested``."""
        self._training = True
        try:
            yield
        finally:
            self._training = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if not self._training:
            raise _Stopped


def work(run: Run, home: Path, on_event: Callable[[Event], None] = lambda event: None) -> None:
    """Carry out a run in this process. How it ended is in its status; errors a user can mend are raised as well.

    Raises:
        StudioError: the run failed for a reason the user can mend.
    """
    switch = _StopSwitch()
    switch.listen()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)

    def tell(event: Event) -> None:
        events.append(run.folder, event)
        on_event(event)

    process.write_status(run.folder, "queued")
    try:
        tell(Phase("waiting"))
        with queue.turn(home, run.folder, os.getpid(), lambda ahead: None):
            process.write_status(run.folder, "running")
            _train_and_evaluate(run, tell, switch)
        process.write_status(run.folder, "stopped" if switch.requested else "finished")
    except _Stopped:
        process.write_status(
            run.folder, "stopped", "Stopped before there was a model to keep.", "Start it again when you like."
        )
    except StudioError as error:
        process.write_status(run.folder, "failed", error.message, error.hint)
        raise
    except BaseException as error:
        traceback.print_exc()
        message, hint = _in_plain_words(error)
        process.write_status(run.folder, "failed", message, hint)
        raise


def _train_and_evaluate(run: Run, tell: Callable[[Event], None], switch: _StopSwitch) -> None:
    start = time.monotonic()
    tell(Phase("loading"))
    # Imported here: it takes seconds, in which the page already shows that the job has begun.
    from core.models import classifier as classifiers
    from core.training import trainer

    config = TrainingConfig.from_json(run.record.config)
    splits = run.splits()
    if config.method == "instant":
        tell(Phase("features"))
        classifier = trainer.warm_start(
            classifiers.build(config.encoder, run.task, config.max_length), splits, config.seed, tell
        )
        classifiers.save_head(classifier, run.model_folder)
    else:
        with switch.training():
            classifier = trainer.fine_tune(splits, config, run.folder / "checkpoints", tell, lambda: switch.requested)
        classifiers.save_whole(classifier, run.model_folder)
    with switch.training():
        _evaluate(run, splits, classifier, start, tell)
    shutil.rmtree(run.folder / "checkpoints", ignore_errors=True)


def _evaluate(
    run: Run, splits: "Splits", classifier: "Classifier", start: float, tell: Callable[[Event], None]
) -> None:
    """Predict validation and test once, the baselines beside them, and keep all of it."""
    from core.evaluation import baselines, metrics

    tell(Phase("evaluating"))
    task = run.task
    train_targets = task.encode(splits.train["label"].tolist())
    summaries: dict[str, dict[str, dict[str, float]]] = {}
    measured = {name: frame for name, frame in splits if name != "train"}
    texts = [text for frame in measured.values() for text in frame["text"]]
    answers = {
        "majority": baselines.majority(task, train_targets, len(texts)),
        "tfidf": baselines.tfidf(task, splits.train["text"].tolist(), train_targets, texts),
    }
    began = time.monotonic()
    answers[MODEL] = classifier.logits(texts)
    seconds = time.monotonic() - began
    first = 0
    for split, frame in measured.items():
        rows = slice(first, first + len(frame))
        first += len(frame)
        targets = task.encode(frame["label"].tolist())
        for who, logits in answers.items():
            run.save_logits(split, who, logits[rows])
        summaries[split] = {who: metrics.summarise(task, targets, logits[rows]) for who, logits in answers.items()}
    run.save_result(
        Result(
            validation=summaries["validation"][MODEL],
            test=summaries["test"][MODEL],
            baselines={who: summaries["test" if len(splits.test) else "validation"][who] for who in baselines.TITLES},
            seconds=time.monotonic() - start,
            peak_memory_mb=host.peak_memory_mb(),
            prediction_seconds=seconds,
            texts_per_second=len(texts) / max(seconds, 1e-9),
        )
    )


def _in_plain_words(error: BaseException) -> tuple[str, str]:
    text = str(error).strip().split("\n")[0]
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text.lower():
        return "The machine ran out of memory.", "Choose a smaller batch, shorter texts or a smaller encoder."
    if isinstance(error, OSError) and error.errno == 28:
        return "The disk is full.", "Delete runs you no longer need on the Models page, then start again."
    return (
        f"The training ended with an unexpected error: {type(error).__name__}: {text}",
        "The log in the run's folder holds the details.",
    )
