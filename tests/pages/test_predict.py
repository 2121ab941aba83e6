"""Predict: one text, and a file."""

from collections.abc import Callable
from typing import Any

from core import decision_rule
from core.decision_rule import DecisionRule
from core.runs import Run
from core.workspace import Workspace
from tests.pages.app import click, page_text, visit


def test_without_a_run_the_demo_model_predicts(empty: Workspace) -> None:
    at = visit("predict")
    assert "Medication Request" in page_text(at)
    assert '"Medication Request"' in at.code[0].value


def test_a_typed_text_is_predicted(clinic_run: Run) -> None:
    at = visit("predict")
    at.text_area[0].set_value("please cancel my slot on Tuesday and give me one next week")
    click(at, "Predict")
    assert "Appointment Scheduling" in page_text(at)
    assert any(caption.value.startswith("Confidence: ") for caption in at.caption)
    assert not at.warning


def test_a_prediction_below_the_required_confidence_is_marked(clinic_run: Run) -> None:
    decision_rule.save(DecisionRule(abstain_below=1.0), clinic_run.model_folder)
    at = visit("predict")
    at.selectbox[0].set_value(at.selectbox[0].options[0]).run()
    assert at.warning[0].value.startswith("Low confidence: review by hand.")


def test_an_empty_text_gets_an_error_message(clinic_run: Run) -> None:
    at = visit("predict")
    at.text_area[0].set_value("   ")
    click(at, "Predict")
    assert "at least one word" in at.error[0].value.replace("\\", "")


def test_a_damaged_model_gets_an_error_message(clinic_run: Run) -> None:
    (clinic_run.model_folder / "studio.json").unlink()
    at = visit("predict")
    assert not at.exception
    assert "has no model" in at.error[0].value.replace("\\", "")


def test_the_texts_of_a_file_are_predicted(clinic_run: Run, downloads: dict[str, Callable[[], bytes]]) -> None:
    at = visit("predict")
    uploader: Any = at.get("file_uploader")[0]
    uploader.set_value([("inbox.csv", b"id,message\n1,please renew my inhaler\n2,\n", "text/csv")]).run()
    click(at, "Predict 2 texts")
    table = at.dataframe[0].value
    assert list(table["message"]) == ["please renew my inhaler", ""]
    assert table["label"].notna().tolist() == [True, False]
    assert downloads["Download all as CSV"]().decode("utf-8-sig").startswith("message,label,confidence")
