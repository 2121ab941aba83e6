"""Exported graphs of a model: made once for each engine, written atomically beside the model, and checked before use.

::

    <model folder>/engines/<engine>/              model.onnx (openvino-int8: model.xml, model.bin), export.json
    <home>/engines/<encoder>-<fingerprint>/...    the same for an encoder that only heads are put on

An export belongs to the weights whose fingerprint it records. One that is damaged or of other weights is made again.
"""

import hashlib
import importlib
import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.errors import ModelError, StorageError, disk_error
from core.migrations import legacy_temperature
from core.models.download import fetch_encoder, first_line
from core.models.engines.base import ONNX_FP32, ONNX_INT8
from core.models.engines.cpu import int8_saturates
from core.models.files import CONFIG, find_weight_files, read_config
from core.models.record import HEAD_FILE, loading_error, read_model_record
from core.storage import parse_record, read_record, write_record
from core.workspace import default_home, slug

GRAPH = "model.onnx"
_RECORD = "export.json"
# Raise it when the same weights are to be exported in another way.
_EXPORT_VERSION = 1
_FOLDER = "engines"


@dataclass(frozen=True)
class Source:
    """The weights that are exported: those of a whole classifier, or of an encoder (``is_encoder``), whose features a head reads.

    ``exports`` is the folder of the exports, ``temperature`` divides the logits of a model of version 0.1, and ``head`` is
    the SHA-256 of the head's file.
    """

    folder: Path
    exports: Path
    fingerprint: str
    config: Mapping[str, Any]
    is_encoder: bool
    temperature: float = 1.0
    head: str = ""

    @property
    def model_fingerprint(self) -> str:
        """Names the weights and the head on them; a trial belongs to both."""
        return hashlib.sha256(f"{self.fingerprint} {self.head}".encode()).hexdigest() if self.head else self.fingerprint


@dataclass(frozen=True)
class _Record:
    """The contents of export.json; ``files`` has the SHA-256 of each file of the export."""

    fingerprint: str
    version: int
    files: dict[str, str]


def model_source(model_folder: Path, home: Path | None = None) -> Source:
    """The source of a saved model; for a head, that of its encoder.

    Raises:
        ModelError: the folder has no model, or files of it are missing.
    """
    record = read_model_record(model_folder)
    if record.form != "whole":
        if not (model_folder / HEAD_FILE).is_file():
            raise loading_error(model_folder, f"{HEAD_FILE} is missing")
        return replace(encoder_source(record.encoder, home), head=_sha256(model_folder / HEAD_FILE))
    temperature = legacy_temperature(model_folder)
    fingerprint = _fingerprint(model_folder, str(temperature))
    config = read_config(model_folder, model_folder.parent.name)
    return Source(model_folder, model_folder / _FOLDER, fingerprint, config, False, temperature)


def encoder_source(encoder: str, home: Path | None = None) -> Source:
    """The source of an encoder; its exports are shared by all models of this host.

    Raises:
        ModelError: the encoder cannot be found or downloaded.
    """
    folder = fetch_encoder(encoder)
    fingerprint = _fingerprint(folder, "encoder")
    exports = (home or default_home()) / _FOLDER / f"{slug(encoder)}-{fingerprint[:12]}"
    return Source(folder, exports, fingerprint, read_config(folder, encoder), True)


def onnx_graph(source: Source, engine: str) -> Path:
    """The ONNX graph of ``ONNX_FP32`` or ``ONNX_INT8``, exported if necessary.

    Raises:
        ModelError: the model cannot be exported.
    """
    if engine == ONNX_INT8:
        exact = onnx_graph(source, ONNX_FP32)
        return export_once(source, ONNX_INT8, lambda folder: _quantize(exact, folder / GRAPH)) / GRAPH
    return export_once(source, ONNX_FP32, lambda folder: _export(source, folder / GRAPH)) / GRAPH


def export_once(source: Source, engine: str, write: Callable[[Path], None]) -> Path:
    """The folder of an export. Unless a valid one exists, ``write`` fills a new folder, which then replaces it.

    Raises:
        ModelError: ``write`` failed.
    """
    folder = source.exports / engine
    try:
        if _is_valid(folder, source):
            return folder
        source.exports.mkdir(parents=True, exist_ok=True)
        with FileLock(source.exports / f".{engine}.lock"):
            if not _is_valid(folder, source):
                _replace_export(folder, source, write)
    except ModelError:
        raise
    except Exception as error:  # exporters raise everything
        if known := disk_error(error, f"The export for the engine {engine}"):
            raise ModelError(known.message, f"{known.hint} The engine torch needs no export.") from error
        raise ModelError(
            f"The model cannot be exported for {engine}: {first_line(error)}", "Use the engine torch."
        ) from error
    return folder


def _replace_export(folder: Path, source: Source, write: Callable[[Path], None]) -> None:
    new = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    new.mkdir()
    try:
        write(new)
        files = {path.name: _sha256(path) for path in new.iterdir()}
        write_record(new / _RECORD, asdict(_Record(source.fingerprint, _EXPORT_VERSION, files)))
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _is_valid(folder: Path, source: Source) -> bool:
    path = folder / _RECORD
    try:
        record = parse_record(_Record, read_record(path), path)
        same = all(_sha256(folder / name) == digest for name, digest in record.files.items())
    except (StorageError, OSError):
        return False
    return same and record.fingerprint == source.fingerprint and record.version == _EXPORT_VERSION


def _export(source: Source, path: Path) -> None:
    onnx: Any = importlib.import_module("onnx")
    from core.models.engines.bert_graph import build_bert, can_build

    weight_files = find_weight_files({file.name for file in source.folder.iterdir()})
    if can_build(source.config) and weight_files[0].endswith(".safetensors"):
        from safetensors.numpy import load_file

        weights = load_file(source.folder / weight_files[0])
        for name in ("classifier.weight", "classifier.bias"):
            if name in weights:
                weights[name] = weights[name] / source.temperature
        onnx.save(build_bert(source.config, weights, source.is_encoder), path)
    elif source.is_encoder:
        raise ModelError("Only encoders of the BERT architecture have frozen features.", "Use the engine torch.")
    else:
        from core.models.engines.torch_export import export_classifier

        export_classifier(source.folder, path)


def _quantize(exact: Path, path: Path) -> None:
    """Write the graph with int8 weights for all large matrix products; activations are quantized while it runs."""
    onnx: Any = importlib.import_module("onnx")
    quantization: Any = importlib.import_module("onnxruntime.quantization")
    from core.models.engines.bert_graph import EXACT_PREFIX

    model = onnx.load(exact)
    # onnxruntime fails on the shapes that torch's exporter recorded ("inferred shape and existing shape differ").
    del model.graph.value_info[:]
    # Without this mark it logs advice to preprocess the model, which changes nothing here.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    products = [node.name for node in model.graph.node if node.op_type in ("MatMul", "Gemm")]
    # The output layer is small, and rounding it costs the most accuracy. In other graphs than BERT's it is the last one.
    exact_products = [name for name in products if name.startswith(EXACT_PREFIX)] or products[-1:]
    quantization.quantize_dynamic(
        model,
        path,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        reduce_range=int8_saturates(),
        weight_type=quantization.QuantType.QInt8,
        nodes_to_exclude=exact_products,
    )


def _fingerprint(folder: Path, variant: str) -> str:
    """The SHA-256 of the weights and the configuration in a folder, and of how they are used."""
    names = {file.name for file in folder.iterdir() if file.is_file()}
    weight_files = find_weight_files(names)
    if not weight_files:
        raise ModelError(f"{folder} has no weights.", "Train the model again.")
    digests = {name: _sha256(folder / name) for name in (CONFIG, *weight_files)}
    return hashlib.sha256(json.dumps([digests, variant]).encode()).hexdigest()


def _sha256(path: Path) -> str:
    status = path.stat()
    return _cached_sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _cached_sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
