"""The server drops unused models, and its thread imports nothing that the first page imports at the same time."""

import subprocess
import sys
from typing import Any

from core.models.engines.base import TORCH
from core.prediction.loaded_model import LoadedModel
from core.prediction.model_cache import shared_cache
from pages.shared.housekeeping import drop_unused_models


def test_unused_models_leave_the_memory_of_the_server() -> None:
    nothing: Any = None
    shared_cache().drop(lambda key: True)
    shared_cache().get(("a model", TORCH), lambda: LoadedModel(nothing, nothing, 1))
    assert drop_unused_models(3_600.0) == 0
    assert drop_unused_models(0.0) == 1
    assert len(shared_cache()) == 0


def test_keeping_house_loads_no_heavy_package() -> None:
    code = "import sys, pages.shared.housekeeping as h; h.drop_unused_models(0.0); "
    code += "print('pandas' in sys.modules, 'core.hosting' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
