"""How fast this machine trains an encoder, measured once: a few steps and forward passes at three lengths, and their memory.

Kept in the home folder by encoder and precision, so that a plan for any data set and settings is arithmetic.
"""

import gc
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from core import host
from core.jobs import process
from core.jobs.events import Phase
from core.jobs.process import Status
from core.jobs.runner import Emit, run_job
from core.workspace import read_json, write_json

MEASURED_LENGTHS = (32, 128, 256)
MEASURED_BATCH = 16
_WARM_UPS, _TIMED = 2, 3
_RECORD = "speed.json"
_FOLDER = "measurements"


@dataclass(frozen=True)
class EncoderSpeed:
    """What was measured with batches of ``MEASURED_BATCH`` texts at each length of ``lengths`` (word pieces).

    ``forward``, ``step`` (whole, one optimiser step included) and ``frozen`` (a step with all but the last layer frozen) are
    seconds; ``memory`` is the process's resident MB at its peak after each; ``start`` the seconds until the model is loaded;
    ``loaded`` the MB then. ``layers`` and ``parameters`` describe the encoder.
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


@dataclass(frozen=True)
class SpeedMeasurement:
    """The folder of a measurement: a job like any other."""

    folder: Path
    encoder: str
    mixed_precision: bool

    @classmethod
    def of(cls, home: Path, encoder: str, mixed_precision: bool) -> "SpeedMeasurement":
        """The measurement of an encoder on this machine, made or not."""
        name = re.sub(r"[^\w.-]+", "-", encoder).strip("-")[-80:] + ("" if mixed_precision else "-full")
        return cls(home / _FOLDER / f"{name}-{host.cores()}", encoder, mixed_precision)

    def speed(self) -> EncoderSpeed | None:
        """What was found, None if nothing yet."""
        path = self.folder / _RECORD
        if not path.exists():
            return None
        found: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in read_json(path).items()}
        return EncoderSpeed(**found)

    def status(self) -> Status | None:
        """Where the job stands, None if it was never started."""
        return process.read_status(self.folder) if self.folder.exists() else None

    def start(self) -> None:
        """Measure in a process of its own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / "asked.json", {"encoder": self.encoder, "mixed_precision": self.mixed_precision})
        process.start(self.folder, command="measure-speed")


def work(folder: Path) -> None:
    """Carry out the measurement that a folder stands for; see :func:`core.jobs.runner.run_job`."""
    asked = read_json(folder / "asked.json")
    run_job(folder, folder.parent.parent, lambda emit, switch: _measure(folder, asked, emit))


def _measure(folder: Path, asked: dict[str, Any], emit: Emit) -> None:
    emit(Phase("measuring"))
    write_json(folder / _RECORD, asdict(measure_speed(asked["encoder"], asked["mixed_precision"])))


def measure_speed(encoder: str, mixed_precision: bool) -> EncoderSpeed:
    """Load the encoder and time it; takes seconds for a small one.

    Raises:
        ModelError: it cannot be loaded.
    """
    began = psutil.Process().create_time()
    import torch

    from core.data.splitting import Splits  # noqa: F401  (the worker has it loaded too)
    from core.models import classifier as classifiers
    from core.task import Task
    from core.training import layers, trainer  # noqa: F401 -- its import is part of the start of a run
    from core.training.arguments import in_bfloat16
    from core.training.config import TrainingConfig

    config = TrainingConfig(encoder=encoder, mixed_precision=mixed_precision)
    classifier = classifiers.build(encoder, Task("binary", ("a", "b")), max(MEASURED_LENGTHS))
    model: Any = classifier.model.to(host.device())  # type: ignore[arg-type]
    layers.freeze(classifier.model, config)
    stack = layers.encoder_layers(classifier.model)
    start, loaded = time.time() - began, _resident()
    low_precision = torch.autocast(host.device(), dtype=torch.bfloat16, enabled=in_bfloat16(config))

    def times(compute: Any) -> float:
        spent = []
        for _ in range(_WARM_UPS + _TIMED):
            before = time.perf_counter()
            compute()
            spent.append(time.perf_counter() - before)
        return sorted(spent[_WARM_UPS:])[_TIMED // 2]

    found: dict[str, list[float]] = {"forward": [], "step": [], "frozen": [], "memory": []}
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.0, fused=True)
    lengths = tuple(sorted({min(length, classifier.max_length) for length in MEASURED_LENGTHS}))
    for length in lengths:
        layers.choose_attention(classifier.model, length, in_bfloat16(config))
        ids = torch.randint(5, min(1000, model.config.vocab_size), (MEASURED_BATCH, length), device=model.device)
        batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        labels = torch.zeros(MEASURED_BATCH, dtype=torch.long, device=model.device)

        def step(batch: dict[str, Any] = batch, labels: Any = labels) -> None:
            with low_precision:
                loss = torch.nn.functional.cross_entropy(model(**batch).logits.float(), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

        def forward(batch: dict[str, Any] = batch) -> None:
            with torch.inference_mode(), low_precision:
                model(**batch)

        model.train()
        found["step"].append(times(step))
        found["memory"].append(host.peak_memory_mb())
        lower = [p for layer in stack[:-1] for p in layer.parameters() if p.requires_grad]
        below = [p for n, p in model.base_model.named_parameters() if layers.is_below_layers(n) and p.requires_grad]
        for parameter in [*lower, *below]:
            parameter.requires_grad_(False)
        found["frozen"].append(times(step))
        for parameter in [*lower, *below]:
            parameter.requires_grad_(True)
        model.eval()
        found["forward"].append(times(forward))
        gc.collect()
    parameters = sum(p.numel() for p in model.parameters())
    rounded: dict[str, Sequence[float]] = {name: tuple(round(v, 5) for v in values) for name, values in found.items()}
    return EncoderSpeed(
        lengths=lengths,
        forward=tuple(rounded["forward"]),
        step=tuple(rounded["step"]),
        frozen=tuple(rounded["frozen"]),
        memory=tuple(rounded["memory"]),
        start=round(start, 2),
        loaded=round(loaded, 1),
        layers=len(stack),
        parameters=parameters,
        cores=host.cores(),
    )


def _resident() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
