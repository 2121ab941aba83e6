"""A saved model in memory that answers single texts: an engine, and the tokenizer that says what it reads of a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Encoding

from core.errors import ModelError
from core.jobs.events import OnProgress, no_progress
from core.models.engines.base import TORCH, Engine
from core.models.engines.load import load_engine, load_model_tokenizer, weight_bytes
from core.models.truncation import TruncatingTokenizer, Truncation
from core.task import Floats, Task

# The first text takes longer than others.
_WARM_UP = "text"


@dataclass(frozen=True)
class LoadedModel:
    """A model that any number of threads can use at the same time; ``nbytes`` is the size of its weights."""

    engine: Engine
    tokenizer: TruncatingTokenizer
    nbytes: int

    @property
    def task(self) -> Task:
        """What it predicts."""
        return self.engine.task

    @property
    def max_length(self) -> int:
        """The largest number of tokens that it reads of a text, special tokens included."""
        return self.tokenizer.max_length

    @property
    def truncation(self) -> Truncation:
        """What it reads of a longer text."""
        return self.tokenizer.truncation

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs) in the order of the texts."""
        return self.engine.logits(texts, on_progress)

    def encode(self, text: str) -> Encoding:
        """All tokens of a text, also those that are not read."""
        return self.tokenizer.tokenizer.encode(text)


def load_model(model_folder: Path, engine: str) -> LoadedModel:
    """The model in a folder with the engine of a name. Torch takes the place of another engine that cannot be loaded.

    Raises:
        ConfigError: there is no engine of that name, or its packages are not installed.
        ModelError: the model cannot be loaded.
        StorageError: the decision rule is damaged.
    """
    try:
        loaded = load_engine(model_folder, engine)
    except ModelError:
        if engine == TORCH:
            raise
        loaded = load_engine(model_folder, TORCH)
    loaded.logits([_WARM_UP])
    return LoadedModel(loaded, load_model_tokenizer(model_folder), weight_bytes(model_folder, loaded.name))
