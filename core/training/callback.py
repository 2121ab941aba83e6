"""The callback that turns the ``Trainer``'s progress into events, stops on request and reports problems."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from core import host
from core.errors import RunError
from core.jobs.events import OnEvent, Problem, Progress, Step, Validation
from core.training.config import TrainingConfig
from core.training.diagnostics import diverging_loss, nonfinite_loss

StopRequested = Callable[[], bool]
# What the Trainer adds to the metrics of a validation.
_NOT_METRICS = {"runtime", "samples_per_second", "steps_per_second", "epoch", "model_preparation_time"}


class ProgressCallback(TrainerCallback):
    """Reports progress, losses and validations as events, ends the training on request, and reports problems."""

    def __init__(self, config: TrainingConfig, on_event: OnEvent, stop_requested: StopRequested) -> None:
        self.config = config
        # The problem that the last validation found; reported at the end of the training.
        self.problem: Problem | None = None
        self._on_event, self._stop_requested = on_event, stop_requested
        self._losses: list[float] = []
        self._start = 0.0
        self._first_step = self._step = 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Note the time and the step at which the training starts or resumes."""
        self._start, self._first_step = time.monotonic(), state.global_step

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Report progress, and end the training if a stop was requested."""
        self._step = state.global_step
        seconds_per_step = (time.monotonic() - self._start) / (self._step - self._first_step)
        seconds_left = seconds_per_step * (state.max_steps - self._step)
        self._on_event(Progress(self._step, state.max_steps, seconds_left))
        if self._any_process_stops():
            control.should_training_stop = True
            # Without a checkpoint there would be no model to keep.
            control.should_evaluate = control.should_save = state.best_model_checkpoint is None

    def _any_process_stops(self) -> bool:
        """Whether a stop was requested in any process: all must end at the same step, or the others would wait forever."""
        requested = self._stop_requested()
        if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
            return requested
        votes = torch.tensor(float(requested), device="cuda" if host.device() == "cuda" else "cpu")
        torch.distributed.all_reduce(votes)
        return bool(votes > 0)

    def nonfinite_error(self) -> RunError:
        """The error that ends a training with NaN or infinite values; the problem is reported as an event too."""
        problem = nonfinite_loss(self._step, self.config)
        self._on_event(problem)
        return RunError(problem.message, problem.hint)

    def report_problems(self) -> None:
        """Report the problem of the training as a whole, if there is one."""
        problem = self.problem or diverging_loss(self._losses, self.config)
        if problem:
            self._on_event(problem)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Report the loss, and end the training if it is not finite."""
        if logs and "loss" in logs:
            if not math.isfinite(logs["loss"]):
                raise self.nonfinite_error()
            self._losses.append(logs["loss"])
            self._on_event(Step(state.global_step, logs["loss"], logs["learning_rate"]))

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Report the metrics of a validation, and free memory for the checkpoint that is written next."""
        host.release_memory()
        values = {name.removeprefix("eval_"): value for name, value in (metrics or {}).items()}
        reported = {name: value for name, value in values.items() if name not in _NOT_METRICS}
        self._on_event(Validation(state.global_step, reported))
