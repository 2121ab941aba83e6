"""How fast this machine trains an encoder: a few training steps and forward passes at three lengths, and their memory.

The job ``python -m core measure-speed`` writes speed.json to a folder of the host's home for each encoder and precision.
With it, the cost of a training is arithmetic for any dataset and settings.
"""

import gc
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from core import host
from core.jobs.events import OnEvent, Phase
from core.jobs.folder import JobFolder, read_input
from core.jobs.runner import run_job
from core.storage import parse_record, read_record, write_record

if TYPE_CHECKING:
    import torch

    from core.training.config import TrainingConfig

MEASURED_LENGTHS = (32, 128, 256)
MEASURED_BATCH = 16
_WARM_UPS, _TIMED = 2, 3
_RESULT = "speed.json"
_FOLDER = "measurements"


@dataclass(frozen=True)
class EncoderSpeed:
    """Times and memory of an encoder on this machine, for batches of ``MEASURED_BATCH`` texts.

    ``lengths`` are the measured lengths in tokens; the tuples after it have a value for each. ``forward``, ``step`` (a
    whole optimizer step) and ``frozen`` (a step with all but the last layer frozen) are seconds; ``memory`` is the peak
    resident memory of the process in MB after each length. ``start`` is the seconds until the model is loaded, ``loaded``
    the memory then in MB. ``layers`` and ``parameters`` describe the encoder.
    """

    lengths: tuple[int, ...]
    forward: tuple[float, ...]
    step: tuple[float, ...]
    frozen: tuple[float, ...]
    memory: tuple[float, ...]
    start: float
    loaded: float
    layers: int
    parameters: int
    cores: int

    def __post_init__(self) -> None:
        columns = (self.forward, self.step, self.frozen, self.memory)
        if not self.lengths or any(len(values) != len(self.lengths) for values in columns):
            raise ValueError("expected a value for each length")


def speed_job(home: Path, encoder: str, mixed_precision: bool) -> JobFolder:
    """The measurement of an encoder on this machine."""
    name = re.sub(r"[^\w.-]+", "-", encoder).strip("-")[-80:] + ("" if mixed_precision else "-full")
    folder = home / _FOLDER / f"{name}-{host.cores()}"
    return JobFolder(folder, "measure-speed", _RESULT, {"encoder": encoder, "mixed_precision": mixed_precision})


def read_speed(job: JobFolder) -> EncoderSpeed | None:
    """The measured speed, None while there is no readable result."""
    return job.load_result(lambda path: parse_record(EncoderSpeed, read_record(path), path))


def run_speed_measurement(folder: Path) -> None:
    """Measure for a folder of :func:`speed_job` in this process."""

    def run(on_event: OnEvent) -> None:
        inputs = read_input(folder, _Input)
        on_event(Phase("measuring"))
        write_record(folder / _RESULT, asdict(measure_speed(inputs.encoder, inputs.mixed_precision)))

    run_job(folder, folder.parent.parent, lambda on_event, stop: run(on_event))


@dataclass(frozen=True)
class _Input:
    """The input of the job."""

    encoder: str
    mixed_precision: bool


def measure_speed(encoder: str, mixed_precision: bool) -> EncoderSpeed:
    """The speed of an encoder; takes seconds for a small one.

    Raises:
        ModelError: it cannot be loaded.
    """
    process = psutil.Process()
    from core.data.splitting import Splits  # noqa: F401 -- as in a run, whose start is measured here
    from core.models.classifier import build_classifier
    from core.task import Task
    from core.training import trainer  # noqa: F401 -- as above
    from core.training.config import TrainingConfig

    config = TrainingConfig(encoder=encoder, mixed_precision=mixed_precision)
    classifier = build_classifier(encoder, Task("binary", ("a", "b")), max(MEASURED_LENGTHS))
    timer = _Timer(classifier.model, config)
    start, loaded = time.time() - process.create_time(), float(process.memory_info().rss) / 1e6
    lengths = tuple(sorted({min(length, classifier.max_length) for length in MEASURED_LENGTHS}))
    step, memory, frozen, forward = zip(*[timer.measure(length) for length in lengths], strict=True)
    return EncoderSpeed(
        lengths=lengths,
        forward=forward,
        step=step,
        frozen=frozen,
        memory=memory,
        start=round(start, 2),
        loaded=round(loaded, 1),
        layers=len(timer.layers),
        parameters=sum(parameter.numel() for parameter in classifier.model.parameters()),
        cores=host.cores(),
    )


class _Timer:
    """Times the steps and forward passes of a model on random batches."""

    def __init__(self, model: Any, config: "TrainingConfig") -> None:
        from core.training import layers
        from core.training.arguments import uses_bfloat16

        self.model = model.to(host.device())
        self.bfloat16 = uses_bfloat16(config)
        layers.freeze(model, config)
        self.layers = layers.encoder_layers(model)

    @cached_property
    def _optimizer(self) -> "torch.optim.Optimizer":
        import torch

        return torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=0.0, fused=True)

    def measure(self, length: int) -> tuple[float, float, float, float]:
        """Seconds of a step, peak memory in MB, seconds of a step with frozen layers, and seconds of a forward pass."""
        import torch

        from core.training import layers

        layers.choose_attention(self.model, length, self.bfloat16)
        vocabulary = min(1000, self.model.config.vocab_size)
        ids = torch.randint(5, vocabulary, (MEASURED_BATCH, length), device=self.model.device)
        batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        self.model.train()
        step = _median_seconds(lambda: self._step(batch))
        memory = host.peak_memory_mb()
        with self._lower_layers_frozen():
            frozen = _median_seconds(lambda: self._step(batch))
        self.model.eval()
        forward = _median_seconds(lambda: self._forward(batch))
        gc.collect()
        return round(step, 5), round(memory, 5), round(frozen, 5), round(forward, 5)

    def _step(self, batch: dict[str, "torch.Tensor"]) -> None:
        import torch

        labels = torch.zeros(MEASURED_BATCH, dtype=torch.long, device=self.model.device)
        with self._autocast():
            loss = torch.nn.functional.cross_entropy(self.model(**batch).logits.float(), labels)
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad()

    def _forward(self, batch: dict[str, "torch.Tensor"]) -> None:
        import torch

        with torch.inference_mode(), self._autocast():
            self.model(**batch)

    def _autocast(self) -> "torch.autocast":
        import torch

        return torch.autocast(host.device(), dtype=torch.bfloat16, enabled=self.bfloat16)

    @contextmanager
    def _lower_layers_frozen(self) -> Iterator[None]:
        """While this lasts, only the last layer and the head learn."""
        from core.training.layers import is_below_layers

        lower = [p for layer in self.layers[:-1] for p in layer.parameters()]
        lower += [p for name, p in self.model.base_model.named_parameters() if is_below_layers(name)]
        trainable_parameters = [p for p in lower if p.requires_grad]
        for parameter in trainable_parameters:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in trainable_parameters:
                parameter.requires_grad_(True)


def _median_seconds(compute: Callable[[], None]) -> float:
    """The median time of a few calls after the warm-up."""
    seconds = []
    for _ in range(_WARM_UPS + _TIMED):
        start = time.perf_counter()
        compute()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[_WARM_UPS:])[_TIMED // 2]
