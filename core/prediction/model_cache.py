"""Loaded models in memory: one copy for all threads of a process, bounded in number and in bytes."""

import gc
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache

from core import host
from core.limits import host_limits
from core.prediction.loaded_model import LoadedModel

# The share of this machine's memory that weights may take.
_MEMORY_SHARE = 0.25


class ModelCache:
    """Models by key. The least recently used leave when there are more than ``max_models``, or more than ``max_bytes`` of them.

    The last one that was asked for stays, until :meth:`drop_unused` or :meth:`drop` is called.
    """

    def __init__(self, max_models: int | None = None, max_bytes: int | None = None) -> None:
        self._max_models = host_limits(shared=False).models_in_memory if max_models is None else max_models
        self._max_bytes = int(_MEMORY_SHARE * host.memory_bytes()) if max_bytes is None else max_bytes
        self._models: OrderedDict[Hashable, LoadedModel] = OrderedDict()
        self._used: dict[Hashable, float] = {}
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
                    self._used[key] = time.monotonic()
                    return self._models[key]
            model = load()
            with self._lock:
                self._models[key] = model
                self._used[key] = time.monotonic()
                self._make_room()
        _settle()
        return model

    def drop_unused(self, seconds: float) -> int:
        """Drop the models that nobody asked for within so many seconds; returns how many."""
        now = time.monotonic()
        return self.drop(lambda key: now - self._used[key] >= seconds)

    def drop(self, is_dropped: Callable[[Hashable], bool]) -> int:
        """Drop the models with certain keys; returns how many. Their memory is free when no prediction uses them any more."""
        with self._lock:
            keys = [key for key in self._models if is_dropped(key)]
            for key in keys:
                self._remove(key)
        if keys:
            _settle()
        return len(keys)

    def keys(self) -> list[Hashable]:
        """The keys of the models in memory, the least recently used first."""
        with self._lock:
            return list(self._models)

    def _make_room(self) -> None:
        while len(self._models) > 1 and (len(self._models) > self._max_models or self.nbytes > self._max_bytes):
            self._remove(next(iter(self._models)))

    def _remove(self, key: Hashable) -> None:
        for table in (self._models, self._used, self._loading):
            table.pop(key, None)


@cache
def shared_cache() -> ModelCache:
    """The models in memory of this process, for all its visitors."""
    return ModelCache()


def _settle() -> None:
    """Free models that have left, and keep the objects of the others out of later garbage collections.

    Streamlit collects garbage after each rerun. With torch in memory that takes 0.3 s unless its objects are frozen. Frozen
    objects are never freed, so those of models that have left must be unfrozen first.
    """
    gc.unfreeze()
    host.release_memory()
    gc.freeze()
