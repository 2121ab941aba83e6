"""What ``python -m core run`` does: wait for its turn, train, evaluate, leave everything in the run folder."""

import gc
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core import host
from core.jobs.events import Event, Phase
from core.jobs.work import StopSwitch, Tell, carry_out
from core.runs import MODEL, Result, Run
from core.training import health
from core.training.config import TrainingConfig
from core.workspace import delete

if TYPE_CHECKING:
    from core.data.splitting import Splits
    from core.models.classifier import Classifier


def work(run: Run, home: Path, on_event: Callable[[Event], None] = lambda event: None) -> None:
    """Carry out a run in this process; see :func:`core.jobs.work.carry_out`.

    Raises:
        StudioError: the run failed for a reason the user can mend.
    """
    if host.is_main_process():
        carry_out(run.folder, home, lambda tell, switch: _train_and_evaluate(run, tell, switch), on_event)
    else:
        _help(run)


def _train_and_evaluate(run: Run, tell: Tell, switch: StopSwitch) -> None:
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
        with switch.deferred():
            classifier = _fine_tune(run, config, splits, tell, switch)
        classifiers.save_whole(classifier, run.model_folder)
    with switch.deferred():
        _evaluate(run, splits, classifier, start, tell)
    if _checkpoints(run).exists():
        delete(_checkpoints(run))


def _fine_tune(run: Run, config: TrainingConfig, splits: "Splits", tell: Tell, switch: StopSwitch) -> "Classifier":
    """Fine-tune; where memory runs out, once more with half the batch. The run keeps the settings that it went through with."""
    from core.training import trainer

    try:
        return trainer.fine_tune(splits, config, _checkpoints(run), tell, lambda: switch.requested)
    except (MemoryError, RuntimeError) as error:
        again = health.out_of_memory(config) if health.is_out_of_memory(error) and host.processes() == 1 else None
        if again is None:
            raise
    trouble, smaller = again
    tell(trouble)
    run.reconfigured(smaller.to_json())
    shutil.rmtree(_checkpoints(run), ignore_errors=True)
    gc.collect()
    return trainer.fine_tune(splits, smaller, _checkpoints(run), tell, lambda: switch.requested)


def _help(run: Run) -> None:
    """Be one of several processes that train together: the first of them evaluates, writes and speaks for all."""
    from core.training import trainer

    config = TrainingConfig.from_json(run.record.config)
    if config.method == "fine-tune":
        trainer.fine_tune(run.splits(), config, _checkpoints(run), lambda event: None, lambda: False)


def _checkpoints(run: Run) -> Path:
    return run.folder / "checkpoints"


def _evaluate(run: Run, splits: "Splits", classifier: "Classifier", start: float, tell: Tell) -> None:
    """Predict validation and test once, the baselines beside them, and keep all of it."""
    from core import assessment
    from core.evaluation import baselines, metrics
    from core.training import frozen

    tell(Phase("evaluating"))
    task, config = run.task, TrainingConfig.from_json(run.record.config)
    train_targets = task.encode(splits.train["label"].tolist())
    summaries: dict[str, dict[str, dict[str, float]]] = {}
    measured = {name: frame for name, frame in splits if name != "train"}
    texts = [text for frame in measured.values() for text in frame["text"]]
    answers = {
        "majority": baselines.majority(task, train_targets, len(texts)),
        "tfidf": baselines.tfidf(task, splits.train["text"].tolist(), train_targets, texts),
    }
    if config.method == "fine-tune" and (instant := frozen.answers(splits, config)) is not None:
        answers[assessment.INSTANT] = instant
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
    assessment.assess(run)
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
