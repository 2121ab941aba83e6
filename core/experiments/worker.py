"""Runs a training run in this process: ``python -m core run`` trains, evaluates and saves everything in the run's folder."""

import gc
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core import host
from core.errors import ModelError
from core.jobs.events import FirstModel, OnEvent, Phase, ignore_event
from core.jobs.runner import StopSignal, run_job
from core.run_result import Result
from core.runs import MODEL, Run
from core.task import Floats
from core.training import diagnostics
from core.training.config import TrainingConfig
from core.workspace import delete, find_child, workspace_containing

if TYPE_CHECKING:
    from core.data.splitting import Splits
    from core.evaluation.decisions.weight_correction import Calibration
    from core.models.classifier import Classifier
    from core.models.feature_cache import FeatureCache
    from core.types import FloatArray, Targets


def run_worker(run: Run, home: Path, on_event: OnEvent = ignore_event) -> None:
    """Carry out a run in this process; see :func:`core.jobs.runner.run_job`.

    Raises:
        StudioError: the run failed for a reason that the user can fix.
    """
    if host.is_main_process():
        run_job(run.folder, home, lambda on_event, stop: _train_and_evaluate(run, on_event, stop), on_event)
    else:
        _join_training(run)


@dataclass(frozen=True)
class _Trained:
    """A model with its logits for the validation rows, then the test rows, and the seconds that predicting them takes.

    ``save`` folds a calibration into it and writes it. ``optimism`` is by how much its validation score flatters.
    """

    save: Callable[["Calibration"], None]
    logits: Floats
    prediction_seconds: float
    optimism: float | None = None


def _train_and_evaluate(run: Run, on_event: OnEvent, stop: StopSignal) -> None:
    start = time.monotonic()
    on_event(Phase("loading"))
    splits = run.splits()
    if run.config.method == "instant":
        trained = _fit_instant(run, splits, on_event)
    else:
        # Imported here because it takes seconds, and the page already shows that the job has started.
        with _paused_garbage_collection():
            from core.training import trainer  # noqa: F401 -- used by the functions below
        with stop.deferred():
            trained = _fine_tune(run, splits, on_event, stop)
    with stop.deferred():
        calibration = _calibrate(run, splits, trained)
        trained.save(calibration)
        _evaluate_baselines(run, splits)
        _save_result(run, trained, calibration, start)
    if _checkpoints(run).exists():
        delete(_checkpoints(run))
    from core.behavior.execution import run_tests_after_training

    # The tests load the saved model.
    del trained
    host.release_memory()
    with stop.deferred():
        run_tests_after_training(run, on_event, lambda: stop.requested)


@contextmanager
def _paused_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector from scanning the imported objects again and again: it takes a quarter of the import time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _fit_instant(run: Run, splits: "Splits", on_event: OnEvent) -> _Trained:
    """The instant model, after a first model. The pass over the texts that fits its head also makes its predictions."""
    with _paused_garbage_collection():
        from core.evaluation.selection_optimism import selection_optimism
        from core.models.features import load_frozen_encoder
        from core.models.record import ModelRecord, write_head
        from core.training.first_model import save_first_model
        from core.training.head_fitting import training_class_weights
        from core.training.linear_probe import fit_probe

    config = run.config
    with suppress(ModelError):  # which the encoder raises again if it cannot be loaded
        on_event(FirstModel(save_first_model(splits, config, run.first_model_folder)))
    on_event(Phase("features"))
    encoder = load_frozen_encoder(config.encoder, config.max_length, config.truncation)
    fitted = fit_probe(encoder, splits, config.seed, on_event, include_test=True, cache=_feature_cache(run))
    on_event(Phase("evaluating"))

    def save(calibration: "Calibration") -> None:
        record = ModelRecord("head", run.task, config.encoder, encoder.max_length, config.truncation)
        write_head(run.model_folder, fitted.head.calibrated(calibration), record)

    targets = [run.task.encode(rows["label"].tolist()) for rows in (splits.train, splits.validation)]
    weights = training_class_weights(run.task, targets[0])
    optimism = selection_optimism(run.task, targets[1], fitted.candidates, weights)
    return _Trained(save, fitted.logits, fitted.seconds_per_text * len(fitted.logits), optimism)


def _feature_cache(run: Run) -> "FeatureCache | None":
    """Where the features of the texts are kept for other seeds and folds; None unless the run is one of several."""
    from core.models.feature_cache import FeatureCache

    dataset = find_child(workspace_containing(run.folder).datasets, run.dataset.id)
    return FeatureCache(dataset / "features") if run.group and dataset else None


def _fine_tune(run: Run, splits: "Splits", on_event: OnEvent, stop: StopSignal) -> _Trained:
    """The fine-tuned model. If memory runs out, training restarts once with half the batch size, which the run records."""
    from core.run_evaluation import INSTANT
    from core.training import trainer

    selected: list[float | None] = []

    def train(config: TrainingConfig) -> "Classifier":
        with host.limit_memory():
            return trainer.fine_tune(
                trainer.FineTuning(
                    splits=splits,
                    config=config,
                    checkpoints=_checkpoints(run),
                    on_event=on_event,
                    stop_requested=lambda: stop.requested,
                    on_probe=lambda logits: _save_logits(run, splits, INSTANT, logits),
                    on_selected=selected.append,
                    cache=_feature_cache(run),
                )
            )

    try:
        classifier = train(run.config)
    except (MemoryError, RuntimeError, OSError) as error:
        is_retried = host.is_out_of_memory(error) and host.processes() == 1
        retry = diagnostics.out_of_memory(run.config) if is_retried else None
        if retry is None:
            raise
    else:
        return replace(_predict(run, classifier, splits, on_event), optimism=selected[-1])
    # Outside of the handler, whose traceback would keep the memory of the first attempt.
    problem, smaller = retry
    on_event(problem)
    run.reconfigure(smaller)
    shutil.rmtree(_checkpoints(run), ignore_errors=True)
    host.release_memory()
    return replace(_predict(run, train(smaller), splits, on_event), optimism=selected[-1])


def _predict(run: Run, classifier: "Classifier", splits: "Splits", on_event: OnEvent) -> _Trained:
    from core.models.classifier import calibrate_output, save_pretrained

    def save(calibration: "Calibration") -> None:
        calibrate_output(classifier, calibration)
        save_pretrained(classifier, run.model_folder)

    host.release_memory()
    on_event(Phase("evaluating"))
    start = time.monotonic()
    logits = classifier.logits(_evaluated_texts(splits))
    return _Trained(save, logits, time.monotonic() - start)


def _join_training(run: Run) -> None:
    """Train as one of several processes; only the main process evaluates, writes and reports."""
    from core.training.trainer import FineTuning, fine_tune

    if run.config.method == "fine-tune":
        with host.limit_memory():
            fine_tune(FineTuning(run.splits(), run.config, _checkpoints(run)))


def _checkpoints(run: Run) -> Path:
    return run.folder / "checkpoints"


def _evaluated_texts(splits: "Splits") -> list[str]:
    return [*splits.validation["text"], *splits.test["text"]]


def _calibrate(run: Run, splits: "Splits", trained: _Trained) -> "Calibration":
    """The calibration, fitted on validation. The calibrated logits are saved."""
    from core.evaluation.decisions.weight_correction import fit_calibration

    y_train, y_validation = (run.task.encode(rows["label"].tolist()) for rows in (splits.train, splits.validation))
    logits = trained.logits[: len(splits.validation)]
    calibration = fit_calibration(run.task, y_validation, logits, _class_weights(run, y_train))
    _save_logits(run, splits, MODEL, calibration.apply(trained.logits))
    return calibration


def _class_weights(run: Run, y_train: "Targets") -> "FloatArray | None":
    """The weights of the classes in the model's loss, (outputs,); an instant model weighs them alike. None for other tasks."""
    from core.training.class_weights import class_weights

    power = run.config.class_weight_power if run.config.method == "fine-tune" else 1.0
    return class_weights(y_train, run.task.outputs, power) if run.task.one_label else None


def _evaluate_baselines(run: Run, splits: "Splits") -> None:
    """Save the logits of the baselines for the validation and test rows."""
    from core.evaluation import baselines
    from core.run_evaluation import INSTANT
    from core.training.linear_probe import probe_logits

    train, validation = (
        baselines.LabeledRows(rows["text"].tolist(), run.task.encode(rows["label"].tolist()))
        for rows in (splits.train, splits.validation)
    )
    evaluated_rows = len(splits.validation) + len(splits.test)
    _save_logits(run, splits, "majority", baselines.majority(run.task, train.targets, evaluated_rows))
    weights = _class_weights(run, train.targets)
    tfidf = baselines.tfidf(run.task, train, validation, splits.test["text"].tolist(), weights)
    _save_logits(run, splits, "tfidf", tfidf)
    # The instant baseline is there already, unless training started from a random head or resumed after a kill.
    if run.config.method == "fine-tune" and not run.has_logits("test", INSTANT):
        logits = probe_logits(splits, run.config)
        if logits is not None:
            _save_logits(run, splits, INSTANT, logits)


def _save_result(run: Run, trained: _Trained, calibration: "Calibration", start: float) -> None:
    """Evaluate the saved logits and save the result, with which the run counts as finished."""
    from core.evaluation import baselines
    from core.evaluation.metrics import summary
    from core.run_evaluation import evaluate_run

    def metrics(split: str, source: str) -> dict[str, float]:
        targets = run.task.encode(run.split(split)["label"].tolist())
        return summary.summarize(run.task, targets, run.logits(split, source))

    evaluate_run(run)
    baseline_split = "test" if run.sizes["test"] else "validation"
    run.save_result(
        Result(
            validation=metrics("validation", MODEL),
            test=metrics("test", MODEL),
            baselines={source: metrics(baseline_split, source) for source in baselines.NAMES},
            seconds=time.monotonic() - start,
            peak_memory_mb=host.peak_memory_mb(),
            prediction_seconds=trained.prediction_seconds,
            texts_per_second=len(trained.logits) / max(trained.prediction_seconds, 1e-9),
            temperature=calibration.temperature,
            validation_optimism=trained.optimism,
            class_offsets=calibration.offsets,
        )
    )


def _save_logits(run: Run, splits: "Splits", source: str, logits: Floats) -> None:
    """Save logits for the validation rows, then the test rows."""
    validation_rows = len(splits.validation)
    run.save_logits("validation", source, logits[:validation_rows])
    run.save_logits("test", source, logits[validation_rows:])
