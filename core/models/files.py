"""The files that make up an encoder, and whether a folder has them. Imports no torch."""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from core.errors import ModelError

CONFIG = "config.json"
_VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spm.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
# Everything that is downloaded besides weights. It contains no Python files: code from a repository is never run.
CONFIG_AND_TOKENIZER_FILES = (
    CONFIG,
    *_VOCABULARIES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
_SAFETENSORS = "model.safetensors"
_PICKLED = "pytorch_model.bin"
_SHARD_PATTERNS = {
    _SAFETENSORS: re.compile(r"model-\d{5}-of-\d{5}\.safetensors"),
    _PICKLED: re.compile(r"pytorch_model-\d{5}-of-\d{5}\.bin"),
}


def find_weight_files(files: Collection[str]) -> list[str]:
    """The files among these that contain the weights; safetensors are preferred to pickles. Empty if there are none."""
    for single_file, shard_pattern in _SHARD_PATTERNS.items():
        index = f"{single_file}.index.json"
        if single_file in files:
            return [single_file]
        if index in files:
            return [index, *sorted(file for file in files if shard_pattern.fullmatch(file))]
    return []


def has_vocabulary(files: Collection[str]) -> bool:
    """Whether one of these files contains a tokenizer's vocabulary."""
    return any(file in files for file in _VOCABULARIES)


def is_complete(folder: Path, weights: bool = True) -> bool:
    """Whether a folder has all files of an encoder, or all files of its tokenizer if ``weights`` is False."""
    files = _file_names(folder)
    return CONFIG in files and has_vocabulary(files) and (not weights or _has_all_weights(folder))


def has_only_pickled_weights(folder: Path) -> bool:
    """Whether the weights exist only as pickles."""
    return any(file.startswith(_PICKLED) for file in find_weight_files(_file_names(folder)))


def check_folder(folder: Path, name: str) -> None:
    """Check that a folder has a configuration, weights and a tokenizer.

    Raises:
        ModelError: a file is missing; the message names it.
    """
    files = _file_names(folder)
    if CONFIG not in files:
        raise ModelError(
            f"Expected an encoder saved by transformers in {name}, but there is no {CONFIG}.",
            "Choose a folder that save_pretrained has written.",
        )
    read_config(folder, name)
    if not _has_all_weights(folder):
        raise ModelError(
            f"{name} has no complete weights: expected {_SAFETENSORS} or {_PICKLED}.",
            "Copy the entire folder again, or choose another one.",
        )
    if not has_vocabulary(files):
        raise ModelError(
            f"{name} has no tokenizer: expected one of {', '.join(_VOCABULARIES)}.",
            "Save the tokenizer to the same folder with tokenizer.save_pretrained.",
        )


def read_config(folder: Path, name: str) -> dict[str, Any]:
    """The contents of config.json.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise broken_files_error(name, f"{CONFIG} cannot be read") from error
    if not isinstance(config, dict):
        raise broken_files_error(name, f"{CONFIG} is not a JSON object")
    return config


def broken_files_error(name: str, reason: str) -> ModelError:
    """The error for files that exist but cannot be used."""
    return ModelError(f"The files of {name} are broken: {reason}.", "Download them again, or choose another encoder.")


def _file_names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}


def _has_all_weights(folder: Path) -> bool:
    weight_files = find_weight_files(_file_names(folder))
    if not weight_files or not weight_files[0].endswith(".json"):
        return bool(weight_files)
    try:
        shards = set(json.loads((folder / weight_files[0]).read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return shards <= set(weight_files)
