"""What ``python -m core run`` does: wait for its turn, train, evaluate, leave everything in the run folder."""

import gc
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core import host
from core.jobs.events import Event, Phase
from core.jobs.work import StopSwitch, Tell, carry_out
from core.runs import MODEL, Result, Run
from core.task import Floats
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
    with _no_collection():
        from core.models import classifier as classifiers
        from core.training import frozen, trainer  # noqa: F401 -- the trainer is taken from here below

    config = TrainingConfig.from_json(run.record.config)
    splits = run.splits()
    if config.method == "instant":
        tell(Phase("features"))
        untrained = classifiers.build(config.encoder, run.task, config.max_length)
        classifier = untrained.with_head(frozen.probe(untrained, splits, config.seed, tell).head)
        classifiers.save_head(classifier, run.model_folder)
    else:
        with switch.deferred():
            classifier = _fine_tune(run, config, splits, tell, switch)
        host.give_back_memory()
        classifiers.save_whole(classifier, run.model_folder)
    with switch.deferred():
        _evaluate(run, splits, classifier, start, tell)
    if _checkpoints(run).exists():
        delete(_checkpoints(run))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from walking through what imports make, again and again: it took a quarter of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _fine_tune(run: Run, config: TrainingConfig, splits: "Splits", tell: Tell, switch: StopSwitch) -> "Classifier":
    """Fine-tune; where memory runs out, once more with half the batch. The run keeps the settings that it went through with."""
    from core import assessment
    from core.training import trainer

    def keep_instant(logits: Floats) -> None:
        _keep(run, splits, assessment.INSTANT, logits)

    def train(config: TrainingConfig) -> "Classifier":
        with host.failing_rather_than_killed():
            return trainer.fine_tune(splits, config, _checkpoints(run), tell, lambda: switch.requested, keep_instant)

    try:
        return train(config)
    except (MemoryError, RuntimeError, OSError) as error:
        again = health.out_of_memory(config) if host.is_out_of_memory(error) and host.processes() == 1 else None
        if again is None:
            raise
    trouble, smaller = again
    tell(trouble)
    run.reconfigured(smaller.to_json())
    shutil.rmtree(_checkpoints(run), ignore_errors=True)
    host.give_back_memory()
    return train(smaller)


def _help(run: Run) -> None:
    """Be one of several processes that train together: the first of them evaluates, writes and speaks for all."""
    from core.training import trainer

    config = TrainingConfig.from_json(run.record.config)
    if config.method == "fine-tune":
        with host.failing_rather_than_killed():
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
    targets = {name: task.encode(frame["label"].tolist()) for name, frame in splits}
    texts = [*splits.validation["text"], *splits.test["text"]]
    _keep(run, splits, "majority", baselines.majority(task, targets["train"], len(texts)))
    tfidf = baselines.tfidf(task, splits.train["text"].tolist(), targets["train"], texts)
    _keep(run, splits, "tfidf", tfidf)
    # A run that went on after a kill, or began from another head, may have no answers of the instant model yet.
    if config.method == "fine-tune" and not run.has_logits("test", assessment.INSTANT):
        instant = frozen.answers(splits, config)
        if instant is not None:
            _keep(run, splits, assessment.INSTANT, instant)
    began = time.monotonic()
    logits = classifier.logits(texts)
    seconds = time.monotonic() - began
    _keep(run, splits, MODEL, logits)

    def summary(split: str, who: str) -> dict[str, float]:
        return metrics.summarise(task, targets[split], run.logits(split, who))

    assessment.assess(run)
    run.save_result(
        Result(
            validation=summary("validation", MODEL),
            test=summary("test", MODEL),
            baselines={who: summary("test" if len(splits.test) else "validation", who) for who in baselines.TITLES},
            seconds=time.monotonic() - start,
            peak_memory_mb=host.peak_memory_mb(),
            prediction_seconds=seconds,
            texts_per_second=len(texts) / max(seconds, 1e-9),
        )
    )


def _keep(run: Run, splits: "Splits", who: str, logits: Floats) -> None:
    """Save the logits of one for the validation rows, then the test rows."""
    first_of_test = len(splits.validation)
    run.save_logits("validation", who, logits[:first_of_test])
    run.save_logits("test", who, logits[first_of_test:])
