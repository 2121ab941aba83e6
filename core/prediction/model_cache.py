"""Loaded models in memory: one copy for all threads of a process, bounded in number and in bytes."""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from core import host
from core.prediction.loaded_model import LoadedModel

MAX_MODELS = 8
# The share of this machine's memory that weights may take.
_MEMORY_SHARE = 0.25


class ModelCache:
    """Models by key. The least recently used leave when there are more than ``max_models``, or more than ``max_bytes`` of them.

    The last one that was asked for always stays.
    """

    def __init__(self, max_models: int = MAX_MODELS, max_bytes: int | None = None) -> None:
        self._max_models = max_models
        self._max_bytes = int(_MEMORY_SHARE * host.memory_bytes()) if max_bytes is None else max_bytes
        self._models: OrderedDict[Hashable, LoadedModel] = OrderedDict()
        self._loading: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._models)

    @property
    def nbytes(self) -> int:
        """The bytes of all weights."""
        return sum(model.nbytes for model in self._models.values())

    def get(self, key: Hashable, load: Callable[[], LoadedModel]) -> LoadedModel:
        """The model of a key, which ``load`` loads if it is not in memory. Of several threads that ask for it, one loads it."""
        with self._lock:
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            with self._lock:
                if key in self._models:
                    self._models.move_to_end(key)
                    return self._models[key]
            model = load()
            with self._lock:
                self._models[key] = model
                self._make_room()
        _settle()
        return model

    def _make_room(self) -> None:
        while len(self._models) > 1 and (len(self._models) > self._max_models or self.nbytes > self._max_bytes):
            key, _ = self._models.popitem(last=False)
            self._loading.pop(key, None)


def _settle() -> None:
    """Free models that have left, and keep the objects of the others out of later garbage collections.

    Streamlit collects garbage after each rerun. With torch in memory that takes 0.3 s unless its objects are frozen. Frozen
    objects are never freed, so those of models that have left must be unfrozen first.
    """
    gc.unfreeze()
    host.release_memory()
    gc.freeze()
