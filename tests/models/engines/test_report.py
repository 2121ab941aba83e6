"""Engines in words: the one that answers, and the table of a trial."""

from core.models.engines.base import ONNX_CHECKED, ONNX_FP32, ONNX_INT8, TORCH
from core.models.engines.choice import EngineResult, Trial, choose
from core.models.engines.report import describe_engine, results_table

TRIAL = Trial(
    "f" * 64,
    {},
    1_000,
    (
        EngineResult(TORCH, 1.0, 0.0, 100),
        EngineResult(ONNX_FP32, 1.0, 0.0, 207.4),
        EngineResult(ONNX_INT8, 0.981, 0.004, 400),
        EngineResult("torch-bf16", problem="no kernel"),
    ),
)


def test_the_engine_that_answers_is_described_with_speed_and_agreement() -> None:
    assert describe_engine(ONNX_FP32, TRIAL) == (
        "Answered by ONNX Runtime: 207 texts per second, the same answer as PyTorch for 100.0% of 1,000 validation texts."
    )
    assert describe_engine(TORCH, TRIAL) == "Answered by PyTorch: 100 texts per second."


def test_what_was_not_measured_is_said() -> None:
    unknown = "Answered by ONNX Runtime. Its speed was not measured on this host yet."
    assert describe_engine(ONNX_FP32, None) == unknown
    assert describe_engine("torch-bf16", TRIAL).endswith("not measured on this host yet.")
    assert describe_engine(ONNX_CHECKED, TRIAL).endswith("not measured on this host yet.")


def test_the_table_says_why_each_engine_was_chosen_or_not() -> None:
    table = results_table(choose(TRIAL)).set_index("engine")
    assert table.index.tolist() == ["ONNX Runtime, int8", "ONNX Runtime", "PyTorch", "PyTorch, bfloat16"]
    assert table["result"].tolist() == [
        "predicts the same for only 98.1%, less than 99.0%",
        "chosen",
        "slower",
        "failed: no kernel",
    ]
    assert table["score_change"].round(2).tolist()[:3] == [-0.4, 0, 0]
    assert table["texts_per_second"].isna().tolist() == [False, False, False, True]


def test_without_labels_there_is_no_change_of_score() -> None:
    results = (EngineResult(TORCH, 1.0, None, 100), EngineResult(ONNX_FP32, 1.0, None, 103))
    table = results_table(choose(Trial("f", {}, 10, results)))
    assert table["score_change"].isna().all()
    assert table["result"].tolist() == ["hardly faster, and less exact", "chosen"]
