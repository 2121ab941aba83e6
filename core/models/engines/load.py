"""Loads an engine of a saved model by name, or the one that was chosen for this host; and the features of an encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import ConfigError, ModelError, disk_error
from core.jobs.events import OnProgress, no_progress
from core.models.batching import BatchRunner
from core.models.engines.agreement import margins
from core.models.engines.base import (
    CHECKED,
    ENGINES,
    ONNX_FP32,
    ONNX_INT8,
    OPENVINO_INT8,
    TORCH,
    TORCH_BF16,
    Engine,
    GraphEngine,
    TextEncoder,
    family,
    has_gpu,
    is_installed,
    load_truncating_tokenizer,
)
from core.models.engines.bert_graph import FEATURES, LOGITS
from core.models.engines.choice import DEFAULT_LIMITS, Limits, Trial, choose, load_trial
from core.models.engines.export import Source, encoder_source, model_source, onnx_graph
from core.models.files import find_weight_files
from core.models.record import STATIC, read_head, read_model_record
from core.models.tokenization import load_tokenizer
from core.models.truncation import TruncatingTokenizer, Truncation
from core.task import Floats, Task

_TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class CheckedEngine:
    """An engine that computes texts again with ``exact`` where the decision of ``fast`` is close."""

    name: str
    task: Task
    fast: Engine
    exact: Engine
    rule: DecisionRule
    recheck_below: float

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs) in the order of the texts."""
        logits = self.fast.logits(texts, on_progress)
        close = np.flatnonzero(margins(self.task, self.rule, logits) < self.recheck_below)
        if len(close):
            logits[close] = self.exact.logits([texts[row] for row in close.tolist()])
        return logits


@dataclass(frozen=True)
class FeatureEncoder:
    """The frozen features of an encoder, as :meth:`core.models.classifier.Classifier.features` computes them, without torch.

    ``fingerprint`` names the encoder's weights.
    """

    encoder: str
    text_encoder: TextEncoder
    fingerprint: str

    @property
    def max_length(self) -> int:
        """The largest number of tokens that are read of a text."""
        return self.text_encoder.tokenizer.max_length

    @property
    def truncation(self) -> Truncation:
        """What is read of a longer text."""
        return self.text_encoder.tokenizer.truncation

    def features(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """The mean-pooled vectors (n, hidden) that a head reads."""
        return self.text_encoder.run(texts, on_progress)


def load_engine(
    model_folder: Path, name: str | None = None, home: Path | None = None, calibration_texts: Sequence[str] = ()
) -> Engine:
    """An engine of a saved model; without a name the one that :func:`default_engine` gives, or torch if it cannot be exported
    because the disk is full or cannot be written.

    A first model has only the engine *static*. A graph that is missing is exported first. ``OPENVINO_INT8`` is calibrated on
    ``calibration_texts`` when it is exported.

    Raises:
        ConfigError: there is no engine of that name, or its packages are not installed.
        ModelError: the model cannot be loaded or exported.
    """
    if not name:
        return _load_default(model_folder, home)
    if read_model_record(model_folder).form == STATIC:
        return _load_static(model_folder, name)
    _check_name(name)
    if name in (TORCH, TORCH_BF16):
        from core.models.engines.torch_engine import load_torch_engine

        return load_torch_engine(model_folder, bfloat16=name == TORCH_BF16)
    if name in CHECKED:
        return _load_checked(model_folder, name, home)
    record = read_model_record(model_folder)
    source = model_source(model_folder, home)
    tokenizer = _load_tokenizer(source, record.max_length, record.truncation)
    encoder = _text_encoder(source, name, tokenizer, calibration_texts)
    return GraphEngine(name, record.task, encoder, read_head(model_folder) if source.is_encoder else None)


def _load_default(model_folder: Path, home: Path | None) -> Engine:
    name = default_engine(model_folder, home)
    try:
        return load_engine(model_folder, name, home)
    except ModelError as error:
        if name == TORCH or disk_error(error) is None:
            raise
        return load_engine(model_folder, TORCH, home)


def load_feature_encoder(
    encoder: str,
    max_length: int,
    engine: str = ONNX_FP32,
    home: Path | None = None,
    truncation: Truncation = "head",
) -> FeatureEncoder:
    """The features of an encoder by its exported graph, which is made at the first use on this host.

    Raises:
        ConfigError: the packages of the engine are not installed.
        ModelError: the encoder cannot be found or downloaded, or is not a BERT.
    """
    _check_name(engine)
    source = encoder_source(encoder, home)
    tokenizer = _load_tokenizer(source, max_length, truncation)
    return FeatureEncoder(encoder, _text_encoder(source, engine, tokenizer, ()), source.fingerprint)


def default_engine(model_folder: Path, home: Path | None = None, limits: Limits = DEFAULT_LIMITS) -> str:
    """The name of the engine that a trial on this host chose; without a trial one that computes in float32.

    Raises:
        ModelError: the folder has no model.
    """
    if read_model_record(model_folder).form == STATIC:
        return STATIC
    source = model_source(model_folder, home)
    trial = stored_trial(model_folder, source)
    if trial is not None:
        chosen = choose(trial, limits).engine
        return chosen if is_installed(chosen) else TORCH
    # Other graphs are exported by torch, which takes a while.
    quick = source.config.get("model_type") == "bert" and (source.folder / _TOKENIZER).exists()
    return ONNX_FP32 if quick and is_installed(ONNX_FP32) and not has_gpu() else TORCH


def load_model_tokenizer(model_folder: Path) -> TruncatingTokenizer:
    """The tokenizer of a saved model, for any engine.

    Raises:
        ModelError: it cannot be read.
    """
    record = read_model_record(model_folder)
    file = model_folder / _TOKENIZER
    if record.form == "whole" and file.exists():
        return load_truncating_tokenizer(file, record.max_length, record.truncation)
    tokenizer = load_tokenizer(str(model_folder) if record.form == "whole" else record.encoder)
    return TruncatingTokenizer(tokenizer, record.max_length, record.truncation)


def weight_bytes(model_folder: Path, engine: str, home: Path | None = None) -> int:
    """The bytes of the weights that an engine of a saved model holds in memory.

    Raises:
        ModelError: the folder has no model.
    """
    source = model_source(model_folder, home)
    if family(engine) in ("torch", STATIC):
        files = [source.folder / name for name in find_weight_files({file.name for file in source.folder.iterdir()})]
    else:
        parts = (part if part in (ONNX_INT8, OPENVINO_INT8) else ONNX_FP32 for part in CHECKED.get(engine, (engine,)))
        files = [file for part in parts for file in (source.exports / part).iterdir()]
    return sum(file.stat().st_size for file in files)


def stored_trial(model_folder: Path, source: Source) -> Trial | None:
    """The trial of this host, the present weights and the present decision rule; None if there is none.

    Raises:
        StorageError: the decision rule is damaged.
    """
    return load_trial(source.exports, source.model_fingerprint, decision_rule.load(model_folder))


def _check_name(name: str) -> None:
    if name not in ENGINES:
        raise ConfigError(f"Expected one of {', '.join(ENGINES)} as the engine, found {name!r}.")
    if not is_installed(name):
        requirements = "requirements-openvino.txt" if family(name) == "openvino" else "requirements.txt"
        raise ConfigError(
            f"The packages of the engine {name} are not installed.", f"Run: pip install -r {requirements}"
        )


def _load_static(model_folder: Path, name: str) -> Engine:
    from core.models.static_encoder import load_static_model

    if name != STATIC:
        raise ConfigError(
            f"A first model has no other engine than {STATIC}, found {name!r}.", "Wait until its run has finished."
        )
    return load_static_model(model_folder)


def _load_checked(model_folder: Path, name: str, home: Path | None) -> Engine:
    trial = stored_trial(model_folder, model_source(model_folder, home))
    if trial is None or name not in {result.name for result in trial.results}:
        raise ConfigError(f"The engine {name} needs a trial on this host first.", "Run the trial of the engines.")
    fast, exact = (load_engine(model_folder, part, home) for part in CHECKED[name])
    return CheckedEngine(name, fast.task, fast, exact, trial.rule, trial.result_of(name).recheck_below)


def _load_tokenizer(source: Source, max_length: int, truncation: Truncation) -> TruncatingTokenizer:
    positions = int(source.config.get("max_position_embeddings", max_length))
    return load_truncating_tokenizer(source.folder / _TOKENIZER, min(max_length, positions), truncation)


def _text_encoder(
    source: Source, engine: str, tokenizer: TruncatingTokenizer, calibration_texts: Sequence[str]
) -> TextEncoder:
    output = FEATURES if source.is_encoder else LOGITS
    if family(engine) == "onnx":
        from core.models.engines.onnx_engine import load_onnx_runner

        runner: BatchRunner = load_onnx_runner(onnx_graph(source, engine), output, _pad_id(source))
    else:
        from core.models.engines.openvino_engine import load_openvino_runner, openvino_graph

        texts = calibration_texts if engine == OPENVINO_INT8 else ()
        runner = load_openvino_runner(openvino_graph(source, engine, tokenizer, texts), engine, output, _pad_id(source))
    return TextEncoder(tokenizer, runner)


def _pad_id(source: Source) -> int:
    return int(source.config.get("pad_token_id") or 0)
