"""Which files make up an encoder, and whether a folder has them. Imports no torch."""

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
# All that is fetched of a repository beside its weights. No Python file is among them: code of others is never run.
SMALL = (
    CONFIG,
    *_VOCABULARIES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
_SAFE = "model.safetensors"
_PICKLED = "pytorch_model.bin"
_SHARD = {
    _SAFE: re.compile(r"model-\d{5}-of-\d{5}\.safetensors"),
    _PICKLED: re.compile(r"pytorch_model-\d{5}-of-\d{5}\.bin"),
}


def choose_weights(files: Collection[str]) -> list[str]:
    """The files among these that hold the weights, safetensors before pickles; empty if there are none."""
    for whole, shard in _SHARD.items():
        if whole in files:
            return [whole]
        if _index(whole) in files:
            return [_index(whole), *sorted(file for file in files if shard.fullmatch(file))]
    return []


def has_vocabulary(files: Collection[str]) -> bool:
    """Whether one of these files holds a tokenizer's vocabulary."""
    return any(file in files for file in _VOCABULARIES)


def is_complete(folder: Path, weights: bool = True) -> bool:
    """Whether nothing is missing that an encoder, or its tokenizer alone, takes."""
    files = _names(folder)
    return CONFIG in files and has_vocabulary(files) and (not weights or _has_weights(folder))


def only_pickled(folder: Path) -> bool:
    """Whether the weights are there as pickles alone, which are to be read with care."""
    return any(file.startswith(_PICKLED) for file in choose_weights(_names(folder)))


def check_folder(folder: Path, name: str) -> None:
    """Accept a folder that holds a configuration, weights and a tokenizer.

    Raises:
        ModelError: it does not; the message says what is missing.
    """
    files = _names(folder)
    if CONFIG not in files:
        raise ModelError(
            f"Expected an encoder as transformers saves it in {name}, but there is no {CONFIG}.",
            "Choose the folder that save_pretrained wrote.",
        )
    read_config(folder, name)
    if not _has_weights(folder):
        raise ModelError(
            f"{name} has no complete weights: expected {_SAFE} or {_PICKLED}.",
            "Copy the whole folder, or choose another.",
        )
    if not has_vocabulary(files):
        raise ModelError(
            f"{name} has no tokenizer: expected one of {', '.join(_VOCABULARIES)}.",
            "Save the tokenizer into the same folder with tokenizer.save_pretrained.",
        )


def read_config(folder: Path, name: str) -> dict[str, Any]:
    """The configuration as it stands in the file.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise broken(name, f"{CONFIG} cannot be read") from error
    if not isinstance(config, dict):
        raise broken(name, f"{CONFIG} holds no JSON object")
    return config


def broken(name: str, why: str) -> ModelError:
    """The error for files that are there and cannot be used."""
    return ModelError(f"The files of {name} are broken: {why}.", "Download it again, or choose another encoder.")


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}


def _has_weights(folder: Path) -> bool:
    chosen = choose_weights(_names(folder))
    if not chosen or not chosen[0].endswith(".json"):
        return bool(chosen)
    try:
        needed = set(json.loads((folder / chosen[0]).read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return needed <= set(chosen)


def _index(whole: str) -> str:
    return f"{whole}.index.json"
