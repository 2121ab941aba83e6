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
from core.jobs.runner import Emit, StopSignal, run_job
from core.runs import MODEL, Result, Run
from core.task import Floats
from core.training import diagnostics
from core.training.config import TrainingConfig
from core.workspace import delete

if TYPE_CHECKING:
    from core.data.splitting import Splits
    from core.models.classifier import Classifier


def work(run: Run, home: Path, on_event: Callable[[Event], None] = lambda event: None) -> None:
    """Carry out a run in this process; see :func:`core.jobs.runner.run_job`.

    Raises:
        StudioError: the run failed for a reason the user can mend.
    """
    if host.is_main_process():
        run_job(run.folder, home, lambda emit, switch: _train_and_evaluate(run, emit, switch), on_event)
    else:
        _join_training(run)


def _train_and_evaluate(run: Run, emit: Emit, switch: StopSignal) -> None:
    start = time.monotonic()
    emit(Phase("loading"))
    # Imported here: it takes seconds, in which the page already shows that the job has begun.
    with _pause_garbage_collection():
        from core.models import classifier as classifiers
        from core.training import linear_probe, trainer  # noqa: F401 -- the trainer is taken from here below

    config = TrainingConfig.from_json(run.record.config)
    splits = run.splits()
    if config.method == "instant":
        emit(Phase("features"))
        untrained = classifiers.build(config.encoder, run.task, config.max_length)
        classifier = untrained.with_head(linear_probe.fit_probe(untrained, splits, config.seed, emit).head)
        classifiers.save_head(classifier, run.model_folder)
    else:
        with switch.deferred():
            classifier = _fine_tune(run, config, splits, emit, switch)
        host.release_memory()
        classifiers.save_whole(classifier, run.model_folder)
    with switch.deferred():
        _evaluate(run, splits, classifier, start, emit)
    if _checkpoints(run).exists():
        delete(_checkpoints(run))


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector from walking through what imports make, again and again: it took a quarter of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _fine_tune(run: Run, config: TrainingConfig, splits: "Splits", emit: Emit, switch: StopSignal) -> "Classifier":
    """Fine-tune; where memory runs out, once more with half the batch. The run keeps the settings that it went through with."""
    from core import run_evaluation
    from core.training import trainer

    def save_instant_logits(logits: Floats) -> None:
        _keep(run, splits, run_evaluation.INSTANT, logits)

    def train(config: TrainingConfig) -> "Classifier":
        with host.limit_memory():
            return trainer.fine_tune(
                splits, config, _checkpoints(run), emit, lambda: switch.requested, save_instant_logits
            )

    try:
        return train(config)
    except (MemoryError, RuntimeError, OSError) as error:
        again = diagnostics.out_of_memory(config) if host.is_out_of_memory(error) and host.processes() == 1 else None
        if again is None:
            raise
    trouble, smaller = again
    emit(trouble)
    run.reconfigured(smaller.to_json())
    shutil.rmtree(_checkpoints(run), ignore_errors=True)
    host.release_memory()
    return train(smaller)


def _join_training(run: Run) -> None:
    """Be one of several processes that train together: the first of them evaluates, writes and speaks for all."""
    from core.training import trainer

    config = TrainingConfig.from_json(run.record.config)
    if config.method == "fine-tune":
        with host.limit_memory():
            trainer.fine_tune(run.splits(), config, _checkpoints(run), lambda event: None, lambda: False)


def _checkpoints(run: Run) -> Path:
    return run.folder / "checkpoints"


def _evaluate(run: Run, splits: "Splits", classifier: "Classifier", start: float, emit: Emit) -> None:
    """Predict validation and test once, the baselines beside them, and keep all of it."""
    from core import run_evaluation
    from core.evaluation import baselines
    from core.evaluation.metrics import summary
    from core.training import linear_probe

    emit(Phase("evaluating"))
    task, config = run.task, TrainingConfig.from_json(run.record.config)
    targets = {name: task.encode(frame["label"].tolist()) for name, frame in splits}
    texts = [*splits.validation["text"], *splits.test["text"]]
    _keep(run, splits, "majority", baselines.majority(task, targets["train"], len(texts)))
    tfidf = baselines.tfidf(task, splits.train["text"].tolist(), targets["train"], texts)
    _keep(run, splits, "tfidf", tfidf)
    # A run that went on after a kill, or began from another head, may have no answers of the instant model yet.
    if config.method == "fine-tune" and not run.has_logits("test", run_evaluation.INSTANT):
        instant = linear_probe.answers(splits, config)
        if instant is not None:
            _keep(run, splits, run_evaluation.INSTANT, instant)
    began = time.monotonic()
    logits = classifier.logits(texts)
    seconds = time.monotonic() - began
    _keep(run, splits, MODEL, logits)

    def metrics_of(split: str, source: str) -> dict[str, float]:
        return summary.summarize(task, targets[split], run.logits(split, source))

    run_evaluation.assess(run)
    run.save_result(
        Result(
            validation=metrics_of("validation", MODEL),
            test=metrics_of("test", MODEL),
            baselines={
                source: metrics_of("test" if len(splits.test) else "validation", source) for source in baselines.TITLES
            },
            seconds=time.monotonic() - start,
            peak_memory_mb=host.peak_memory_mb(),
            prediction_seconds=seconds,
            texts_per_second=len(texts) / max(seconds, 1e-9),
        )
    )


def _keep(run: Run, splits: "Splits", source: str, logits: Floats) -> None:
    """Save the logits of one for the validation rows, then the test rows."""
    first_of_test = len(splits.validation)
    run.save_logits("validation", source, logits[:first_of_test])
    run.save_logits("test", source, logits[first_of_test:])
