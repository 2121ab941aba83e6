"""What a training tells as it runs: progress and measurements as events, a wish to stop as an orderly end, bad signs in words."""

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


class ProgressCallback(TrainerCallback):
    """Turns what the Trainer tells its callbacks into events, a wish to stop into an orderly end, and bad signs into words."""

    def __init__(self, config: TrainingConfig, on_event: OnEvent, stop_requested: StopRequested) -> None:
        self.config = config
        self.trouble: Problem | None = None
        self._on_event, self._stop_requested = on_event, stop_requested
        self._losses: list[float] = []
        self._start = 0.0
        self._first_step = self._step = 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Note where the training begins, or goes on."""
        self._start, self._first_step = time.monotonic(), state.global_step

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Tell how far it is, and end where somebody wishes it."""
        self._step = state.global_step
        done = self._step - self._first_step
        seconds_a_step = (time.monotonic() - self._start) / done
        self._on_event(
            Progress(state.global_step, state.max_steps, seconds_a_step * (state.max_steps - state.global_step))
        )
        if self._somebody_wants_to_stop():
            control.should_training_stop = True
            # Without a checkpoint there would be nothing to keep.
            control.should_evaluate = control.should_save = state.best_model_checkpoint is None

    def _somebody_wants_to_stop(self) -> bool:
        """Processes that train together must end at the same step, or the others would wait for ever."""
        wanted = self._stop_requested()
        if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
            return wanted
        votes = torch.tensor(float(wanted), device="cuda" if host.device() == "cuda" else "cpu")
        torch.distributed.all_reduce(votes)
        return bool(votes > 0)

    def nonfinite_error(self) -> RunError:
        """Say that there are values that are no numbers, and give the error to end with."""
        trouble = nonfinite_loss(self._step, self.config)
        self._on_event(trouble)
        return RunError(trouble.message, trouble.hint)

    def report_problems(self) -> None:
        """Say what looks wrong with the training as a whole."""
        trouble = self.trouble or diverging_loss(self._losses, self.config)
        if trouble:
            self._on_event(trouble)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Tell the loss; one that is no number is the end."""
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
        """Tell what a validation measured, and make room for the checkpoint that is written next."""
        host.release_memory()
        values = {name.removeprefix("eval_"): value for name, value in (metrics or {}).items()}
        speed = {"runtime", "samples_per_second", "steps_per_second", "epoch", "model_preparation_time"}
        self._on_event(
            Validation(state.global_step, {name: value for name, value in values.items() if name not in speed})
        )
