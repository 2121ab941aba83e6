"""OpenVINO, where it is installed: the same logits in float32, close ones in int8."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from core.models.engines.base import OPENVINO_FP32, OPENVINO_INT8
from core.models.engines.load import load_engine
from core.task import Task
from tests.models.engines.cases import TASKS, made_up_texts, save_model, torch_logits

pytest.importorskip("openvino")
TEXTS = made_up_texts(40)


@pytest.mark.parametrize("form", ["whole", "head"])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_float32_equals_torch_for_every_task(tiny_encoder: str, task: Task, form: str, tmp_path: Path) -> None:
    folder = save_model(tiny_encoder, task, tmp_path / "model", form)
    assert load_engine(folder, OPENVINO_FP32, tmp_path).logits(TEXTS) == pytest.approx(
        torch_logits(folder, TEXTS), abs=1e-4
    )


def test_int8_is_calibrated_once_and_close_to_torch(tiny_encoder: str, tmp_path: Path) -> None:
    pytest.importorskip("nncf")
    folder = save_model(tiny_encoder, TASKS[1], tmp_path / "model")
    with pytest.raises(ModelError, match="calibrate"):
        load_engine(folder, OPENVINO_INT8, tmp_path)
    logits = load_engine(folder, OPENVINO_INT8, tmp_path, TEXTS).logits(TEXTS)
    expected = torch_logits(folder, TEXTS)
    assert np.abs(logits - expected).max() < 0.5 * expected.std()
    assert load_engine(folder, OPENVINO_INT8, tmp_path).logits(TEXTS) == pytest.approx(logits, abs=1e-5)
